package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/terminal"
)

func (t *tool) compiling() *cobra.Command {
	var i importer
	var out string
	c := &cobra.Command{
		Use: "compile FILE -o scorer.wasm", Short: "Make a scorer file of a bundle or of a model file", Args: terminal.Words(1, 1, "a bundle or a model file"),
		Long: `Makes a WebAssembly module of a model, metered and specialised to it, and writes it as
a scorer file: one .wasm that also holds the manifest, the model and golden vectors.

FILE is a bundle that ` + "`aisle-module import`" + ` made, or the model file itself: then it is
imported first, with the same flags.`,
		Example: "  aisle-module compile model.bundle -o model.wasm\n  aisle-module compile model.txt -o model.wasm",
		RunE: func(c *cobra.Command, args []string) error {
			if err := needsOut(c, out); err != nil {
				return err
			}
			b, err := i.openOrImport(c, args[0])
			if err != nil {
				return err
			}
			if b.Module, err = compile.Module(b); err != nil {
				return terminal.Wrongf("%s: %w", args[0], err)
			}
			scorer, err := bundle.Embed(b)
			if err != nil {
				return terminal.Wrongf("%s: %w", args[0], err)
			}
			if err := write(out, scorer); err != nil {
				return err
			}
			return t.made(c, out, scorer, b.Manifest, "try it with `aisle-module verify "+out+"`")
		},
	}
	i.flags(c)
	outFlag(c, &out, "the scorer file")
	return c
}

func (i *importer) openOrImport(c *cobra.Command, name string) (*bundle.Bundle, error) {
	head, err := read(name, bundle.MaxSize)
	if err != nil {
		return nil, terminal.Wrong(err)
	}
	if !strings.HasPrefix(string(head[:min(len(head), 8)]), "AISLEBN") && !strings.HasPrefix(string(head[:min(len(head), 8)]), "\x00asm") {
		return i.bundle(c, name)
	}
	if *i != (importer{}) {
		return nil, terminal.Wrongf("--format, --features, --columns, --objective and --iterations are for model files; %s is none", name)
	}
	f, err := openScorer(name)
	if err != nil {
		return nil, err
	}
	return f.Bundle, nil
}

// summary is what import, compile and meter tell of what they wrote.
type summary struct {
	File    string   `json:"file"`
	Bytes   int      `json:"bytes"`
	Digest  string   `json:"digest"`
	Family  string   `json:"family"`
	Columns int      `json:"columns"`
	Heads   []string `json:"heads"`
	Link    string   `json:"link"`
}

func (t *tool) made(c *cobra.Command, name string, b []byte, m bundle.Manifest, next string) error {
	s := summary{name, len(b), compile.Digest(b), m.Family, len(m.Columns), m.Heads, linkText(m.Link)}
	return t.print(c, s, func(w io.Writer) {
		if m.Family == kindModule {
			fmt.Fprintf(w, "%s: a module without a manifest, %d bytes\n", s.File, s.Bytes)
		} else {
			fmt.Fprintf(w, "%s: %s of %d columns, heads %s, link %s, %d bytes\n", s.File, s.Family, s.Columns, strings.Join(s.Heads, " "), s.Link, s.Bytes)
		}
		fmt.Fprintln(c.ErrOrStderr(), next)
	})
}

func linkText(l bundle.Link) string {
	switch {
	case l.Kind == "":
		return "identity"
	case l.Scale != 0 && l.Scale != 1:
		return fmt.Sprintf("%s of %v x", l.Kind, l.Scale)
	}
	return l.Kind
}
