package rules

import (
	"fmt"

	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Apart is a rule about what stands together that keeps a candidate out.
type Apart struct {
	Cause
	Beside []int // candidates that stand
}

// Apart is every such rule of the slot that keeps candidate i from standing in an
// answer in which others stand. a is that of Explain, and sure means the same.
func (c *Candidates) Apart(i int, stand []int, a Asked) (all []Apart) {
	a.Context, a.Profile, a.Granted = nil, nil, nil
	b := c.View.book
	var dst Allowed
	for k := range b.later {
		r, s := &b.later[k], &c.View.scopes[k]
		if r.shares() {
			all = append(all, c.full(r, s, i, stand, &a)...)
			continue
		}
		if r.Kind != rulebook.Limit && r.Kind != rulebook.Separate {
			continue
		}
		dst.Bits = sized(dst.Bits, c.Len())
		dst.Bits.Fill(c.Len())
		dst.prepare(c, &a)
		applies := dst.aim(c, r, s)
		if b.open(r) { // it may apply wherever it can
			copy(dst.target, c.set(s.base))
		} else if !applies {
			continue
		}
		if beside := c.beside(&dst, r, s.group, i, stand); beside != nil {
			all = append(all, Apart{Cause{r.ID, string(r.Kind), true, !b.open(r), apartText(r)}, beside})
		}
	}
	return all
}

// beside are those that stand that the rule does not let candidate i stand beside.
func (c *Candidates) beside(dst *Allowed, r *rule, g *grouping, i int, stand []int) (beside []int) {
	own := g.at(c.Places[i])
	if own == 0 || !dst.target.Has(i) {
		return nil
	}
	for _, j := range stand {
		if j >= c.Len() || !dst.target.Has(j) {
			continue
		}
		other := g.at(c.Places[j])
		if r.Kind == rulebook.Limit && other == own || r.Kind == rulebook.Separate && other != 0 && other != own {
			beside = append(beside, j)
		}
	}
	if r.Kind == rulebook.Limit && len(beside) < r.Count {
		return nil
	}
	return beside
}

// full is a cap of which nothing is left for candidate i where others stand; none if
// something is.
func (c *Candidates) full(r *rule, s *scope, i int, stand []int, a *Asked) []Apart {
	var dst Allowed
	dst.Bits = sized(dst.Bits, c.Len())
	dst.Bits.Fill(c.Len())
	dst.prepare(c, a)
	c.campaign(&dst, a)
	if !dst.aim(c, r, s) || !dst.target.Has(i) {
		return nil
	}
	c.applyHistory(&dst, r, s, a)
	own, o := c.groupOf(&dst, s.group, i), &dst.owns[r.own]
	if own == 0 || !o.applies {
		return nil
	}
	var beside []int
	for _, j := range stand {
		if j < c.Len() && c.groupOf(&dst, s.group, j) == own {
			beside = append(beside, j)
		}
	}
	if len(beside) == 0 || o.times(own)+len(beside) < r.Count {
		return nil
	}
	sure := !a.Forgotten && !c.View.book.open(r) && (s.group != nil || len(c.touched) == 0)
	return []Apart{{Cause{r.ID, string(r.Kind), true, sure, fmt.Sprintf("the rule lets %d of a %s be shown within %s", r.Count, r.Of, r.Window)}, beside}}
}

func apartText(r *rule) string {
	if r.Kind == rulebook.Separate {
		return "the rule keeps them apart"
	}
	return fmt.Sprintf("the rule allows %d of a %s", r.Count, r.Of)
}

// Promoted tells whether a candidate may have the slot's promoted positions.
func (c *Candidates) Promoted(i int) bool {
	return c.View.promoted >= 0 && c.set(c.View.promoted).Has(i)
}

// OnBudget tells whether a candidate is on an offer whose budget is limited.
func (c *Candidates) OnBudget(i int) bool {
	if c.Places[i] == Nowhere {
		return false
	}
	for _, k := range c.View.cover.offers(int(c.Places[i])) {
		if c.View.book.offers[k].Budgeted {
			return true
		}
	}
	return false
}
