package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/sdk"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// steps are what to do with a new project, by language.
var steps = map[string]string{
	"go": "make", "rust": "make", "c": "make", "assemblyscript": "npm ci && npm run build",
}

func (t *tool) new() *cobra.Command {
	var lang string
	c := &cobra.Command{
		Use: "new --lang LANGUAGE DIR", Short: "Begin a scoring module of your own: " + strings.Join(sdk.Languages(), ", "), Args: terminal.Words(1, 1, "a folder"),
		Long: `Writes a project that builds guest.wasm by the language's ordinary toolchain: one source
file that says what a row is worth, manifest.json with its columns, sample rows, and a
README. The project is called as its folder.`,
		Example: "  aisle-module new --lang rust mymodel\n  cd mymodel && make\n  aisle-module meter guest.wasm -o mymodel.wasm",
		RunE: func(c *cobra.Command, args []string) error {
			if lang == "" {
				return terminal.Wrongf("in which language? add --lang %s", strings.Join(sdk.Languages(), "|"))
			}
			dir, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			if err := sdk.New(lang, dir, filepath.Base(dir)); err != nil {
				return terminal.Wrong(err)
			}
			made := struct {
				Folder   string `json:"folder"`
				Language string `json:"language"`
			}{args[0], lang}
			return t.print(c, made, func(w io.Writer) {
				fmt.Fprintf(w, "%s has a project in %s; build and seal it:\n", args[0], lang)
				fmt.Fprintf(w, "  cd %s && %s\n  aisle-module meter guest.wasm -o scorer.wasm\n", args[0], steps[lang])
			})
		},
	}
	c.Flags().StringVar(&lang, "lang", "", "write the project in `LANGUAGE`: "+strings.Join(sdk.Languages(), ", "))
	return c
}
