package training

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// state is all that was learned and all that waits.
type state struct {
	cfg     *Config
	slots   map[string]*slot
	models  map[string]*learner
	join    join
	baskets baskets
	stats   Stats
	clock   int64 // receipt of the last file; never falls
	faded   int64 // receipt up to which what was learned has faded

	restoring bool // files before a checkpoint's place are read again, for decisions that wait

	decision decisionView // reused
	told     outcomeView  // reused
	own      []outcome    // reused

	// what decisions that wait are made of
	decisions slab[decision]
	shown     slab[shown]
	floats    slab[float32]
	ids       slab[uint32]
}

// slot is a slot with what its decisions earned.
type slot struct {
	*rulebook.Slot
	waitMs  int64
	rewards rewards
	model   *learner // nil: nothing to learn
	uniform int      // arm of uniform draws, -1: none
	arms    []experiment.Moments
	items   map[string]*itemMean // of the uniform arm
}

// itemMean is the faded count and sum of rewards of an item.
type itemMean struct{ N, Sum float64 }

func newState(cfg *Config) (*state, error) {
	s := &state{cfg: cfg, slots: make(map[string]*slot), models: make(map[string]*learner), join: newJoin()}
	for i := range cfg.Slots {
		c := &cfg.Slots[i]
		model := s.models[c.Model]
		if m, known := cfg.Models[c.Model]; known && model == nil {
			if err := m.Shape.Validate(); err != nil {
				return nil, fmt.Errorf("model %s: %w", c.Model, err)
			}
			model = newLearner(m, span(c), cfg.PriorVariance)
			s.models[c.Model] = model
		}
		x := &slot{Slot: c, waitMs: c.Reward.Wait.Milliseconds(), rewards: newRewards(c.Reward), model: model, uniform: -1, items: make(map[string]*itemMean)}
		if c.Experiment != nil {
			x.arms = make([]experiment.Moments, len(c.Experiment.Arms))
			x.uniform = slices.IndexFunc(c.Experiment.Arms, func(a rulebook.Arm) bool { return a.Policy == rulebook.Uniform })
		}
		s.slots[c.ID] = x
	}
	return s, nil
}

// span is how far apart the rewards of two positions can be.
func span(s *rulebook.Slot) float64 { return s.Reward.Range[1] - s.Reward.Range[0] }

// snapshot copies what was learned.
func (s *state) snapshot() Snapshot {
	out := Snapshot{Models: make(map[string]*scoring.Linear), Rankings: make(map[string][]string)}
	out.Stats, out.Arms = s.progress()
	for name, m := range s.models {
		out.Models[name] = m.linear()
	}
	for id, x := range s.slots {
		out.Rankings[id] = x.ranking()
	}
	out.Baskets = s.baskets.copied()
	return out
}

// progress is the part of a snapshot that costs little.
func (s *state) progress() (Stats, map[string][]Arm) {
	stats, arms := s.stats, make(map[string][]Arm)
	stats.Pending, stats.Orphans = len(s.join.byID), s.join.orphans.alone
	for id, x := range s.slots {
		if x.Experiment == nil {
			continue
		}
		for i, a := range x.Experiment.Arms {
			arms[id] = append(arms[id], Arm{ID: a.ID, Policy: a.Policy, Share: a.Share, Range: span(x.Slot) * float64(x.Count), Rewards: x.arms[i]})
		}
	}
	return stats, arms
}

// shrink is how many rewards of the slot's mean an item starts with, so that one
// lucky sale does not put it first.
const shrink = 5

// ranking orders the items of the uniform arm by their mean reward.
func (x *slot) ranking() []string {
	var n, sum float64
	ids := slices.Sorted(maps.Keys(x.items)) // sums in a fixed order
	for _, id := range ids {
		n, sum = n+x.items[id].N, sum+x.items[id].Sum
	}
	mean := func(id string) float64 {
		i := x.items[id]
		return (i.Sum + shrink*sum/n) / (i.N + shrink)
	}
	slices.SortStableFunc(ids, func(a, b string) int { return cmp.Compare(mean(b), mean(a)) })
	return ids
}
