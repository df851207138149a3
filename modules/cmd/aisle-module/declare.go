package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// maxFeatures is more than any features.yaml has.
const maxFeatures = 4 << 20

// declare makes the model's columns those that features.yaml declares, the
// context's first.
func (i *importer) declare(m *modelfile.Model, out *bundle.Manifest) error {
	book, err := i.book()
	if err != nil {
		return err
	}
	declared := func(name string) *rulebook.Feature {
		at := slices.IndexFunc(book.Features, func(f rulebook.Feature) bool { return f.Name == name })
		if at < 0 {
			return nil
		}
		return &book.Features[at]
	}
	for c, name := range m.Features {
		if declared(name) == nil {
			m.Features[c] = strings.ToLower(name)
		}
	}
	err = m.Arrange(func(name string) bool {
		f := declared(name)
		return f != nil && f.Scope == rulebook.ContextScope
	})
	if err != nil {
		return terminal.Wrong(err)
	}
	for c, name := range m.Features {
		column := bundle.Column{Name: name, Scope: bundle.ScopeItem, Kind: bundle.KindDense}
		if c < m.Scorer.FrameShape().ContextDense {
			column.Scope = bundle.ScopeContext
		}
		out.Columns = append(out.Columns, column)
	}
	return adopt(out, book)
}

// named takes the columns of a model that knows them.
func (i *importer) named(m *modelfile.Model, out *bundle.Manifest) error {
	out.Columns, out.Heads = m.Columns, m.Heads
	var hashed []string
	for _, c := range m.Columns {
		if c.Kind == bundle.KindHashed {
			hashed = append(hashed, c.Name)
		}
	}
	if l, ok := m.Scorer.(*scoring.Linear); ok {
		for _, c := range l.Crosses {
			out.Crosses = append(out.Crosses, [2]string{hashed[c.A], hashed[c.B]})
		}
	}
	if i.features == "" {
		return nil
	}
	book, err := i.book()
	if err != nil {
		return err
	}
	return adopt(out, book)
}

// adopt makes the columns those that features.yaml declares.
func adopt(out *bundle.Manifest, book *rulebook.Rulebook) error {
	if misfits := out.Adopt(book); len(misfits) > 0 {
		first, more := misfits[0], ""
		if n := len(misfits) - 1; n > 0 {
			more = fmt.Sprintf(" (and %d columns more)", n)
		}
		return terminal.Wrongf("column %q %s%s", first.Column, first.Problem, more)
	}
	return nil
}

func (i *importer) book() (*rulebook.Rulebook, error) {
	b, err := read(i.features, maxFeatures)
	if err != nil {
		return nil, terminal.Wrong(err)
	}
	book, err := rulebook.ParseFeatures(b, func(string) bool { return true }) // which purposes there are, a release's check knows
	var faults rulebook.Faults
	if errors.As(err, &faults) && len(faults) > 0 {
		f := faults[0]
		return nil, terminal.Wrongf("%s, line %d, %s %s; correct it", i.features, f.Line, f.Path, f.Problem)
	}
	return book, terminal.Wrong(err)
}
