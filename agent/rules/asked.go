package rules

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Asked is what of a request the rules look at. What may not be read of a person is
// not in it.
type Asked struct {
	Now       int64               // node time
	Site      string              // where the node stands
	Person    []attribution.Entry // what this person saw and did; none of nobody
	Session   []attribution.Entry
	Household []attribution.Entry
	Showings  *attribution.Showings // what anybody saw; nil: nothing
	Profile   []consent.Field
	Excluded  []string

	Fulfilment string                // how it must come; "": any way
	OnHand     func(place int) int64 // of items that don't say how they come

	Context func(key string) (v consent.Value, ok bool) // nil: nothing is said
	Granted func(wire.Purpose) bool                     // nil: nothing is

	Forgotten   bool // something of these is forgotten, so what counts them is not sure
	InSession   bool // there is a session
	InHousehold bool // the person belongs to a household, which may be known

	Known    bool                     // there is a person, and they may be known
	Used     func(offer string) int64 // spent and reserved of a budget; nil: nothing
	Redeemed func(offer string) int64 // node time at which this person last redeemed an offer, 0 for never; nil: never
	Units    int64                    // of a shown item that budgets pay for; 0: one
}

func (a *Asked) used(offer string) int64 {
	if a.Used == nil {
		return 0
	}
	return a.Used(offer)
}

func (a *Asked) redeemed(offer string) int64 {
	if a.Redeemed == nil {
		return 0
	}
	return a.Redeemed(offer)
}

// asks are the paths of a request that a book's rules read, each once.
type asks struct{ paths []string }

func (a *asks) path(path string) int {
	if i := slices.Index(a.paths, path); i >= 0 {
		return i
	}
	a.paths = append(a.paths, path)
	return len(a.paths) - 1
}

// Reads tells whether a rule or an offer of the slot looks at a key of a request's
// context.
func (b *Book) Reads(key string) bool {
	for _, p := range b.asks.paths {
		if said, ok := strings.CutPrefix(p, "context."); ok && said == key {
			return true
		}
	}
	return false
}

// asked is a condition with where each of its values comes from.
type asked struct {
	*condition.Condition
	from []int // of each path: its place in asks, or -1 for an item's
}

func (a *asks) ask(c *condition.Condition) *asked {
	one := &asked{Condition: c}
	for _, p := range c.Paths() {
		if rulebook.IsItemPath(p) {
			one.from = append(one.from, -1)
		} else {
			one.from = append(one.from, a.path(p))
		}
	}
	return one
}

// answers are what a request says to what is asked, in reused memory.
type answers struct {
	said   []consent.Value   // of each path
	known  []bool            // of each path: somebody said it
	values []condition.Value // the same for conditions; what nobody said is withheld
	others []condition.Value // the same for somebody of whom nothing is known, where an offer looks at persons
	room   []condition.Value // of one condition
	date   date
	found  [256]found // of one condition, by the last bits of a name's number
}

// found is what a condition came to for the items of a name.
type found struct {
	known   bool
	id      uint32
	outcome condition.Outcome
}

// date is the text of a day, made once a day.
type date struct {
	year, day int
	text      string
}

func (d *date) of(t time.Time) string {
	if year, day := t.Year(), t.YearDay(); d.text == "" || d.year != year || d.day != day {
		*d = date{year, day, t.Format(time.DateOnly)}
	}
	return d.text
}

// read answers all that is asked.
func (w *answers) read(b *Book, a *Asked) {
	n := len(b.asks.paths)
	w.said, w.known, w.values = slices.Grow(w.said[:0], n)[:n], slices.Grow(w.known[:0], n)[:n], slices.Grow(w.values[:0], n)[:n]
	w.others = w.others[:0]
	if n == 0 {
		return
	}
	at := time.UnixMilli(a.Now).In(b.zone)
	for i, path := range b.asks.paths {
		w.said[i], w.known[i] = a.value(path, at, &w.date)
		w.values[i] = condition.Withhold()
		if w.known[i] {
			w.values[i] = valueOf(&w.said[i])
		}
		if b.persons && ofPerson(path) {
			w.others = append(w.others, condition.Withhold())
		} else if b.persons {
			w.others = append(w.others, w.values[i])
		}
	}
}

