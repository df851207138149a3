package main

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// rowFlags say which rows are scored, and what they should come out as.
type rowFlags struct {
	name, label string
	raw         bool
	expect      expectFlags
}

func (r *rowFlags) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&r.name, "rows", "", "read rows from `FILE`, - for standard input")
	f.StringVar(&r.label, "label-column", "", "where the label is in a table without header: its `FIELD` from 0, or none (default: the first, if there is a field too many)")
	f.BoolVar(&r.raw, "raw", false, "take raw margins for predictions: the link is not applied")
	r.expect.flags(c)
}

// enough fuel for blocks of large models: some seconds.
const enough = 1 << 14

// score runs all rows through an engine and hands their answers to w.
func (r *rowFlags) score(c *cobra.Command, f *file, e engine, w *writer, progress bool) error {
	in, size := c.InOrStdin(), int64(0)
	if r.name != "-" {
		opened, err := os.Open(r.name)
		if err != nil {
			return terminal.Wrongf("%w; name a file that can be read, or - for standard input", err)
		}
		defer opened.Close()
		if info, err := opened.Stat(); err == nil && info.IsDir() {
			return terminal.Wrongf("%s is a folder; name a file in it", r.name)
		} else if err == nil {
			size = info.Size()
		}
		in = opened
	}
	if progress {
		var p *terminal.Progress
		in, p = terminal.Read(c.ErrOrStderr(), "scored", in, size)
		defer p.End()
	}
	shape, err := f.Manifest.Frame()
	if err != nil {
		return err
	}
	reader, err := rows.New(in, f.rules(), f.columns(r.label))
	if err != nil {
		return r.unlike(err)
	}
	return f.with(e, enough, func(m *host.Module) error {
		b := &batch{module: m, shape: shape, most: abi.MaxRows, tell: w.rows}
		if w.terms != nil {
			b.terms = f.Manifest.Terms()
		}
		for {
			err := b.read(reader)
			if err == io.EOF {
				return b.flush()
			} else if err != nil {
				return errors.Join(b.flush(), r.unlike(err)) // what comes before is answered
			}
			if c.Context().Err() != nil {
				return errors.New("interrupted")
			}
		}
	})
}

// unlike tells rows that don't fit from a reader that fails.
func (r *rowFlags) unlike(err error) error {
	name := r.name
	if name == "-" {
		name = "standard input"
	}
	return terminal.Wrongf("%s: %w; `aisle-module inspect` tells the columns, `aisle-module score --help` the formats", name, err)
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
