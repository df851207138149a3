// Command aisle-module makes scorers of model files and of code, and tries them.
//
// Exit status 0 is success, 1 that the work failed or a module is refused, 2 that
// the words or the input are wrong; then one line on standard error says what to do.
package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/terminal"
)

func main() { terminal.Main(commands()) }

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
	root := terminal.Group(&cobra.Command{
		Use: "aisle-module", Short: "Makes scorers of model files and of code, and tries them", Long: about,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	})
	root.PersistentFlags().BoolVar(&t.json, "json", false, "print the result as JSON")
	root.AddCommand(t.new(), t.importing(), t.compiling(), t.metering(), t.inspect(), t.verify(), t.score(), t.test(), t.bench(), terminal.VersionCommand(&t.json))
	for _, c := range root.Commands() {
		do := c.RunE
		c.RunE = func(c *cobra.Command, words []string) error {
			if err := do(c, words); err != nil {
				return lineError{err}
			}
			return nil
		}
	}
	return root
}

// lineError is an error in one line, whatever libraries wrap.
type lineError struct{ error }

func (e lineError) Error() string { return oneLine(e.error) }
func (e lineError) Unwrap() error { return e.error }

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