// value is what a path leads to, if anybody says.
func (a *Asked) value(path string, at time.Time, day *date) (v consent.Value, ok bool) {
	number := func(n int) (consent.Value, bool) {
		return consent.Value{Kind: consent.Number, Number: float64(n)}, true
	}
	origin, key, _ := strings.Cut(path, ".")
	switch origin {
	case "basket":
		return a.basket()
	case "context":
		if a.Context == nil {
			return v, false
		}
		return a.Context(key)
	case "site":
		return consent.Value{Kind: consent.Text, Text: a.Site}, true
	case "profile":
		for i := range a.Profile {
			if f := &a.Profile[i]; f.Name == key {
				return f.Value, true
			}
		}
		return v, false
	}
	switch key {
	case "hour":
		return number(at.Hour())
	case "minute":
		return number(at.Minute())
	case "weekday":
		return number(int(at.Weekday()))
	}
	return consent.Value{Kind: consent.Text, Text: day.of(at)}, true
}

// basket is the list that the context has under this name: of one that is no list but
// a text, that one item, as features take it. A number tells nothing.
func (a *Asked) basket() (v consent.Value, ok bool) {
	if a.Context == nil {
		return v, false
	}
	if v, ok = a.Context("basket"); ok && v.Kind == consent.Text {
		v = consent.Value{Kind: consent.List, List: []string{v.Text}}
	}
	return v, ok && v.Kind == consent.List
}

func valueOf(v *consent.Value) condition.Value {
	switch {
	case v.Kind == consent.Number:
		return condition.Number(v.Number)
	case v.Kind == consent.List:
		return condition.Texts(v.List)
	case v.Text == "true" || v.Text == "false":
		return condition.Bool(v.Text == "true")
	}
	return condition.Text(v.Text)
}

// holds evaluates a condition for a request.
func (w *answers) holds(c *asked) condition.Outcome {
	return w.holdsFor(c, nil, Nowhere)
}

// holdsFor evaluates a condition for a request and the item at a place; columns are
// those of its paths.
func (w *answers) holdsFor(c *asked, columns []condition.Column, place int) condition.Outcome {
	return w.eval(c, w.values, columns, place)
}

// eval evaluates a condition by what is said to the paths of a request.
func (w *answers) eval(c *asked, said []condition.Value, columns []condition.Column, place int) condition.Outcome {
	w.room = slices.Grow(w.room[:0], len(c.from))[:len(c.from)]
	for i, from := range c.from {
		if from < 0 {
			w.room[i] = columns[i].Value(place)
		} else {
			w.room[i] = said[from]
		}
	}
	return c.Eval(w.room)
}

// single are the names of items where a condition reads nothing else of them.
func (c *asked) single(columns []condition.Column) (ids []uint32) {
	n := 0
	for i, from := range c.from {
		if from < 0 {
			n++
			ids = columns[i].IDs // nil where there are no names
		}
	}
	if n != 1 {
		return nil
	}
	return ids
}

// holdsOf is holdsFor that remembers what it came to for items of the same name.
func (w *answers) holdsOf(c *asked, columns []condition.Column, ids []uint32, place int) condition.Outcome {
	if ids == nil {
		return w.holdsFor(c, columns, place)
	}
	f := &w.found[ids[place]%uint32(len(w.found))]
	if !f.known || f.id != ids[place] {
		*f = found{true, ids[place], w.holdsFor(c, columns, place)}
	}
	return f.outcome
}

// words yields the words of a list, or of a text with | between them.
func words(v *consent.Value, yield func(word string)) {
	switch v.Kind {
	case consent.List:
		for _, word := range v.List {
			eachWord(word, yield)
		}
	case consent.Number:
		yield(strconv.FormatFloat(v.Number, 'g', -1, 64))
	default:
		eachWord(v.Text, yield)
	}
}

// eachWord yields words without the spaces around them and in lower case, as
// attributes and lists are compared.
func eachWord(text string, yield func(word string)) {
	for more := true; more; {
		var word string
		word, text, more = strings.Cut(text, "|")
		if word = strings.ToLower(strings.TrimSpace(word)); word != "" {
			yield(word)
		}
	}
}

// number is a value as a number, if it is one.
func number(v *consent.Value) (x float64, ok bool) {
	if v.Kind == consent.Number {
		return v.Number, v.Number == v.Number
	}
	return parseNumber(v.Text)
}

func parseNumber(text string) (x float64, ok bool) {
	x, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	return x, err == nil && x == x
}
