package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Cause is one rule as it meets one candidate. Its text names numbers of the rule
// and of the item, and of no person.
type Cause struct {
	Rule    string
	Kind    string // of the rulebook; "" for those that no rulebook has
	Removes bool   // by what Asked and the view say
	Sure    bool   // that is all that it looks at; else it may have been otherwise
	Text    string
}

// At is View for a time that is past: it is not kept.
func (b *Book) At(s *catalogue.Snapshot, now int64) *View {
	if v := b.view.Load(); v.holds(s, now) {
		return v
	}
	return b.build(s, now)
}

// Find is the candidate of an id, if it is one.
func (c *Candidates) Find(id string) (i int, ok bool) {
	if c.IDs != nil {
		i = slices.Index(c.IDs, id)
		return i, i >= 0
	}
	place, ok := c.View.Place(id)
	if !ok || c.at[place] == 0 {
		return 0, false
	}
	return int(c.at[place]) - 1, true
}

// Explain is every rule of the slot that does not look at what stands in the answer,
// as it meets candidate i, in the order in which they remove. What there is in stock
// is as of now; what a asks of the context, of the person's fields and of grants is
// not looked at, so a rule that reads those is not sure.
func (c *Candidates) Explain(i int, cat *catalogue.Catalogue, a Asked) (causes []Cause) {
	a.Context, a.Profile, a.Granted = nil, nil, nil
	b, v := c.View.book, c.View
	for k := range b.static {
		r := &b.static[k]
		causes = append(causes, Cause{r.ID, string(r.Kind), c.set(v.static[k]).Has(i), true, c.text(r, i)})
	}
	if b.stock != "" {
		lost, _ := c.lost(cat, nil)
		causes = append(causes, Cause{NotFound, "", lost.Has(i), false, "somebody did not find it, and since then it was not counted, nor is any left of what came; that is as of now"})
		there := c.promisableNow(cat, i)
		kind := string(rulebook.Stock)
		if b.stock == Held {
			kind = ""
		}
		causes = append(causes, Cause{b.stock, kind, there < b.need, false, stockText(there, b.need)})
	}
	stock := c.Stock(cat, new(Stock))
	var dst Allowed
	for k := range b.later {
		r := &b.later[k]
		dst.Bits = sized(dst.Bits, c.Len())
		dst.Bits.Set(i)
		dst.prepare(c, &a)
		c.campaign(&dst, &a)
		if dst.aim(c, r, &v.scopes[k]) {
			c.apply(&dst, r, &v.scopes[k], stock, &a)
		}
		one := Cause{r.ID, string(r.Kind), !dst.Bits.Has(i), c.sure(r, &v.scopes[k], i), c.text(r, i)}
		if r.Kind == rulebook.Stock {
			one.Text = stockText(c.promisableNow(cat, i), b.needs[r.need])
		}
		causes = append(causes, one)
	}
	dst.prepare(c, &a)
	c.campaign(&dst, &a)
	return append(causes,
		Cause{NoOffer, "", slices.Contains(dst.campaigns.gone, int32(i)), !slices.Contains(c.touched, int32(i)), "it is there by an offer, and none of those ran for this request"},
		Cause{Excluded, "", false, false, "the request excluded it, or a decision of the same event before it shows it"})
}

// sure tells whether a rule looks at nothing of candidate i, or at nothing but what
// is remembered. The price that a personal offer made is not.
func (c *Candidates) sure(r *rule, s *scope, i int) bool {
	if !c.set(s.base).Has(i) {
		return true
	}
	prices := r.Kind == rulebook.Margin || r.Kind == rulebook.Price
	return !c.View.book.open(r) && !(prices && slices.Contains(c.touched, int32(i)))
}

// open tells whether a rule reads what no record holds: the context, what a person
// says or grants, or counts of goods.
func (b *Book) open(r *rule) bool {
	if r.Kind == rulebook.Stock || r.Kind == rulebook.Sensitive || r.Source != "" || r.Per == rulebook.Node {
		return true
	}
	return slices.ContainsFunc(r.Conditions(), func(w rulebook.When) bool {
		return slices.ContainsFunc(w.Paths(), func(path string) bool {
			return !rulebook.IsItemPath(path) && path != "site.id" && !strings.HasPrefix(path, "time.")
		})
	})
}

func (c *Candidates) promisableNow(cat *catalogue.Catalogue, i int) int64 {
	if place := c.Places[i]; place != Nowhere {
		return cat.Promisable(int(place))
	}
	return 0
}

func stockText(there, need int64) string {
	return fmt.Sprintf("now %d can be promised, after holds and safety stock, and %d must be; what there was then is not recorded", there, need)
}

// text says what a rule asks for, and what of that the item has.
func (c *Candidates) text(r *rule, i int) string {
	place := int(c.Places[i])
	if place == Nowhere && r.takesUnknown() {
		return "it is no item of the catalogue, so nothing that the rule asks for is known"
	}
	switch r.Kind {
	case rulebook.Active:
		return "its status is " + statusText(c.View.Status[place])
	case rulebook.Margin:
		return c.marginText(r, place)
	case rulebook.Price:
		return fmt.Sprintf("its price is %d, its regular one %d; the rule asks for at least %d%s", c.View.Gross[place], c.View.Snapshot.Gross[place], r.Least, discountText(r))
	case rulebook.Exclude:
		return "it is one of the items, brands, categories or conditions that the rule excludes"
	case rulebook.Avoid:
		return "its " + r.Attribute + " has, or may have, what " + r.Source + " says to avoid"
	case rulebook.Needs:
		return "its " + r.Attribute + " lacks, or may lack, what " + r.Source + " asks for"
	case rulebook.Age:
		return "its " + r.Attribute + " is above " + r.Source + ", or that is not known"
	case rulebook.Sensitive:
		return "it is of the class " + r.Class + ", which nobody is shown without granting that"
	case rulebook.Cap:
		if r.Per == rulebook.Node {
			return fmt.Sprintf("it, or what it is counted with, was shown to everybody %d times within %s, as of now", r.Count, r.Window)
		}
		return fmt.Sprintf("it was shown %d times or more within %s", r.Count, r.Window)
	case rulebook.Suppress:
		return fmt.Sprintf("one of %s came within %s", strings.Join(r.Outcomes, ", "), r.Window)
	}
	return "what it has in common with the rest of an answer is not known"
}

func statusText(status uint8) string {
	switch status {
	case rulebook.StatusActive:
		return "active"
	case catalogue.Hidden:
		return "hidden"
	}
	return "discontinued"
}

func (c *Candidates) marginText(r *rule, place int) string {
	net, cost := c.View.Net[place], c.View.Cost[place]
	if cost == rulebook.UnknownCost {
		return "its cost is not known, so neither is its margin"
	}
	share := 0.0
	if net > 0 {
		share = float64(net-cost) / float64(net)
	}
	text := fmt.Sprintf("its net margin is %d, %.1f %% of the net price; the rule asks for %.1f %%", net-cost, 100*share, 100*r.Floor)
	if r.FloorAmount > 0 {
		text += fmt.Sprintf(" and %d", r.FloorAmount)
	}
	return text
}

func discountText(r *rule) string {
	if r.MaxDiscount == nil {
		return ""
	}
	return fmt.Sprintf(", and at most %.0f %% off", 100**r.MaxDiscount)
}
