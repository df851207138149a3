package release

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/together"
)

// learned is what is known of the slots of a folder: what training has; or else,
// while it learns anew, what the newest release has. A folder of other columns
// than those in force begins with models that know nothing.
func (m *Maker) learned(ctx context.Context, f *registry.Folder) (registry.Learned, []registry.Lineage, error) {
	inForce, _ := m.Folder()
	if inForce == nil {
		var l registry.Learned
		m.place(&l, f, nil)
		return l, lineage(f, nil), nil
	}
	l, from, err := m.known(ctx, inForce, f)
	if inForce.ColumnSet() != f.ColumnSet() || !equal(inForce.Shape(), f.Shape()) {
		l.Models, from = nil, nil
	}
	return l, lineage(f, from), err
}

// place adds what baskets say of items, those that were imported and then those that
// training has seen, as far as a folder needs it.
func (m *Maker) place(l *registry.Learned, f *registry.Folder, seen [][]uint64) {
	if !f.Rulebook.Embeds() && !f.Together() {
		return
	}
	if m.cfg.Imported != nil {
		seen = slices.Concat(m.cfg.Imported(), seen)
	}
	if f.Rulebook.Embeds() {
		l.Embeddings = training.Embed(seen)
	}
	if f.Together() {
		l.Together = together.Count(slices.Values(seen), together.MaxNear, LeastTogether)
	}
}

// LeastTogether is in how many baskets two items must have been to be released as
// going together: less would tell of somebody's basket.
const LeastTogether = 5

// known is what is known of the slots in force, and of items if a folder needs that.
func (m *Maker) known(ctx context.Context, inForce, f *registry.Folder) (l registry.Learned, from []registry.Lineage, err error) {
	if s := m.cfg.Learned(inForce); s != nil {
		l = registry.Learned{Models: s.Models, Rankings: s.Rankings}
		m.place(&l, f, s.Baskets)
		return l, fromTraining(s), nil
	}
	newest, _, err := m.Newest(ctx)
	if err != nil {
		return l, nil, err
	}
	if l, err = m.released(newest.Entry); err != nil {
		return l, nil, fmt.Errorf("read what release %d learned: %w", newest.Counter, err)
	}
	return l, newest.Lineage, nil
}

func equal(a, b scoring.Shape) bool {
	return a.Frame == b.Frame && a.Bits == b.Bits && slices.Equal(a.Crosses, b.Crosses)
}

// released reads what was learned back out of a release.
func (m *Maker) released(e registry.Entry) (registry.Learned, error) {
	l := registry.Learned{Models: make(map[string]*scoring.Linear)}
	artifacts, err := m.cfg.Registry.Read(e)
	if err != nil {
		return l, err
	}
	for _, of := range e.Lineage {
		b, err := bundle.Open(artifacts[modelPrefix+of.Model])
		if err != nil {
			return l, err
		}
		if l.Models[of.Model], err = scoring.Decode(b.Model); err != nil {
			return l, err
		}
	}
	if b := artifacts[embeddings]; b != nil {
		if l.Embeddings, err = embedding.Parse(b); err != nil {
			return l, err
		}
	}
	if b := artifacts[goods]; b != nil {
		if l.Together, err = together.Parse(b); err != nil {
			return l, err
		}
	}
	return l, json.Unmarshal(artifacts[rankings], &l.Rankings)
}

func fromTraining(s *training.Snapshot) (of []registry.Lineage) {
	for name := range s.Models {
		of = append(of, registry.Lineage{Model: name, LastFile: s.Stats.File, Decisions: s.Stats.Decisions, Rows: s.Stats.Learned})
	}
	return of
}

// lineage is where each model of a folder comes from: nowhere, if it is not
// among those that are known.
func lineage(f *registry.Folder, known []registry.Lineage) (list []registry.Lineage) {
	for _, name := range f.Models() {
		of := registry.Lineage{Model: name}
		if i := slices.IndexFunc(known, func(l registry.Lineage) bool { return l.Model == name }); i >= 0 {
			of = known[i]
		}
		list = append(list, of)
	}
	return list
}
