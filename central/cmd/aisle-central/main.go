// Command aisle-central runs the centre and speaks to a running one.
//
// Exit status 0 is success, 1 that the work failed, 2 that the words or the input
// are wrong; then one line on standard error says what to do.
package main

import (
	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/terminal"
)

func main() { terminal.Main(commands()) }

func commands() *cobra.Command {
	t := new(tool)
	root := terminal.Group(&cobra.Command{
		Use: "aisle-central", Short: "The centre of Aisle: takes in what agents send, learns, and releases",
	})
	root.PersistentFlags().StringVar(&t.config, "config", "", "configuration `FILE`; none: the defaults, with the state in ./state")
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print the result as JSON")
	root.AddCommand(t.run(), t.enrol(), t.revoke(), terminal.Group(t.function()), terminal.Group(t.keys()), terminal.Group(t.release()), t.baskets(), t.report(), t.link(), terminal.VersionCommand(&t.json))
	return root
}
