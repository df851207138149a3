package registry

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/together"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	modelPrefix = "model/"
	// rankingsFile is named like a model because it is one: learned, and refreshed
	// with the others by the online role. No slot's model may be called so.
	rankingsName = "rankings.json"
	rankingsFile = modelPrefix + rankingsName
	// togetherName, likewise: a node reads how well items go together from there. A
	// folder has it where a feature asks, so that a refresh has no more than it.
	togetherName = "together.bin"
	togetherFile = modelPrefix + togetherName
	// embeddingsFile likewise; a release has it whose rulebook needs it.
	embeddingsName = "embeddings"
	embeddingsFile = modelPrefix + embeddingsName
)

// Learned is what training adds to a folder.
type Learned struct {
	Models   map[string]*scoring.Linear // by name; a missing one is released knowing nothing
	Rankings map[string][]string        // by slot: item ids, best first; a missing one is empty
	Together *together.Pairs            // nil: nothing is known to go with anything

	Embeddings *embedding.Table // of items; nil is released as none
}

// Header is what a release says of itself.
type Header struct {
	Counter    uint64 // above that of every release before
	MinCounter uint64 // a node alone may go back no further
	CreatedMs  int64  // Unix ms
	Note       string
}

// Release is a manifest with the artifacts that it names.
type Release struct {
	*wire.Release
	Manifest  []byte            // the release encoded: these bytes are signed
	Artifacts map[string][]byte // by name
}

// Assemble makes a release of a folder and what was learned. Every model is
// sealed with golden vectors, and a module is made of it, admitted and compared
// with them, by the engine that nodes use and by the interpreter, before
// anything is returned.
func (f *Folder) Assemble(h Header, learned Learned) (*Release, error) {
	r := &Release{
		Release:   &wire.Release{Counter: h.Counter, MinCounter: h.MinCounter, CreatedMs: h.CreatedMs, Note: h.Note},
		Artifacts: make(map[string][]byte),
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("assemble release %d: %w", h.Counter, err)
	}
	r.Id = id.String()
	for _, name := range files {
		if b, ok := f.bytes[name]; ok {
			r.add(name, b)
		}
	}
	rankings, err := f.rankings(learned.Rankings)
	if err != nil {
		return nil, fmt.Errorf("assemble release %d: encode rankings: %w", h.Counter, err)
	}
	r.add(rankingsFile, rankings)
	if f.Rulebook.Embeds() {
		r.add(embeddingsFile, embeddings(learned.Embeddings))
	}
	if f.Together() {
		r.add(togetherFile, cmp.Or(learned.Together, &together.Pairs{}).Append(nil))
	}
	for _, name := range f.Models() {
		if err := f.addModel(r, name, learned.Models[name]); err != nil {
			return nil, fmt.Errorf("assemble release %d: model %s: %w", h.Counter, name, err)
		}
	}
	f.addOwn(r)
	if r.Manifest, err = wire.AppendMessage(nil, r.Release); err != nil {
		return nil, fmt.Errorf("assemble release %d: %w", h.Counter, err)
	}
	return r, nil
}

func (r *Release) add(name string, b []byte) {
	digest := sha256.Sum256(b)
	r.Artifacts[name] = b
	r.Release.Artifacts = append(r.Release.Artifacts, &wire.Artifact{Name: name, Digest: digest[:], Size: uint64(len(b))})
}

// Together tells whether a feature reads which items go together.
func (f *Folder) Together() bool {
	return slices.ContainsFunc(f.Rulebook.Features, func(x rulebook.Feature) bool { return x.Source == rulebook.BasketFit })
}

// rankings is model/rankings.json: an object of slots, each a list of item ids.
func (f *Folder) rankings(learned map[string][]string) ([]byte, error) {
	out := make(map[string][]string)
	for _, s := range f.Rulebook.Slots {
		out[s.ID] = append([]string{}, learned[s.ID]...) // never null
	}
	return json.Marshal(out)
}

// embeddings is model/embeddings, see package embedding.
func embeddings(t *embedding.Table) []byte {
	if t == nil {
		t = new(embedding.Table)
	}
	return t.Append(nil)
}

func (f *Folder) addModel(r *Release, name string, model *scoring.Linear) error {
	if model == nil {
		var err error
		if model, err = scoring.New(f.shape); err != nil {
			return err
		}
	}
	sealed, module, err := f.seal(model, r.CreatedMs)
	if err != nil {
		return err
	}
	if err := preflight(sealed); err != nil {
		return fmt.Errorf("preflight: %w", err)
	}
	digest, err := hex.DecodeString(module)
	if err != nil {
		return err
	}
	r.add(modelPrefix+name, sealed)
	r.Scorers = append(r.Scorers, &wire.Scorer{Model: modelPrefix + name, Emitter: compile.Emitter, Module: digest})
	return nil
}

// seal makes the bundle of a model and the digest of its module.
func (f *Folder) seal(model *scoring.Linear, createdMs int64) (sealed []byte, module string, err error) {
	code, err := compile.Linear(f.shape)
	if err != nil {
		return nil, "", err
	}
	m := f.manifest
	m.Created, m.Emitter, m.Module = createdMs, compile.Emitter, compile.Digest(code)
	golden, err := bundle.Golden(model)
	if err != nil {
		return nil, "", err
	}
	blob, err := model.Encode()
	if err != nil {
		return nil, "", err
	}
	sealed, err = bundle.Seal(m, bundle.Parts{Model: blob, Golden: golden})
	return sealed, m.Module, err
}

// preflight does with a bundle what a node does before it activates it.
func preflight(sealed []byte) error {
	b, err := bundle.Open(sealed)
	if err != nil {
		return err
	}
	code, err := compile.Module(b)
	if err != nil {
		return err
	}
	for _, interpreter := range []bool{false, true} {
		if err := fly(b, code, interpreter); err != nil {
			return err
		}
	}
	return nil
}

func fly(b *bundle.Bundle, code []byte, interpreter bool) error {
	engine, err := host.Open(host.Options{Interpreter: interpreter})
	if err != nil {
		return err
	}
	defer engine.Close()
	limits := host.LimitsOf(b)
	limits.Instances = 1
	m, err := engine.Admit(code, b.Blob(), limits)
	if err != nil {
		return err
	}
	defer m.Close()
	if err := m.Preflight(b.Golden); err != nil || b.Manifest.Family != bundle.FamilyOwn {
		return err
	}
	return m.Tells(b.Golden, b.Manifest.Terms())
}
