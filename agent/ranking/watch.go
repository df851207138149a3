package ranking

import (
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Watched is how a slot's choices spread, over its last full window of decisions.
type Watched struct {
	Slot      string  `json:"slot"`
	Decisions uint64  `json:"decisions" doc:"Since the start"`
	Evenness  float64 `json:"evenness" doc:"Mean entropy of the first position as a share of the greatest"`
	TopItem   string  `json:"topItem,omitempty" doc:"What was shown first most often"`
	TopShare  float64 `json:"topShare" doc:"And how often, at least"`
	Feasible  float64 `json:"feasible" doc:"Mean number of candidates to choose among"`
	Cause     Cause   `json:"cause,omitempty" enum:"candidates,rules,stock,pins,baseline,scores,policy,preference" doc:"Set while the choices have collapsed: why, most likely"`
	Text      string  `json:"text,omitempty"`
	Since     int64   `json:"sinceMs,omitempty" doc:"Node time of the decision that raised the alarm"`
}

// Cause is what most likely made a slot's choices collapse.
type Cause string

const (
	FewCandidates Cause = "candidates" // the source gives few
	FewByRules    Cause = "rules"      // a rule leaves few
	FewInStock    Cause = "stock"      // stock does
	OnlyPins      Cause = "pins"
	OnlyBaseline  Cause = "baseline"   // no model scores
	OddScores     Cause = "scores"     // they lie further apart than rewards can
	LittleChance  Cause = "policy"     // epsilon too small, gamma too large, temperature too low
	OneFavourite  Cause = "preference" // the model puts one item first whatever the context
)

const (
	watchWindow  = 200  // decisions
	leastEven    = 0.05 // below it nothing is explored
	mostOfOne    = 0.9  // shown first more often than this: one item
	leastChoice  = 2.0  // candidates
	littleChance = 0.01 // of an epsilon
	favourites   = 8    // counters of what is shown first
)

// window is what is summed up of the decisions of one slot.
type window struct {
	n                                 int
	evenness, feasible, candidates    float64
	epsilon, gap, sharpness, contends float64 // sharpness: gamma, or one over the temperature
	scored, unscored, pinned          int
	removed                           []rules.Count
	stock                             string                // the rule that counts for stock
	items                             [favourites]favourite // Misra and Gries (1982): what has more than a ninth is among them
}

type favourite struct {
	id string
	n  int
}

// watch is one slot's.
type watch struct {
	mu sync.Mutex
	// guarded by mu
	window
	last  Watched
	total uint64
}

// watches are those of the slots that were decided for: as few as releases name.
type watches struct{ bySlot sync.Map } // *watch by slot

// Watch tells how the choices of the slots of the release that runs spread.
func (d *Decider) Watch() (all []Watched) {
	active := d.opt.Releases.Active()
	if active == nil {
		return nil
	}
	for i := range active.Rulebook.Slots {
		w, ok := d.watches.bySlot.Load(active.Rulebook.Slots[i].ID)
		if !ok {
			continue
		}
		w.(*watch).mu.Lock()
		one := w.(*watch).last
		one.Slot, one.Decisions = active.Rulebook.Slots[i].ID, w.(*watch).total
		w.(*watch).mu.Unlock()
		if one.Decisions >= watchWindow {
			all = append(all, one)
		}
	}
	return all
}

// watch takes in a decision. One whose slot or arm is to show one order, and nothing
// else, says nothing.
func (s *scratch) watch() {
	if s.slot.Mode != rulebook.Online || s.policy.Kind == explore.Fixed {
		return
	}
	found, ok := s.d.watches.bySlot.Load(s.slot.ID)
	if !ok {
		found, _ = s.d.watches.bySlot.LoadOrStore(s.slot.ID, new(watch))
	}
	w := found.(*watch)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.total++
	s.sumUp(&w.window)
	if w.n < watchWindow {
		return
	}
	now := w.window.judge()
	if now.Cause != "" {
		if now.Since = w.last.Since; w.last.Cause == "" {
			now.Since = s.now
		}
	}
	if now.Cause != w.last.Cause {
		tellWatch(s.slot.ID, &now)
	}
	w.last, w.window = now, window{removed: w.removed[:0]}
}

func tellWatch(slot string, w *Watched) {
	if w.Cause == "" {
		slog.Info("a slot's choices spread again", "slot", slot, "evenness", w.Evenness)
		return
	}
	slog.Warn("a slot's choices have collapsed", "slot", slot, "cause", string(w.Cause), "why", w.Text)
}

// sumUp adds the decision that was just made.
func (s *scratch) sumUp(w *window) {
	w.n++
	w.candidates += float64(s.of.Len())
	w.stock = s.slot.Book.StockRule()
	for _, c := range s.allowed.Removed {
		w.remove(c)
	}
	if !s.scored {
		w.unscored++
	}
	if len(s.slate.Positions) == 0 {
		w.evenness++ // there was no choice
		return
	}
	p := s.slate.Positions[0]
	w.show(s.name(p.Candidate), s.of.IDs != nil)
	w.evenness += s.slate.Evenness(p)
	w.feasible += float64(p.Feasible)
	if p.Pinned {
		w.pinned++
		return
	}
	w.epsilon += s.policy.Epsilon
	if s.policy.Kind == explore.Uniform {
		w.epsilon += 1 - s.policy.Epsilon
	}
	if _, means := s.slate.Weighed(p); s.scored && len(means) > 1 {
		w.scored++
		w.contends += float64(len(means))
		if best, next := slices.Max(means), means[1]; !math.IsInf(next, -1) {
			w.gap += max(0, best-next)
		}
		switch s.policy.Kind {
		case explore.SquareCB:
			w.sharpness += s.policy.Gamma
		case explore.Softmax:
			w.sharpness += 1 / s.policy.Temperature
		}
	}
}

func (w *window) remove(c rules.Count) {
	i := slices.IndexFunc(w.removed, func(r rules.Count) bool { return r.Rule == c.Rule })
	if i < 0 {
		w.removed = append(w.removed, c) // as few as the rulebook has rules
		return
	}
	w.removed[i].N += c.N
}

// show counts what was shown first; the text of a given one is the request's.
func (w *window) show(id string, given bool) {
	free := -1
	for i := range w.items {
		if w.items[i].n > 0 && w.items[i].id == id {
			w.items[i].n++
			return
		}
		if w.items[i].n == 0 {
			free = i
		}
	}
	if free >= 0 {
		if given {
			id = strings.Clone(id)
		}
		w.items[free] = favourite{id, 1}
		return
	}
	for i := range w.items {
		w.items[i].n--
	}
}

// judge tells how a window's choices spread, and why they do not.
func (w *window) judge() (now Watched) {
	n := float64(w.n)
	top := w.items[0]
	for _, one := range w.items {
		if one.n > top.n {
			top = one
		}
	}
	now = Watched{Evenness: w.evenness / n, TopItem: top.id, TopShare: float64(top.n) / n, Feasible: w.feasible / n}
	if now.Evenness < leastEven || now.TopShare > mostOfOne || now.Feasible < leastChoice {
		now.Cause, now.Text = w.cause(&now)
	}
	return now
}

// cause is the likeliest reason, and what to look at.
func (w *window) cause(now *Watched) (Cause, string) {
	n := float64(w.n)
	switch {
	case float64(w.pinned) > mostOfOne*n:
		return OnlyPins, "pins fill the first position; look at pins in slots.yaml"
	case now.Feasible < leastChoice && w.candidates/n < leastChoice:
		return FewCandidates, "the slot's source, or the caller, gives fewer than two candidates; widen the source in slots.yaml"
	case now.Feasible < leastChoice:
		return w.few()
	case float64(w.unscored) > n/2:
		return OnlyBaseline, "no model scored, so the slot's order stands; look at the release's model, and at degraded decisions"
	case now.Evenness < leastEven && w.epsilon/n < littleChance:
		return LittleChance, fmt.Sprintf("epsilon is %.3g on average; raise epsilon or budget in slots.yaml", w.epsilon/n)
	}
	if w.scored > 0 {
		scored := float64(w.scored)
		gap, sharp, others := w.gap/scored, w.sharpness/scored, w.contends/scored
		switch {
		case gap > wideGap:
			return OddScores, fmt.Sprintf("the best score is %.3g above the next, more than rewards differ; look at the model", gap)
		case sharp > 0 && gap*sharp > steep*others:
			return LittleChance, fmt.Sprintf("a gap of %.3g in score leaves the others next to nothing; lower gamma, or raise temperature, in slots.yaml", gap)
		}
	}
	return OneFavourite, "the model puts one item first in nearly every context; look at whether its features tell contexts apart"
}

const (
	wideGap = 10.0 // in units of reward
	steep   = 10.0
)

// few tells which rule removes most.
func (w *window) few() (Cause, string) {
	if len(w.removed) == 0 {
		return FewByRules, "fewer than two candidates can stand in the first position; look at the rules about what stands together"
	}
	most := slices.MaxFunc(w.removed, func(a, b rules.Count) int { return a.N - b.N })
	if most.Rule == w.stock {
		return FewInStock, fmt.Sprintf("too little is in stock: %.0f of %.0f candidates can't be promised", float64(most.N)/float64(w.n), w.candidates/float64(w.n))
	}
	text := fmt.Sprintf("rules leave fewer than two candidates; %s removes most, %.0f of %.0f", most.Rule, float64(most.N)/float64(w.n), w.candidates/float64(w.n))
	return FewByRules, text
}
