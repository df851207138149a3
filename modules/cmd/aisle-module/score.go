package main

import (
	"bufio"
	"errors"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/terminal"
)

// scoreFlags are what score is told.
type scoreFlags struct {
	rowFlags
	contributions, interpreter bool
}

func (t *tool) score() *cobra.Command {
	var s scoreFlags
	c := &cobra.Command{
		Use: "score scorer.wasm --rows FILE", Short: "Score rows: one prediction a line, in their order", Args: terminal.Words(1, 1, "a scorer file or a bundle"),
		Long: `Runs a scorer in the sandbox on the rows of a file, or of standard input with --rows -,
and writes a line for each: its prediction, or those of several heads separated by tabs.
Numbers are written so that they read back as the same bits.

Rows are libsvm (index:value, features numbered as in training), or a table separated by
tabs, commas or blanks. A table's header names the columns, in any order and among others;
without a header a line has the features in the order of training, and the label may
stand before them or where --label-column says. What is empty, NA, ? or nan is missing.
Numbers are rounded, and what libsvm leaves out is taken, as the library that trained the
model does. Values are what the model learned from: transforms of features.yaml are
done already. Columns of names (kind hashed) need a table with a header.

Models of Vowpal Wabbit take its text, too: lines of "label |namespace feature:value",
and for bandits "shared |..." before the lines of the actions, up to an empty one.

With --expect the predictions are compared, too: exit status 1 if one is further off
than --tolerance.

With --contributions a header line comes first, and to each head's prediction what the
bias and each column added to its raw margin.`,
		Example: "  aisle-module score model.wasm --rows test.libsvm\n  aisle-module score model.wasm --raw --rows - < rows.csv\n  aisle-module score model.wasm --rows rows.tsv --label-column 4",
		RunE: func(c *cobra.Command, args []string) error {
			if s.name == "" {
				return terminal.Wrongf("which rows? add --rows FILE, or - for standard input; see `%s --help`", c.CommandPath())
			}
			f, err := openScorer(args[0])
			if err != nil {
				return err
			}
			return s.run(c, t, f)
		},
	}
	s.rowFlags.flags(c)
	flags := c.Flags()
	flags.BoolVar(&s.contributions, "contributions", false, "write what each column contributes, too")
	flags.BoolVar(&s.interpreter, "interpreter", false, "run without native code: the same bits, slowly")
	return c
}

func (s *scoreFlags) run(c *cobra.Command, t *tool, f *file) error {
	x, done, err := s.expect.open()
	if err != nil {
		return err
	}
	defer done()
	e := engines[0]
	if s.interpreter {
		e = engines[1]
	}
	out := bufio.NewWriterSize(c.OutOrStdout(), 1<<16)
	w := &writer{out: out, json: t.json, raw: s.raw, m: &f.Manifest, expected: x}
	if s.contributions {
		w.header()
	}
	err = s.score(c, f, e, w, !terminal.Watched(c.OutOrStdout())) // else the answers tell how far it is
	if err == nil && x != nil {
		err = x.end()
	}
	return errors.Join(err, out.Flush())
}
