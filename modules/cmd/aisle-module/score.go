package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// scoreFlags are what score is told.
type scoreFlags struct {
	rows, label        string
	raw, contributions bool
	interpreter        bool
}

func (t *tool) score() *cobra.Command {
	var s scoreFlags
	c := &cobra.Command{
		Use: "score scorer.wasm --rows FILE", Short: "Score rows: one prediction a line, in their order", Args: one("a scorer file or a bundle"),
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

With --contributions a header line comes first, and to each head's prediction what the
bias and each column added to its raw margin.`,
		Example: "  aisle-module score model.wasm --rows test.libsvm\n  aisle-module score model.wasm --raw --rows - < rows.csv\n  aisle-module score model.wasm --rows rows.tsv --label-column 4",
		RunE: func(c *cobra.Command, args []string) error {
			if s.rows == "" {
				return wrongf("which rows? add --rows FILE, or - for standard input; see `%s --help`", c.CommandPath())
			}
			f, err := openScorer(args[0])
			if err != nil {
				return err
			}
			return s.run(c, t, f)
		},
	}
	flags := c.Flags()
	flags.StringVar(&s.rows, "rows", "", "read rows from `FILE`, - for standard input")
	flags.StringVar(&s.label, "label-column", "", "where the label is in a table without header: its `FIELD` from 0, or none (default: the first, if there is a field too many)")
	flags.BoolVar(&s.raw, "raw", false, "write raw margins: the link is not applied")
	flags.BoolVar(&s.contributions, "contributions", false, "write what each column contributes, too")
	flags.BoolVar(&s.interpreter, "interpreter", false, "run without native code: the same bits, slowly")
	return c
}

// enough fuel for blocks of large models: some seconds.
const enough = 1 << 14

func (s *scoreFlags) run(c *cobra.Command, t *tool, f *file) (err error) {
	in, size := c.InOrStdin(), int64(0)
	if s.rows != "-" {
		opened, err := os.Open(s.rows)
		if err != nil {
			return wrongf("%w; name a file that can be read, or - for standard input", err)
		}
		defer opened.Close()
		if info, err := opened.Stat(); err == nil && info.IsDir() {
			return wrongf("%s is a folder; name a file in it", s.rows)
		} else if err == nil {
			size = info.Size()
		}
		in = opened
	}
	var p *terminal.Progress
	if !terminal.Watched(c.OutOrStdout()) { // else the answers tell it
		in, p = terminal.Read(c.ErrOrStderr(), "scored", in, size)
	}
	defer p.End()
	shape, err := f.Manifest.Frame()
	if err != nil {
		return err
	}
	reader, err := rows.New(in, f.rules(), f.columns(s.label))
	if err != nil {
		return s.unlike(err)
	}
	e := engines[0]
	if s.interpreter {
		e = engines[1]
	}
	out := bufio.NewWriterSize(c.OutOrStdout(), 1<<16)
	w := &writer{out: out, json: t.json, raw: s.raw, m: &f.Manifest}
	err = f.with(e, host.Limits{Fuel: enough}, func(m *host.Module) error {
		b := &batch{module: m, shape: shape, most: abi.MaxRows, tell: w.rows}
		if s.contributions {
			b.terms = f.Manifest.Terms()
			w.header()
		}
		for {
			err := b.read(reader)
			if err == io.EOF {
				return b.flush()
			} else if err != nil {
				return errors.Join(b.flush(), s.unlike(err)) // what comes before is answered
			}
			if c.Context().Err() != nil {
				return errors.New("interrupted")
			}
		}
	})
	return errors.Join(err, out.Flush())
}

// unlike tells rows that don't fit from a reader that fails.
func (s *scoreFlags) unlike(err error) error {
	name := s.rows
	if name == "-" {
		name = "standard input"
	}
	return wrongf("%s: %w; `aisle-module inspect` tells the columns, `aisle-module score --help` the formats", name, err)
}

// rules are those of the library that trained the model, or a column for each
// feature.
func (f *file) rules() rows.Rules {
	if f.Manifest.Rows != nil {
		return *f.Manifest.Rows
	}
	return rows.Rules{Width: len(f.Manifest.Columns)}
}

func (f *file) columns(label string) rows.Columns {
	out := rows.Columns{Label: label}
	for _, c := range f.Manifest.Columns {
		out.Names, out.Features = append(out.Names, c.Name), append(out.Features, c.Feature)
		var id func(string) uint32
		if c.Kind == bundle.KindHashed {
			hash, _ := scoring.ParseHasher(c.Hash, c.Name) // which the manifest was checked for
			id = func(text string) uint32 {
				if text == "" {
					return 0
				}
				return hash.ID(text)
			}
		}
		out.IDs = append(out.IDs, id)
	}
	return out
}

// batch gathers rows of one context into frames, scores them and hands them on.
type batch struct {
	module  *host.Module
	shape   abi.Shape
	most    int // rows of a frame
	terms   int // 0: nobody asks for contributions
	tell    func(f *abi.Frame, explain func(row, head int) ([]float64, error)) error
	numbers []float32 // of all rows: the context's, the row's
	ids     []uint32
	rows    int
}

// read takes a row. One of another context waits until the others are scored.
func (b *batch) read(r *rows.Reader) (err error) {
	n, i := len(b.numbers), len(b.ids)
	if b.numbers, b.ids, err = r.Next(b.numbers, b.ids); err != nil {
		b.numbers, b.ids = b.numbers[:n], b.ids[:i]
		return err
	}
	sameNumbers := slices.EqualFunc(b.numbers[:b.shape.ContextDense], b.numbers[n:n+b.shape.ContextDense], func(x, y float32) bool {
		return math.Float32bits(x) == math.Float32bits(y)
	})
	if sameNumbers && slices.Equal(b.ids[:b.shape.ContextCategorical], b.ids[i:i+b.shape.ContextCategorical]) {
		if b.rows++; b.rows == abi.MaxRows {
			return b.flush()
		}
		return nil
	}
	numbers, ids := slices.Clone(b.numbers[n:]), slices.Clone(b.ids[i:])
	b.numbers, b.ids = b.numbers[:n], b.ids[:i]
	err = b.flush()
	b.numbers, b.ids, b.rows = append(b.numbers, numbers...), append(b.ids, ids...), 1
	return err
}

// flush scores what was gathered. What is too much for one frame of the module's
// goes in smaller ones from then on.
func (b *batch) flush() error {
	for done := 0; done < b.rows; {
		n := min(b.rows-done, b.most)
		err := b.score(done, n)
		if n > abi.BlockRows && (errors.Is(err, host.ErrRoom) || errors.Is(err, host.ErrFuel)) {
			b.most = n / 2
			continue
		}
		if err != nil {
			return fmt.Errorf("the scorer fails on a frame of %d rows: %w%s", n, err, advice(err))
		}
		done += n
	}
	b.numbers, b.ids, b.rows = b.numbers[:0], b.ids[:0], 0
	return nil
}

func (b *batch) score(from, n int) error {
	in, err := b.module.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	f, err := in.Frame(b.shape, n)
	if err != nil {
		return err
	}
	b.fill(f, from)
	if err := in.Score(); err != nil {
		return err
	}
	return b.tell(f, func(row, head int) ([]float64, error) { return in.Explain(row, head, b.terms) })
}

func (b *batch) fill(f *abi.Frame, from int) {
	s := b.shape
	dense, ids := s.ContextDense+s.Dense, s.ContextCategorical+s.Categorical
	for i := range f.Rows() {
		numbers, names := b.numbers[(from+i)*dense:(from+i+1)*dense], b.ids[(from+i)*ids:(from+i+1)*ids]
		if i == 0 {
			copy(f.ContextDense(), numbers)
			copy(f.ContextCategorical(), names)
		}
		for c, x := range numbers[s.ContextDense:] {
			f.Dense(i/abi.BlockRows, c)[i%abi.BlockRows] = x
		}
		for c, id := range names[s.ContextCategorical:] {
			f.Categorical(i/abi.BlockRows, c)[i%abi.BlockRows] = id
		}
	}
}
