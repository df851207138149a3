package registry

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	scorerExt = ".wasm"
	// ownPrefix is apart from modelPrefix because the online role may refresh what
	// is learned, and these are not.
	ownPrefix = "own/"
)

// own is a model that was made elsewhere, ready to be released.
type own struct {
	sealed []byte
	scorer *wire.Scorer
	varies bool // it has a variance
}

// scorers checks the scorer files and seals them.
func (f *Folder) scorers() (faults rulebook.Faults) {
	f.own = make(map[string]own)
	for _, file := range slices.Sorted(maps.Keys(f.bytes)) {
		name, ok := strings.CutSuffix(file, scorerExt)
		if !ok {
			continue
		}
		if !slices.ContainsFunc(f.Rulebook.Slots, func(s rulebook.Slot) bool { return s.Model == name }) {
			faults = append(faults, rulebook.Fault{File: file, Problem: fmt.Sprintf("is used by no slot; write `model: %s` in slots.yaml, or remove the file", name)})
			continue
		}
		one, wrong := f.scorer(name, f.bytes[file])
		if one.sealed != nil && !one.varies {
			wrong = append(wrong, f.uncertain(name)...)
		}
		for _, w := range wrong {
			w.File = file
			faults = append(faults, w)
		}
		f.own[name] = one
	}
	return faults
}

// uncertain are the slots that a model without a variance can't serve. Those that
// are learned here have one.
func (f *Folder) uncertain(name string) (faults rulebook.Faults) {
	for _, s := range f.Rulebook.Slots {
		if s.Model == name && s.Policy.Kind.Varies() {
			faults = append(faults, rulebook.Fault{Problem: fmt.Sprintf("has no variance, which slot %s draws by; give the slot another policy than %s, or make the model with a variance", s.ID, s.Policy.Kind)})
		}
	}
	return faults
}

// scorer checks one scorer file: that its columns are those that people declared,
// that its module is the one it names and may run on nodes, and that it gives
// the bits of its golden vectors in both engines.
func (f *Folder) scorer(name string, file []byte) (one own, faults rulebook.Faults) {
	problem := func(format string, args ...any) rulebook.Faults {
		return rulebook.Faults{{Problem: fmt.Sprintf(format, args...)}}
	}
	b, err := bundle.Extract(file)
	if err != nil {
		return one, problem("is no scorer file: %v; make one with `aisle-module compile` or `aisle-module meter`", err)
	}
	for _, m := range b.Manifest.Adopt(f.Rulebook) {
		faults = append(faults, rulebook.Fault{Path: m.Column, Problem: m.Problem})
	}
	if len(faults) > 0 {
		return one, faults
	}
	code, err := compile.Module(b)
	if err != nil {
		return one, problem("%v; make it again with `aisle-module compile` or `aisle-module meter`", err)
	}
	one, err = sealOwn(name, b, code)
	if err != nil {
		return one, problem("can't be sealed: %v", err)
	}
	var refusal *meter.Refusal
	switch err := preflight(one.sealed); {
	case errors.As(err, &refusal):
		return one, problem("may not run on nodes: %v; make it again with `aisle-module meter`", refusal)
	case errors.Is(err, host.ErrGolden):
		return one, problem("does not answer what its golden vectors say: %v; make it again from the model, and don't edit it", err)
	case errors.Is(err, host.ErrSum):
		return one, problem("%v", err)
	case err != nil:
		return one, problem("does not run on its golden vectors: %v", err)
	}
	return one, nil
}

// sealOwn makes the bundle that nodes get: the model alone where their emitter
// makes the module of it, else the module too. Trees are all module.
func sealOwn(name string, b *bundle.Bundle, code []byte) (one own, err error) {
	m, parts := b.Manifest, bundle.Parts{Model: b.Model, Golden: b.Golden}
	if m.Family == bundle.FamilyTrees {
		m.Emitter, parts.Model = "", nil
	}
	if m.Emitter == "" {
		parts.Module = code
	}
	one.sealed, err = bundle.Seal(m, parts)
	one.scorer, one.varies = scorerOf(name, m.Emitter, code), m.Variance
	return one, err
}

func scorerOf(name, emitter string, code []byte) *wire.Scorer {
	digest := sha256.Sum256(code)
	return &wire.Scorer{Model: ownPrefix + name, Emitter: emitter, Module: digest[:]}
}

// reopen takes own models as an earlier release has them, whose checks they have
// passed.
func (f *Folder) reopen(r *wire.Release, sealed map[string][]byte) error {
	for _, s := range r.Scorers {
		if name, ok := strings.CutPrefix(s.Model, ownPrefix); ok {
			b, err := bundle.Open(sealed[name])
			if err != nil {
				return fmt.Errorf("model %s: %w", name, err)
			}
			f.own[name] = own{sealed[name], s, b.Manifest.Variance}
		}
	}
	return nil
}

// addOwn adds the own models to a release, as they are.
func (f *Folder) addOwn(r *Release) {
	for _, name := range slices.Sorted(maps.Keys(f.own)) {
		r.add(ownPrefix+name, f.own[name].sealed)
		r.Scorers = append(r.Scorers, f.own[name].scorer)
	}
}

// isScorer tells whether a file of a folder is a scorer file.
func isScorer(name string) bool { return filepath.Ext(name) == scorerExt }
