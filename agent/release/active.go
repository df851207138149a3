package release

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrRelease: a release that can't run here. Release a sound one.
var ErrRelease = errors.New("release: can't run")

// Active is a release that runs. It does not change; when another takes its
// place its modules are closed, and a request that finds them so begins again
// with that one.
type Active struct {
	Counter   uint64 // 0: a folder
	ID        string
	CreatedMs int64
	Rulebook  *rulebook.Rulebook
	Terms     consent.Terms
	Profile   []consent.Declared // every field of a person that features.yaml declares

	RulebookText string // the rulebook's digest as Text writes it

	slots   map[string]*Slot
	scorers map[string]*Scorer // by model
	bare    bool               // none of its models can run
}

// Slot is one slot of a release.
type Slot struct {
	*rulebook.Slot
	Book   *rules.Book
	Scorer *Scorer        // nil: no model scores
	Plan   *features.Plan // of the scorer's columns
}

// Scorer is a module with its model.
type Scorer struct {
	Name      string
	Module    *host.Module
	Shape     scoring.Shape
	Columns   []bundle.Column
	Code      [32]byte // digest of the module
	Model     [32]byte // digest of the bundle
	CreatedMs int64

	CodeText, ModelText string // the digests as Text writes them

	linear func() (*scoring.Linear, error)
	tally  tally
}

// Slot is the slot of that name, nil if the release has none.
func (a *Active) Slot(id string) *Slot { return a.slots[id] }

// Scorer is the one of a model by its digest, nil if it is not loaded.
func (a *Active) Scorer(model []byte) *Scorer {
	for _, s := range a.scorers {
		if bytes.Equal(s.Model[:], model) {
			return s
		}
	}
	return nil
}

// Linear is the model in plain Go: the reference, and what explains a score.
func (s *Scorer) Linear() (*scoring.Linear, error) { return s.linear() }

// Scored tells how a score went: nil, or why it failed.
func (s *Scorer) Scored(err error) { s.tally.add(err == nil) }

// Text is a digest as people are told it: "sha256:" and hexadecimal digits, or ""
// where there is none.
func Text(digest []byte) string {
	if len(digest) == 0 {
		return ""
	}
	return "sha256:" + hex.EncodeToString(digest)
}

// close ends lending; requests in flight keep what they borrowed.
func (a *Active) close() error {
	var errs []error
	for _, s := range a.scorers {
		errs = append(errs, s.Module.Close())
	}
	return errors.Join(errs...)
}

// source is where a release's bytes come from.
type source struct {
	engine *host.Engine
	scheme item.Scheme
	read   func(name string) ([]byte, error) // nil bytes: there is none
	skip   func(model [32]byte) bool         // in quarantine
}

const (
	modelPrefix  = "model/"
	rankingsName = modelPrefix + "rankings.json" // named so that the online role may refresh it
	maxRankings  = 4 << 20
)

// load makes a release ready to serve, or says what is wrong with it.
func (s *source) load(r *wire.Release) (a *Active, err error) {
	a = &Active{Counter: r.GetCounter(), ID: r.GetId(), CreatedMs: r.GetCreatedMs(), slots: map[string]*Slot{}, scorers: map[string]*Scorer{}}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%w: %w", ErrRelease, err), a.close())
			a = nil
		}
	}()
	if a.Rulebook, err = s.rulebook(); err != nil {
		return a, err
	}
	a.RulebookText = Text(a.Rulebook.Digest[:])
	a.Terms = consent.Terms{Regime: a.Rulebook.Regime, Lease: a.Rulebook.Lease}
	a.declare()
	offers, err := s.offers()
	if err != nil {
		return a, err
	}
	rankings, err := s.rankings()
	if err != nil {
		return a, err
	}
	for i := range a.Rulebook.Slots {
		slot := &a.Rulebook.Slots[i]
		one := &Slot{Slot: slot, Book: rules.New(a.Rulebook, slot, offers, rankings[slot.ID])}
		if one.Scorer, one.Plan, err = s.scorer(a, slot.Model, r); err != nil {
			return a, fmt.Errorf("model %s: %w", slot.Model, err)
		}
		a.slots[slot.ID] = one
	}
	return a, nil
}

