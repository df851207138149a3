package release

import (
	"bytes"
	"encoding/hex"
	"errors"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/persona"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/together"
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
	Profile   []consent.Declared // every field of a person that features.yaml and mixes declare

	Embeddings   *embedding.Table // of items, for mixing and diversity; nil: the release has none
	RulebookText string           // the rulebook's digest as Text writes it

	slots   map[string]*Slot
	scorers map[string]*Scorer // by model

	together *together.Pairs // nil: the release has none
	bare     bool            // none of its models can run
}

// Slot is one slot of a release.
type Slot struct {
	*rulebook.Slot
	Book   *rules.Book
	Scorer *Scorer           // nil: no model scores
	Plan   *features.Plan    // of the scorer's columns
	Tastes *consent.Declared // the field that lists are mixed by; nil: they are not
	Shelf  persona.Shelf     // of the slot's own candidates in the release's Embeddings
}

// Scorer is a module with its model, of any family.
type Scorer struct {
	Name      string
	Module    *host.Module
	Shape     abi.Shape
	Link      scoring.Link    // makes predictions of means; candidates are ranked by the first head's
	Columns   []bundle.Column // in frame order
	Terms     []string        // what contributions are of: "" for the bias, columns, crosses
	Code      [32]byte        // digest of the module
	Model     [32]byte        // digest of the bundle
	CreatedMs int64

	CodeText, ModelText string // the digests as Text writes them

	artifact  string                        // its name in a release
	reference func() (scoring.Model, error) // nil: there is none
	tally     tally
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

// Reference is the model in plain Go, nil where the module alone is the model: of
// trees, and of what others wrote.
func (s *Scorer) Reference() (scoring.Model, error) {
	if s.reference == nil {
		return nil, nil
	}
	return s.reference()
}

// Scored tells how a score went: nil, or why it failed. That all instances were in
// use counts for nothing: the module is not worse for it.
func (s *Scorer) Scored(err error) {
	if !errors.Is(err, host.ErrBusy) {
		s.tally.add(err == nil)
	}
}

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
