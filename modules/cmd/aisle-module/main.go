// Command aisle-module makes scorers of model files and of code, and tries them.
//
// Exit status 0 is success, 1 that the work failed or a module is refused, 2 that
// the words or the input are wrong; then one line on standard error says what to do.
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
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run does what the words say and returns the exit status.
func run(ctx context.Context, words []string, in io.Reader, out, problems io.Writer) int {
	root := commands()
	root.SetArgs(words)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(problems)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintln(problems, "aisle-module:", oneLine(err))
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

func wrongf(format string, args ...any) error { return wrong(fmt.Errorf(format, args...)) }

const about = `From a model file of LightGBM, XGBoost or Vowpal Wabbit to a scorer that every node runs:

  aisle-module import model.txt -o model.bundle
  aisle-module compile model.bundle -o model.wasm
  aisle-module verify model.wasm
  aisle-module score model.wasm --rows rows.csv

From code of your own in Go, Rust, C or AssemblyScript:

  aisle-module new --lang rust mymodel        and build it as its README says
  aisle-module meter mymodel/guest.wasm -o mymodel.wasm
  aisle-module test mymodel.wasm

Either .wasm is a scorer file. Put it beside slots.yaml in a release folder, under
the name that a slot gives as its model.

Exit status: 0 success; 1 the work failed, or a module is refused; 2 the words or the
input are wrong.`

func commands() *cobra.Command {
	t := new(tool)
	root := &cobra.Command{
		Use: "aisle-module", Short: "Makes scorers of model files and of code, and tries them", Long: about,
		SilenceUsage: true, SilenceErrors: true, Args: cobra.ArbitraryArgs, RunE: needsCommand,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print the result as JSON")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return wrongf("%w; see `%s --help`", err, c.CommandPath())
	})
	root.AddCommand(t.new(), t.importing(), t.compiling(), t.metering(), t.inspect(), t.verify(), t.score(), t.test(), t.bench(), t.version())
	return root
}

// needsCommand answers words that name no command.
func needsCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	return wrongf("no command %q; see `%s --help`", args[0], c.CommandPath())
}

// one demands a single word after the command.
func one(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != 1 {
			return wrongf("%s takes just %s; see `%s --help`", c.CommandPath(), what, c.CommandPath())
		}
		return nil
	}
}

func (t *tool) version() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return wrongf("%s takes no words; see `%s --help`", c.CommandPath(), c.CommandPath())
			}
			return nil
		},
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
