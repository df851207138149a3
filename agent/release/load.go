package release

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/together"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// source is where a release's bytes come from.
type source struct {
	engine *host.Engine
	scheme item.Scheme
	read   func(name string) ([]byte, error) // nil bytes: there is none
	share  func(*item.Share) bool            // is this node's; nil: it has all of every budget
	skip   func(model [32]byte) bool         // in quarantine
}

const (
	modelPrefix  = "model/"
	ownPrefix    = "own/"                        // of models that are not learned, and no online role may change
	scorerExt    = ".wasm"                       // of a scorer file, in a folder
	rankingsName = modelPrefix + "rankings.json" // named so that the online role may refresh it
	togetherName = modelPrefix + "together.bin"  // likewise
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
	a.Terms = consent.Terms{Regime: a.Rulebook.Regime, Lease: a.Rulebook.Lease, Strings: a.Rulebook.Consent}
	a.declare()
	offers, err := s.offers(a.Rulebook)
	if err != nil {
		return a, err
	}
	rankings, err := s.rankings()
	if err != nil {
		return a, err
	}
	if a.together, err = s.together(); err != nil {
		return a, err
	}
	if a.Embeddings, err = s.embeddings(); err != nil {
		return a, err
	}
	for i := range a.Rulebook.Slots {
		slot := &a.Rulebook.Slots[i]
		one := &Slot{Slot: slot, Tastes: tastes(slot), Book: rules.New(a.Rulebook, slot, offers, rankings[slot.ID])}
		if one.Scorer, one.Plan, err = s.scorer(a, slot.Model, r); err != nil {
			return a, fmt.Errorf("model %s: %w", slot.Model, err)
		}
		if one.Scorer != nil && slot.Policy.Kind.Varies() && !one.Scorer.Shape.Variance {
			return a, fmt.Errorf("model %s: has no variance, which slot %s draws by; give the slot another policy than %s", slot.Model, slot.ID, slot.Policy.Kind)
		}
		a.slots[slot.ID] = one
	}
	return a, nil
}

func (s *source) rulebook() (*rulebook.Rulebook, error) {
	files := rulebook.Files{Purpose: func(text string) bool { return wire.Purpose(text).Valid() }, Item: s.scheme.Form}
	for name, to := range map[string]*[]byte{"slots.yaml": &files.Slots, "rules.yaml": &files.Rules, "features.yaml": &files.Features} {
		b, err := s.read(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		*to = b
	}
	return rulebook.Parse(files)
}

// declare lists the fields of persons, for features and for mixing; of one that is
// read for several purposes each counts.
func (a *Active) declare() {
	for _, f := range a.Rulebook.Features {
		if field, ok := features.Field(f.Source); ok {
			a.Profile = append(a.Profile, consent.Declared{Name: field, Purpose: wire.Purpose(f.Purpose), TTL: f.TTL})
		}
	}
	for i := range a.Rulebook.Slots {
		if d := tastes(&a.Rulebook.Slots[i]); d != nil && !slices.Contains(a.Profile, *d) {
			a.Profile = append(a.Profile, *d)
		}
	}
}

// together reads which items go together.
func (s *source) together() (*together.Pairs, error) {
	b, err := s.read(togetherName)
	if err != nil || b == nil {
		return nil, err
	}
	p, err := together.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", togetherName, err)
	}
	return p, nil
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
