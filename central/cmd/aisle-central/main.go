// Command aisle-central runs the centre and speaks to a running one.
//
// Exit status 0 is success, 1 that the work failed, 2 that the words or the input
// are wrong; then one line on standard error says what to do.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run does what the words say and returns the exit status.
func run(ctx context.Context, words []string, out, problems io.Writer) int {
	root := commands()
	root.SetArgs(words)
	root.SetOut(out)
	root.SetErr(problems)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(problems, "aisle-central:", err)
	if wrong := (*inputError)(nil); errors.As(err, &wrong) {
		return 2
	}
	return 1
}

// inputError says that the words or the input are wrong.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

func wrong(err error) error {
	if err == nil {
		return nil
	}
	return &inputError{err}
}

func commands() *cobra.Command {
	t := new(tool)
	root := &cobra.Command{
		Use:           "aisle-central",
		Short:         "The centre of Aisle: takes in what agents send, learns, and releases",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.PersistentFlags().StringVar(&t.config, "config", "", "configuration `FILE`; none: the defaults, with the state in ./state")
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print the result as JSON")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return wrong(fmt.Errorf("%w; see `%s --help`", err, c.CommandPath()))
	})
	root.AddCommand(t.run(), t.enrol(), t.revoke(), t.keys(), t.release(), t.report(), t.link(), t.version())
	for _, group := range []*cobra.Command{root, find(root, "keys"), find(root, "release")} {
		group.Args = cobra.ArbitraryArgs // so that an unknown word comes to RunE
		group.RunE = needsCommand
	}
	return root
}

func find(root *cobra.Command, name string) *cobra.Command {
	c, _, err := root.Find([]string{name})
	if err != nil {
		panic(err) // added above
	}
	return c
}

// needsCommand answers words that name no command.
func needsCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	return wrong(fmt.Errorf("no command %q; see `%s --help`", args[0], c.CommandPath()))
}

// exactly demands that many words after the command.
func exactly(n int, what string) cobra.PositionalArgs { return between(n, n, what) }

func between(least, most int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return wrong(fmt.Errorf("%s takes %s; see `%s --help`", c.CommandPath(), what, c.CommandPath()))
		}
		return nil
	}
}

func (t *tool) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: exactly(0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			return t.print(c, struct {
				Version string `json:"version"`
			}{version()}, func(w io.Writer) { fmt.Fprintln(w, version()) })
		},
	}
}

// version is that of the module, or else the revision it was built from.
func version() string {
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
