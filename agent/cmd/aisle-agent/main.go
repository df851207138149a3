// Command aisle-agent runs a node, and speaks to one that runs.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/terminal"
)

// version is set by the linker for a release.
var version = "dev"

func main() { terminal.Main(commands()) }

// global are the flags that every command has.
type global struct {
	config string
	json   bool
}

func commands() *cobra.Command {
	g := &global{}
	root := terminal.Group(&cobra.Command{
		Use: "aisle-agent", Short: "Decides what to show where the customer stands, with no network needed",
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	})
	flags := root.PersistentFlags()
	flags.StringVar(&g.config, "config", os.Getenv("AISLE_CONFIG"), "configuration file (AISLE_CONFIG)")
	flags.BoolVar(&g.json, "json", false, "print the result as JSON")
	root.AddCommand(runCommand(g), enrolCommand(g), checkCommand(g), statusCommand(g), importCommand(g), consentCommand(g), versionCommand(g))
	return root
}
