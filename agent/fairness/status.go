package fairness

import (
	"fmt"
	"time"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Watched is what a group got of a slot in its last full window.
type Watched struct {
	Slot  string     `json:"slot"`
	Group string     `json:"group" doc:"As the rulebook calls it"`
	Of    string     `json:"of" enum:"items,customers"`
	From  *time.Time `json:"from,omitempty" doc:"Node time; absent, as all below: no full window yet, or too few in it"`
	Until *time.Time `json:"until,omitempty"`

	Sides    *Sides   `json:"sides,omitempty"`
	Exposure *float64 `json:"exposureRatio,omitempty" doc:"Of items: exposure by what was due, of the group over that of the rest; 1 is equal"`
	Depth    *float64 `json:"depthRatio,omitempty" doc:"Mean share that offers took off, likewise"`
	Broken   *float64 `json:"brokenRatio,omitempty" doc:"Broken promises by items shown, likewise"`
	Alarms   []Alarm  `json:"alarms"`
}

const (
	items     = "items"
	customers = "customers"
)

// Sides are the group and what it is compared with.
type Sides struct {
	Group   Side  `json:"group"`
	Rest    Side  `json:"rest"`
	Unknown *Side `json:"unknown,omitempty" doc:"Customers who did not say, or did not grant to be asked; absent: few"`
}

// Side is what one of them got.
type Side struct {
	Decisions uint64   `json:"decisions" doc:"Of items: those in which both sides could be shown"`
	Shown     uint64   `json:"shown" doc:"Items"`
	Exposure  *float64 `json:"exposure,omitempty" doc:"Its share of all exposure, where position k has 1/log2(1+k)"`
	Due       *float64 `json:"due,omitempty" doc:"The share that was due: that of the candidates which the rules left"`
	Depth     float64  `json:"depth" doc:"Mean share that offers took off the regular price"`
	Broken    uint64   `json:"broken" doc:"Of shown: not found, substituted, rejected by the staff"`
}

// Alarm is a measure that is out of the group's tolerance.
type Alarm struct {
	Measure string    `json:"measure" enum:"exposure,depth,broken"`
	Cause   string    `json:"cause" enum:"placed,order,scores,offers,choice,not_found,substituted,rejected" doc:"Why, most likely"`
	Text    string    `json:"text"`
	Since   time.Time `json:"since" doc:"End of the first window that raised it"`
}

// Watched tells of each group of a rulebook, in each slot that was decided for.
func (w *Watch) Watched(book *rulebook.Rulebook) (all []Watched) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range book.Slots {
		slot := book.Slots[i].ID
		for k := range book.Fairness {
			f := w.last[key(slot, book.Fairness[k].ID)]
			if _, counted := w.windows[slot]; counted || of(f, book) {
				all = append(all, watched(slot, &book.Fairness[k], f, of(f, book)))
			}
		}
	}
	return all
}

func watched(slot string, g *rulebook.Group, f *wire.Fairness, current bool) Watched {
	one := Watched{Slot: slot, Group: g.ID, Of: customers, Alarms: []Alarm{}}
	if g.OfItems() {
		one.Of = items
	}
	if !current || f.GroupSide == nil || f.Rest == nil {
		return one
	}
	from, until := time.UnixMilli(f.FromMs).UTC(), time.UnixMilli(f.UntilMs).UTC()
	one.From, one.Until = &from, &until
	a, b := f.GroupSide, f.Rest
	one.Sides = &Sides{Group: sideTold(a, b), Rest: sideTold(b, a)}
	if f.Unknown != nil {
		unknown := sideTold(f.Unknown, nil)
		one.Sides.Unknown = &unknown
	}
	one.Exposure = ratio(a.Exposure*b.Due, b.Exposure*a.Due)
	one.Depth = ratio(a.Depth, b.Depth)
	one.Broken = ratio(rate(a), rate(b))
	for _, u := range f.Unfair {
		one.Alarms = append(one.Alarms, Alarm{u.Measure, u.Cause, words(f, u), time.UnixMilli(u.SinceMs).UTC()})
	}
	return one
}

func sideTold(s, other *wire.Side) Side {
	told := Side{Decisions: s.Decisions, Shown: s.Shown, Depth: s.Depth, Broken: s.Broken}
	if other != nil && s.Due+other.Due > 0 {
		told.Exposure, told.Due = ratio(s.Exposure, s.Exposure+other.Exposure), ratio(s.Due, s.Due+other.Due)
	}
	return told
}

// ratio is nil where there is nothing to divide by.
func ratio(a, b float64) *float64 {
	if b == 0 {
		return nil
	}
	x := a / b
	return &x
}

// words say what is unfair, and where to look.
func words(f *wire.Fairness, u *wire.Unfair) string {
	a, b := f.GroupSide, f.Rest
	switch u.Measure {
	case Exposure:
		return fmt.Sprintf("it has %.1f %% of the exposure and %.1f %% of the candidates; %s",
			100*a.Exposure/(a.Exposure+b.Exposure), 100*a.Due/(a.Due+b.Due), look[u.Cause])
	case Depth:
		return fmt.Sprintf("offers take %.1f %% off what it is about, and %.1f %% off the rest; %s", 100*a.Depth, 100*b.Depth, look[u.Cause])
	}
	return fmt.Sprintf("%d of %d shown were broken, and %d of %d of the rest; %s", a.Broken, a.Shown, b.Broken, b.Shown, look[u.Cause])
}

var look = map[string]string{
	Placed:      "pins and promoted shares make the difference; look at slots.yaml",
	Ordered:     "no model chose in most decisions, so the slot's order or the list of a fixed arm stands; look at those",
	Scored:      "the model's scores make the difference; look at its features, or promote a share in slots.yaml",
	Offers:      "look at which items and whom offers.csv is for",
	Chosen:      "what is shown has other offers for everybody; look at what the model and the rules choose",
	NotFound:    "most were not found; count those goods, or set more safety stock aside",
	Substituted: "most were substituted; count those goods, or set more safety stock aside",
	Rejected:    "most were rejected by the staff or a function; look at /v1/actions",
}

// Text is an alarm in one line.
func (w *Watched) Text(a *Alarm) string {
	return fmt.Sprintf("%s of the group %s in %s: %s", a.Measure, w.Group, w.Slot, a.Text)
}
