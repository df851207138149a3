package ranking

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/sync/wire"
)

// drawn explains an item that was shown or weighed, which the record alone does.
func (w *WhyNot) drawn(rec *wire.Decision) bool {
	row := slices.Index(rec.Items, w.ItemID)
	d, ok := parseDrawn(rec)
	if row < 0 || w.ItemID == "" || !ok {
		return false
	}
	if w.Probabilities = d.chances(row); row < len(rec.Shown) && !rec.Holdback {
		w.Verdict, w.Position = VerdictShown, row+1
		w.Text = fmt.Sprintf("it was shown at position %d, with a probability of %.3g", row+1, rec.Shown[row].Probability)
		if rec.Shown[row].Pinned {
			w.Text = fmt.Sprintf("it is pinned to position %d", row+1)
		}
	} else {
		w.Verdict = VerdictNotDrawn
		w.Text = "it was allowed and weighed, and others were drawn"
	}
	if math.IsInf(d.means[row], -1) {
		if w.Position == 0 {
			w.Verdict, w.Text = VerdictNotScored, "there was no time to score it, and exploration drew others"
		}
		return true
	}
	w.Rank = 1
	for k := range d.means {
		if k != row && d.before(k, row) && rec.Items[k] != "" {
			w.Rank++
		}
	}
	if rec.Holdback {
		w.Text = "it was allowed and weighed; showing nothing was drawn"
	}
	return true
}

// outdrawn explains an item that was allowed, and never among the contenders.
func (w *WhyNot) outdrawn(rec *wire.Decision) {
	w.Verdict, w.Text = VerdictNotDrawn, "it was allowed; others scored higher, and exploration drew others"
	if rec.Degraded == wire.Degraded_DEGRADED_SHORTLIST {
		w.Text = "it was allowed; it was not on the shortlist or scored lower, and exploration drew others"
	}
	if d, ok := parseDrawn(rec); ok {
		w.Probabilities = d.chances(-1)
	}
	if rec.Holdback {
		w.Text = "it was allowed; showing nothing was drawn"
	}
}

func (d *drawn) rank(row int) float64 {
	variance := 0.0
	if len(d.variances) > 0 {
		variance = d.variances[row]
	}
	return d.policy.Rank(d.means[row], variance)
}

// before tells whether row a is ranked before row b.
func (d *drawn) before(a, b int) bool {
	return cmp.Or(cmp.Compare(d.rank(b), d.rank(a)), cmp.Compare(d.candidates[a], d.candidates[b])) < 0
}

// chances are the probabilities of a row at each position, up to its own; -1 is one
// that was never weighed. Nil: not known.
func (d *drawn) chances(row int) (all []*float64) {
	above := map[uint32]bool{}
	for at, x := range d.Shown {
		p := d.chance(row, at, above)
		all = append(all, p)
		if above[d.candidates[at]] = true; at == row {
			p := x.Probability
			all[at] = &p
			break
		}
	}
	return all
}

func (d *drawn) chance(row, at int, above map[uint32]bool) *float64 {
	x := d.Shown[at]
	if x.Pinned || row >= 0 && row < len(d.Shown) && d.Shown[row].Pinned { // who is pinned stands nowhere else
		return new(float64)
	}
	c := explore.Choice{Policy: d.policy, Feasible: int(x.Feasible), Place: -1}
	rows := d.contenders(at, above)
	if len(x.Contenders) > 0 {
		c, _ = d.choice(at, above)
		rows = rows[:0]
		recorded, _ := wire.View[uint32](x.Contenders)
		for _, r := range recorded {
			rows = append(rows, int(r))
		}
	} else {
		for _, r := range rows {
			c.Means = append(c.Means, d.means[r])
			if len(d.variances) > 0 {
				c.Variances = append(c.Variances, d.variances[r])
			}
		}
	}
	c.IsNone = false
	if none := int(d.Candidates) - 1; at == 0 && d.Policy.GetNone() && !slices.ContainsFunc(d.Shown, func(x *wire.Shown) bool { return x.Pinned }) && d.allowed.Has(none) {
		c.NoneFloor = d.Policy.GetNoneFloor()
	}
	if c.Place = slices.Index(rows, row); row < 0 {
		c.Place = -1
	}
	if c.Place < 0 && d.masked(at) {
		return nil // it may have been kept out here
	}
	p, err := c.Probability()
	if err != nil {
		return nil
	}
	return &p
}

// contenders are the rows that were weighed at a position where no hook was at work.
func (d *drawn) contenders(at int, above map[uint32]bool) (rows []int) {
	pinned := map[uint32]bool{}
	for k, x := range d.Shown {
		if x.Pinned {
			pinned[d.candidates[k]] = true
		}
	}
	for r := range d.means {
		none := d.Policy.GetNone() && d.candidates[r] == d.Candidates-1
		if !above[d.candidates[r]] && !pinned[d.candidates[r]] && (!none || at == 0) {
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b int) int {
		if d.before(a, b) {
			return -1
		}
		return 1
	})
	return rows[:min(len(rows), explore.Contenders, int(d.Shown[at].Feasible))]
}

// masked tells whether something that was allowed and does not stand above, nor
// anywhere pinned, was not feasible at a position.
func (d *drawn) masked(at int) bool {
	free := d.allowed.Count()
	for k, x := range d.Shown {
		if k < at || x.Pinned {
			free--
		}
	}
	if d.Policy.GetNone() && (at > 0 || slices.ContainsFunc(d.Shown, func(x *wire.Shown) bool { return x.Pinned })) {
		free--
	}
	return int(d.Shown[at].Feasible) < free
}