func (s *source) rulebook() (*rulebook.Rulebook, error) {
	files := rulebook.Files{Purpose: func(text string) bool { return wire.Purpose(text).Valid() }}
	for name, to := range map[string]*[]byte{"slots.yaml": &files.Slots, "rules.yaml": &files.Rules, "features.yaml": &files.Features} {
		b, err := s.read(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		*to = b
	}
	return rulebook.Parse(files)
}

// declare lists the fields of persons; of one that is read for several purposes
// each counts.
func (a *Active) declare() {
	for _, f := range a.Rulebook.Features {
		if field, ok := strings.CutPrefix(f.Source, "profile."); ok {
			a.Profile = append(a.Profile, consent.Declared{Name: field, Purpose: wire.Purpose(f.Purpose), TTL: f.TTL})
		}
	}
}

func (s *source) offers() (offers []*wire.Offer, err error) {
	b, err := s.read("offers.csv")
	if err != nil || b == nil {
		return nil, err
	}
	for o, err := range item.Offers(bytes.NewReader(b), item.Options{Scheme: s.scheme}) {
		if err != nil {
			return nil, fmt.Errorf("offers.csv: %w", err)
		}
		offers = append(offers, o)
	}
	return offers, nil
}

func (s *source) rankings() (rankings map[string][]string, err error) {
	b, err := s.read(rankingsName)
	switch {
	case err != nil || b == nil:
		return nil, err
	case len(b) > maxRankings:
		return nil, errors.New(rankingsName + " is larger than 4 MiB")
	}
	if err := json.Unmarshal(b, &rankings); err != nil {
		return nil, fmt.Errorf("%s: %w", rankingsName, err)
	}
	return rankings, nil
}

// scorer admits the module of a model and tries it. A slot whose model is not
// there, or in quarantine, has none; slots of one model share it.
func (s *source) scorer(a *Active, model string, r *wire.Release) (*Scorer, *features.Plan, error) {
	one := a.scorers[model]
	b, err := s.read(modelPrefix + model)
	if err != nil || b == nil {
		return nil, nil, err
	}
	opened, err := bundle.Open(b)
	if err != nil {
		return nil, nil, err
	}
	plan, err := features.New(&opened.Manifest, a.Rulebook)
	if err != nil {
		return nil, nil, err
	}
	if one == nil {
		if one, err = s.admit(model, b, opened, r); err != nil || one == nil {
			return nil, nil, err
		}
		a.scorers[model] = one
	}
	return one, plan, nil
}

func (s *source) admit(model string, file []byte, b *bundle.Bundle, r *wire.Release) (*Scorer, error) {
	one := &Scorer{Name: model, Columns: b.Manifest.Columns, Model: digestOf(file), CreatedMs: b.Manifest.Created}
	if s.skip(one.Model) {
		return nil, nil
	}
	code, err := compile.Module(b)
	if err != nil {
		return nil, err
	}
	one.Code = digestOf(code)
	if !named(r, model, b.Manifest.Emitter, one.Code) {
		return nil, fmt.Errorf("the release names another module than the bundle's %s", hex.EncodeToString(one.Code[:8]))
	}
	one.CodeText, one.ModelText = Text(one.Code[:]), Text(one.Model[:])
	if one.Shape, err = b.Manifest.Shape(); err != nil {
		return nil, err
	}
	blob := b.Parts.Model
	one.linear = sync.OnceValues(func() (*scoring.Linear, error) { return scoring.Decode(blob) })
	if one.Module, err = s.engine.Admit(code, blob, host.Limits{}); err != nil {
		return nil, err
	}
	if err := one.Module.Preflight(b.Golden); err != nil {
		return nil, errors.Join(err, one.Module.Close())
	}
	return one, nil
}

// named tells whether the manifest names this module for a model. A folder has no
// manifest.
func named(r *wire.Release, model, emitter string, code [32]byte) bool {
	if r == nil {
		return true
	}
	for _, s := range r.Scorers {
		if s.Model == modelPrefix+model {
			return s.Emitter == emitter && bytes.Equal(s.Module, code[:])
		}
	}
	return false
}

// tally counts how a scorer does. Its limits are those of the package comment.
type tally struct {
	counts atomic.Uint64 // failures in the high half, scores in the low
	report func(failed bool)
	good   uint64 // scores that end being provisional
}

const (
	span        = 10_000
	maxFailures = 3
	enough      = 100 // scores of which a share can be told
)

func (t *tally) add(good bool) {
	delta := uint64(1)
	if !good {
		delta += 1 << 32
	}
	n := t.counts.Add(delta)
	failures, scores := n>>32, n&(1<<32-1)
	switch {
	case failures >= maxFailures || failures*100 > scores && scores >= enough:
		t.report(true)
	case failures == 0 && scores%t.good == 0:
		t.report(false)
	case scores >= span:
		t.counts.Store(0)
	}
}
