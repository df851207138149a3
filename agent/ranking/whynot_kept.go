package ranking

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/sync/wire"
)

// WhyKept is a position that an item could not have, though it was allowed.
type WhyKept struct {
	Position int      `json:"position" doc:"From 1"`
	By       KeptBy   `json:"by" enum:"pin,rule,pool"`
	Rule     string   `json:"rule,omitempty"`
	Kind     string   `json:"kind,omitempty"`
	Beside   []string `json:"beside,omitempty" doc:"Items of this answer that it could not stand beside"`
	Sure     bool     `json:"sure" doc:"False: it looks at what is not recorded, and may have been otherwise then"`
	Text     string   `json:"text"`
}

// KeptBy is what keeps an item out of a position.
type KeptBy string

const (
	KeptByPin  KeptBy = "pin"  // the position is pinned to another
	KeptByRule KeptBy = "rule" // a rule about what stands together
	KeptByPool KeptBy = "pool" // the position was drawn from others: promoted ones, a taste, a tier, or what a budget lasts for
)

// keeps tells of each position up to the item's own whether it could have stood there,
// as far as the record and the rules say. Candidate i of of is the item.
func (w *WhyNot) keeps(rec *wire.Decision, slot *release.Slot, of *rules.Candidates, i int, a rules.Asked, t *teller) {
	d, ok := parseDrawn(rec)
	if !ok || rec.Holdback || int(rec.Candidates) < of.Len() {
		return
	}
	stand := make([]int, 0, len(rec.Shown))
	for k, x := range rec.Shown {
		if x.Pinned {
			stand = append(stand, int(d.candidates[k])) // pins stand before anything is drawn
		}
	}
	own := slices.Index(rec.Items[:len(rec.Shown)], w.ItemID)
	if own >= 0 && rec.Shown[own].Pinned {
		return
	}
	for k, x := range rec.Shown {
		if k == own {
			break
		}
		if x.Pinned {
			w.Kept = append(w.Kept, WhyKept{k + 1, KeptByPin, "", "", []string{rec.Items[k]}, true, t.kept("pin", k+1, "", rec.Items[k])})
			continue
		}
		w.keep(&d, slot, of, i, k, stand, a, t)
		stand = append(stand, int(d.candidates[k]))
	}
}

// keep is keeps of one drawn position.
func (w *WhyNot) keep(d *drawn, slot *release.Slot, of *rules.Candidates, i, k int, stand []int, a rules.Asked, t *teller) {
	x := d.Shown[k]
	contenders, err := wire.View[uint32](x.Contenders)
	if err != nil || len(contenders) == 0 { // nothing was masked
		return
	}
	if slices.ContainsFunc(contenders, func(row uint32) bool { return int(row) < len(d.Items) && d.Items[row] == w.ItemID }) {
		return
	}
	out := len(contenders) == int(x.Feasible) // all that could stand there are recorded, and it is none of them
	apart, pools := of.Apart(i, stand, a), t.pools(d, slot, of, i, contenders)
	for _, r := range apart {
		one := WhyKept{Position: k + 1, By: KeptByRule, Rule: r.Rule, Kind: r.Kind, Sure: r.Sure || out && len(apart) == 1 && len(pools) == 0}
		for _, j := range r.Beside {
			one.Beside = append(one.Beside, of.ID(j))
		}
		text := cmp.Or(t.ofRule(r.Rule, r.Kind), r.Text)
		one.Text = strings.ReplaceAll(t.kept("rule", k+1, r.Rule, text), "{beside}", strings.Join(one.Beside, t.words.KeptText("and")))
		w.Kept = append(w.Kept, one)
	}
	if out && len(pools) > 0 && !slices.ContainsFunc(apart, func(r rules.Apart) bool { return r.Sure }) {
		w.Kept = append(w.Kept, WhyKept{Position: k + 1, By: KeptByPool, Sure: len(pools) == 1 && len(apart) == 0,
			Text: t.kept("pool", k+1, "", strings.Join(pools, t.words.KeptText("or")))})
	}
	if out && k < len(w.Probabilities) {
		w.Probabilities[k] = new(float64)
	}
}

// pools are what the slot has that may have kept a candidate out of a position that was
// drawn from others.
func (t *teller) pools(d *drawn, slot *release.Slot, of *rules.Candidates, i int, contenders []uint32) (all []string) {
	promoted := slot.Promoted != nil && !of.Promoted(i)
	for _, row := range contenders {
		if j := int(d.candidates[row]); j < of.Len() && !of.Promoted(j) {
			promoted = false
		}
	}
	if promoted {
		all = append(all, t.words.KeptText("promoted"))
	}
	if slot.Tastes != nil && len(d.Pseudonym) > 0 {
		all = append(all, t.words.KeptText("taste"))
	}
	if slot.Arbitration != nil && slot.Arbitration.Tiers {
		all = append(all, t.words.KeptText("tier"))
	}
	if of.OnBudget(i) {
		all = append(all, t.words.KeptText("budget"))
	}
	return all
}

// kept says what keeps an item out of a position.
func (t *teller) kept(what string, position int, rule, it string) string {
	return strings.NewReplacer("{position}", fmt.Sprint(position), "{rule}", rule, "{it}", it).Replace(t.words.KeptText(what))
}

// tellKept says in the text what a rule about what stands together did.
func (t *teller) tellKept(w *WhyNot) {
	if w.Verdict == VerdictShown {
		return
	}
	first := slices.IndexFunc(w.Kept, func(k WhyKept) bool { return k.By == KeptByRule && k.Sure })
	if first < 0 {
		return
	}
	k, before := w.Kept[first], map[int]bool{}
	for _, one := range w.Kept[:first] {
		before[one.Position] = true
	}
	if len(before) == k.Position-1 { // it never had a chance
		w.Text = t.kept("never", k.Position, k.Rule, k.Text)
		return
	}
	w.Text = strings.ReplaceAll(t.kept("later", k.Position, k.Rule, k.Text), "{verdict}", w.Text)
}
