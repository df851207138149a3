package terminal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// Main runs the words that the process was started with, until a signal, and ends
// it with Run's exit status. A second signal ends it at once.
func Main(root *cobra.Command) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	os.Exit(Run(ctx, root, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// Run does what the words say. The exit status is 0 for success, 1 where the work
// failed, 2 where the words or the input are wrong; what is wrong is told on problems.
func Run(ctx context.Context, root *cobra.Command, words []string, in io.Reader, out, problems io.Writer) int {
	root.SetArgs(words)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(problems)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(problems, "%s: %v\n", root.Name(), err)
	if IsWrong(err) {
		return 2
	}
	return 1
}

type wrongError struct{ error }

func (e wrongError) Unwrap() error { return e.error }

// Wrong says that an error is one of the words or of the input, not of the work. Of
// nil it is nil.
func Wrong(err error) error {
	if err == nil {
		return nil
	}
	return wrongError{err}
}

// Wrongf is Wrong of what fmt.Errorf makes.
func Wrongf(format string, args ...any) error { return Wrong(fmt.Errorf(format, args...)) }

// IsWrong tells such an error.
func IsWrong(err error) bool { return errors.As(err, new(wrongError)) }

// Group makes c a command of commands alone, which prints its help, or answers words
// that name none. Wrong flags of any below it are told in one line, too.
func Group(c *cobra.Command) *cobra.Command {
	c.SilenceUsage, c.SilenceErrors = true, true
	c.Args = cobra.ArbitraryArgs // so that an unknown word comes to RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		return Wrongf("no command %q; see `%s --help`", args[0], c.CommandPath())
	}
	c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return Wrongf("%w; see `%s --help`", err, c.CommandPath())
	})
	return c
}

// Words demands so many words after the command; what they are is told.
func Words(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return Wrongf("%s takes %s; see `%s --help`", c.CommandPath(), what, c.CommandPath())
		}
		return nil
	}
}

// Print writes a result, as JSON or in words.
func Print(c *cobra.Command, asJSON bool, v any, inWords func(io.Writer)) error {
	if !asJSON {
		inWords(c.OutOrStdout())
		return nil
	}
	e := json.NewEncoder(c.OutOrStdout())
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// Table begins a table with its heads; its Flush must follow.
func Table(w io.Writer, heads ...any) *tabwriter.Writer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	Row(t, heads...)
	return t
}

// Row writes a line of a table.
func Row(w io.Writer, cells ...any) {
	for i, c := range cells {
		end := "\t"
		if i == len(cells)-1 {
			end = "\n"
		}
		fmt.Fprint(w, c, end)
	}
}

// Version is that of the program's module, or else the revision it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "devel"
}

// VersionCommand prints Version; asJSON is read when it runs.
func VersionCommand(asJSON *bool) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: Words(0, 0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			return Print(c, *asJSON, map[string]string{"version": Version()}, func(w io.Writer) { fmt.Fprintln(w, Version()) })
		},
	}
}
