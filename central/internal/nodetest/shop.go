package nodetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/wire"
)

// The shop: six items, three kinds of weather, and one slot that shows one item.
// Whoever comes takes an item that suits the weather six times of ten, another
// one time of ten. Item a is taken a little more often than the rest.
var (
	items    = []string{"a", "b", "c", "d", "e", "f"}
	weathers = []string{"sun", "rain", "snow"}
)

const (
	slots = `version: 0
salt: 3f00112233445566778899aabbccddeeff00112233445566778899aabbccddee
slots:
  - id: hero
    kind: content
    source: {items: [a, b, c, d, e, f]}
    policy: {kind: epsilon_greedy, epsilon: 0.1}
    experiment:
      id: loop
      arms:
        - {id: learned, share: 0.5, policy: learned}
        - {id: fixed, share: 0.2, policy: fixed}
        - {id: random, share: 0.3, policy: uniform}
    reward: {weights: {click: 1}, range: [0, 1], wait: 300ms}
`
	rules = `version: 0
rules:
  - {id: live, kind: active}
`
	features = `version: 0
features:
  - {name: weather, scope: context, kind: hashed, source: context.weather}
  - {name: item, scope: item, kind: hashed, source: item.id}
crosses: [[weather, item]]
bits: 8
hash: xx64
`
	offers = "id,title,kind,target\n"
)

// Files are those of the shop's release folder, by name.
func Files() map[string]string {
	return map[string]string{"slots.yaml": slots, "rules.yaml": rules, "features.yaml": features, "offers.csv": offers}
}

// Folder writes the shop's release folder.
func Folder(dir string) error {
	for name, text := range Files() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// errModel says that a signed release has no sound model.
var errModel = errors.New("release without a sound model")

// model is what a release says about the shop.
type model struct {
	counter uint64
	columns [8]byte
	linear  *scoring.Linear
	ranking []string
}

func (n *Node) load(r *wire.Release) (model, error) {
	m := model{counter: r.Counter}
	for _, a := range r.Artifacts {
		b, err := n.artifacts.Read(artifact.Digest(a.Digest))
		if err != nil {
			return m, err
		}
		switch a.Name {
		case "model/hero":
			opened, err := bundle.Open(b)
			if err != nil {
				return m, fmt.Errorf("%w: %w", errModel, err)
			}
			m.columns = opened.Manifest.ColumnSet()
			if m.linear, err = scoring.Decode(opened.Model); err != nil {
				return m, fmt.Errorf("%w: %w", errModel, err)
			}
		case "model/rankings.json":
			var rankings map[string][]string
			if err := json.Unmarshal(b, &rankings); err != nil {
				return m, fmt.Errorf("%w: %w", errModel, err)
			}
			m.ranking = rankings["hero"]
		}
	}
	if m.linear == nil {
		return m, errModel
	}
	return m, nil
}

// Visit is what one customer leaves in the log: a decision by the release that
// runs, and an outcome if they took the item. Nothing before the first release.
func (n *Node) Visit(rng *rand.Rand) []*wire.Record {
	n.mu.Lock()
	m := n.model
	n.mu.Unlock()
	if m.linear == nil {
		return nil
	}
	weather := rng.IntN(len(weathers))
	arm, shown, p := m.draw(rng, weathers[weather])
	id := uuid.Must(uuid.NewV7())
	d := &wire.Decision{
		Id: id[:], EventId: id.String(), Slot: "hero", Site: n.Site,
		Arms: []*wire.Arm{{Experiment: "loop", Arm: arm}}, Versions: &wire.Versions{Release: m.counter},
		Items: []string{items[shown]},
		Features: &wire.Features{
			Columns:            m.columns[:],
			ContextCategorical: wire.Pack(nil, []uint32{scoring.XX64.ID("weather", weathers[weather])}),
			Categorical:        wire.Pack(nil, []uint32{scoring.XX64.ID("item", items[shown])}),
		},
		Shown: []*wire.Shown{{Probability: p, Feasible: uint32(len(items))}},
	}
	records := []*wire.Record{{Body: &wire.Record_Decision{Decision: d}}}
	if takes(rng, weather, shown) {
		records = append(records, &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{
			Id: "o-" + id.String(), EventId: d.EventId, Decision: d.Id, Slot: "hero", Item: items[shown],
			Type: wire.OutcomeType_OUTCOME_CLICK, Quantity: 1, JoinedBy: "event",
		}}})
	}
	return records
}

func takes(rng *rand.Rand, weather, item int) bool {
	likely := 0.1
	if item%len(weathers) == weather {
		likely = 0.6
	}
	if items[item] == "a" {
		likely += 0.1
	}
	return rng.Float64() < likely
}

// draw chooses an arm and an item, and says with what probability given the arm.
func (m *model) draw(rng *rand.Rand, weather string) (arm string, item int, p float64) {
	n := float64(len(items))
	switch x := rng.Float64(); {
	case x < 0.5:
		const epsilon = 0.1
		best := m.best(weather)
		item = best
		if rng.Float64() < epsilon {
			item = rng.IntN(len(items))
		}
		if p = epsilon / n; item == best {
			p += 1 - epsilon
		}
		return "learned", item, p
	case x < 0.7:
		for i, id := range items {
			if len(m.ranking) > 0 && m.ranking[0] == id {
				item = i
			}
		}
		return "fixed", item, 1
	}
	return "random", rng.IntN(len(items)), 1 / n
}

func (m *model) best(weather string) (best int) {
	highest := 0.0
	for i, id := range items {
		terms := m.linear.Terms(nil, scoring.Row{
			ContextCategorical: []uint32{scoring.XX64.ID("weather", weather)},
			Categorical:        []uint32{scoring.XX64.ID("item", id)},
		})
		if mean, _ := m.linear.Heads[0].Sum(terms); i == 0 || mean > highest {
			best, highest = i, mean
		}
	}
	return best
}
