// Command aisle-agent runs a node, and speaks to one that runs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker for a release.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// execute runs one command line: 0 success, 1 the work failed, 2 the words or the
// input are wrong.
func execute(ctx context.Context, args []string) int {
	root := commands()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var wrong usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintln(os.Stderr, "aisle-agent:", err)
		return 2
	}
	fmt.Fprintln(os.Stderr, "aisle-agent:", err)
	return 1
}

// usageError is a fault of the words or of the input, not of the work.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// global are the flags that every command has.
type global struct {
	config string
	json   bool
}

func commands() *cobra.Command {
	g := &global{}
	root := &cobra.Command{
		Use: "aisle-agent", Short: "Decides what to show where the customer stands, with no network needed",
		SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w; see --help", err)}
	})
	flags := root.PersistentFlags()
	flags.StringVar(&g.config, "config", os.Getenv("AISLE_CONFIG"), "configuration file (AISLE_CONFIG)")
	flags.BoolVar(&g.json, "json", false, "print the result as JSON")
	root.AddCommand(runCommand(g), enrolCommand(g), checkCommand(g), statusCommand(g), importCommand(g), consentCommand(g), versionCommand(g))
	worded(root)
	return root
}

// worded makes wrong words of a command, and of those below it, usage errors.
func worded(c *cobra.Command) {
	args := c.Args
	c.Args = func(cmd *cobra.Command, words []string) error {
		if err := args(cmd, words); err != nil {
			return usageError{fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())}
		}
		return nil
	}
	for _, below := range c.Commands() {
		worded(below)
	}
}
