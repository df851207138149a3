package release

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// patience is how long a decision waits where all instances are in use: then an order
// serves instead. It is some worst calls of a sound module.
const patience = 100 * time.Millisecond

// found is the bundle of a model as a release has it.
type found struct {
	artifact string // its name
	digest   [32]byte
	*bundle.Bundle
}

// find opens the bundle of a model, nil if there is none: one that was learned,
// one that was made elsewhere, or in a folder of a node's own its scorer file,
// whose columns are taken for what features.yaml declares.
func (s *source) find(a *Active, model string, r *wire.Release) (*found, error) {
	names := []string{ownPrefix + model, modelPrefix + model}
	if r == nil {
		names = append(names, model+scorerExt)
	}
	for _, name := range names {
		file, err := s.read(name)
		if err != nil {
			return nil, err
		}
		if file == nil {
			continue
		}
		f := &found{artifact: name, digest: digestOf(file)}
		if name == model+scorerExt {
			f.Bundle, err = scorerFile(a, file)
		} else {
			f.Bundle, err = bundle.Open(file)
		}
		return f, err
	}
	return nil, nil
}

func scorerFile(a *Active, file []byte) (*bundle.Bundle, error) {
	b, err := bundle.Extract(file)
	if err != nil {
		return nil, err
	}
	if misfits := b.Manifest.Adopt(a.Rulebook); len(misfits) > 0 {
		return nil, fmt.Errorf("%w: %s %s", features.ErrColumns, misfits[0].Column, misfits[0].Problem)
	}
	return b, nil
}

// scorer admits the module of a model and tries it. A slot whose model is not
// there, or in quarantine, has none; slots of one model share it.
func (s *source) scorer(a *Active, model string, r *wire.Release) (*Scorer, *features.Plan, error) {
	f, err := s.find(a, model, r)
	if err != nil || f == nil {
		return nil, nil, err
	}
	plan, err := features.New(&f.Manifest, a.Rulebook, a.together)
	if err != nil {
		return nil, nil, err
	}
	one := a.scorers[model]
	if one == nil && !s.skip(f.digest) {
		if one, err = s.admit(a, model, f, r); err != nil {
			return nil, nil, err
		}
		a.scorers[model] = one
	}
	if one == nil {
		plan = nil
	}
	return one, plan, nil
}

func (s *source) admit(a *Active, model string, f *found, r *wire.Release) (*Scorer, error) {
	m := &f.Manifest
	one := &Scorer{
		Name: model, Link: m.Link, Columns: m.Columns, Terms: terms(m),
		Model: f.digest, CreatedMs: m.Created, artifact: f.artifact, reference: reference(f.Bundle),
	}
	code, err := compile.Module(f.Bundle)
	if err != nil {
		return nil, err
	}
	one.Code = digestOf(code)
	if !named(r, f.artifact, m.Emitter, one.Code) {
		return nil, fmt.Errorf("the release names another module than the bundle's %s", hex.EncodeToString(one.Code[:8]))
	}
	one.CodeText, one.ModelText = Text(one.Code[:]), Text(one.Model[:])
	if one.Shape, err = m.Frame(); err != nil {
		return nil, err
	}
	limits := host.LimitsOf(f.Bundle)
	limits.Wait, limits.Room = patience, room(a.Rulebook, model)
	if one.Module, err = s.engine.Admit(code, f.Blob(), limits); err != nil {
		return nil, err
	}
	if err := one.Module.Preflight(f.Golden); err != nil {
		return nil, errors.Join(err, one.Module.Close())
	}
	return one, nil
}

// room is the most candidates that a slot of the model has of its own, 0 where that
// is not known.
func room(book *rulebook.Rulebook, model string) (most int) {
	for i := range book.Slots {
		s := &book.Slots[i]
		if s.Model != model {
			continue
		}
		most = max(most, len(s.Source.Items))
		if s.Source.Catalogue != nil {
			most = max(most, s.Source.Catalogue.Limit)
		}
	}
	return most
}

// terms names the summands of a score.
func terms(m *bundle.Manifest) []string {
	all := []string{""}
	for _, c := range m.Columns {
		all = append(all, c.Name)
	}
	for _, x := range m.Crosses {
		all = append(all, x[0]+" × "+x[1])
	}
	return all
}

// reference reads the model of a family that has one, when it is asked for.
func reference(b *bundle.Bundle) func() (scoring.Model, error) {
	if b.Manifest.Family == bundle.FamilyOwn || len(b.Model) == 0 {
		return nil
	}
	return sync.OnceValues(func() (scoring.Model, error) { return scoring.Parse(b.Model) })
}

// named tells whether the manifest names this module for an artifact. A folder
// has no manifest.
func named(r *wire.Release, artifact, emitter string, code [32]byte) bool {
	if r == nil {
		return true
	}
	for _, s := range r.Scorers {
		if s.Model == artifact {
			return s.Emitter == emitter && bytes.Equal(s.Module, code[:])
		}
	}
	return false
}
