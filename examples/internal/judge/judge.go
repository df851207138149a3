// Package judge counts the promises that were broken by what was shown.
//
// It knows the truth that the product can't see (the shelf as it stands, what
// people granted) and what shoppers were shown, and nothing of how it was
// chosen. One judge watches one site with the rules on; a second one, given the
// answers that the same requests would have got with the rules off, says what
// the rules were worth.
//
// Between a request and its answer the node decided at some moment. A judge
// counts a promise as broken only if it was at every such moment, but for the
// shelf: who is shown an item that is gone by the time the answer is there has
// been promised too much.
package judge

import (
	"slices"
	"sync"
	"time"
)

// Promise is what can be broken.
type Promise string

const (
	OutOfStock  Promise = "out_of_stock" // none on the true shelf
	Twice       Promise = "twice"        // as many as are there are promised to others
	BelowMargin Promise = "below_margin" // price less tax and cost below the floor
	OverCap     Promise = "over_cap"     // shown to this person too often
	HadIt       Promise = "had_it"       // this person bought or dismissed it of late
	Withdrawn   Promise = "withdrawn"    // not sold any more, or in a category that is not advertised
	Unconsented Promise = "unconsented"  // made with a purpose that is not granted
)

// Promises are all of them, in the order in which they are told.
func Promises() []Promise {
	return []Promise{OutOfStock, Twice, BelowMargin, OverCap, HadIt, Withdrawn, Unconsented}
}

// Terms are what the shop has promised, as its people would say it.
type Terms struct {
	Floor  float64       // least share of the net price that is margin
	Cap    int           // showings of an item to a person
	Window time.Duration // within which showings, purchases and dismissals count
	Hold   time.Duration // for which one is promised to whom an item is shown; 0: nothing is
}

// Goods is what is true of an item.
type Goods struct {
	TaxRate float64
	Cost    int64 // net, in minor units
	Sold    bool  // still sold, and allowed to be advertised
}

// Truth is where a judge looks things up.
type Truth interface {
	Goods(item string) (Goods, bool)
	OnShelf(item string) int
}

// Span is from a request to its answer.
type Span struct{ Sent, Answered time.Time }

// Answer is what was shown to somebody.
type Answer struct {
	Span
	Event   string // by which Over knows it
	Person  string // empty: nobody who lets themselves be recognised
	Items   []Item
	Used    []string // purposes the answer says it used
	Granted []string // purposes that are truly granted
}

// Item is a shown item and the gross price it was shown at, in minor units.
type Item struct {
	ID    string
	Price int64
}

// Judge watches what one site shows. Safe for concurrent use.
type Judge struct {
	terms Terms // immutable after New
	truth Truth // immutable after New

	mu     sync.Mutex
	people map[string][]event // what counts within the window, oldest first
	held   map[string][]hold  // by item
	tally  Tally
}

// hold is one item that is promised to somebody, certainly until then.
type hold struct {
	event string
	until time.Time
}

type event struct {
	Span
	item string
	had  bool // bought or dismissed; else shown
}

// New makes a judge who has seen nothing.
func New(terms Terms, truth Truth) *Judge {
	return &Judge{terms: terms, truth: truth, people: map[string][]event{}, held: map[string][]hold{}, tally: Tally{Broken: map[Promise]int{}}}
}

// Show judges an answer and remembers what was shown.
func (j *Judge) Show(a Answer) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.prune(a.Person, a.Sent)
	for _, it := range a.Items {
		j.tally.Shown++
		for _, p := range j.broken(a, it) {
			j.tally.Broken[p]++
		}
	}
	for _, it := range a.Items {
		j.remember(a.Person, event{a.Span, it.ID, false})
		if j.terms.Hold > 0 {
			j.held[it.ID] = append(j.held[it.ID], hold{a.Event, a.Sent.Add(j.terms.Hold)})
		}
	}
}

// Over says that an item is not promised to an answer's shopper any more, who took
// it or will not.
func (j *Judge) Over(event, item string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.held[item] = slices.DeleteFunc(j.held[item], func(h hold) bool { return h.event == event })
}

// twice tells whether all that are there are promised to others. Where nothing is
// there at all that is another promise.
func (j *Judge) twice(a Answer, item string) bool {
	j.held[item] = slices.DeleteFunc(j.held[item], func(h hold) bool { return !h.until.After(a.Answered) })
	n := j.truth.OnShelf(item)
	return n > 0 && len(j.held[item]) >= n
}

// Had remembers that a person bought or dismissed an item, told to the product
// within the span.
func (j *Judge) Had(person, item string, told Span) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.remember(person, event{told, item, true})
}

// Forget drops what is known of a person, whose consent changed.
func (j *Judge) Forget(person string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.people, person)
}

func (j *Judge) remember(person string, e event) {
	if person != "" {
		j.people[person] = append(j.people[person], e)
	}
}

// prune drops what no later answer can break.
func (j *Judge) prune(person string, now time.Time) {
	j.people[person] = slices.DeleteFunc(j.people[person], func(e event) bool { return now.Sub(e.Answered) > j.terms.Window })
	if len(j.people[person]) == 0 {
		delete(j.people, person)
	}
}

func (j *Judge) broken(a Answer, it Item) (list []Promise) {
	add := func(p Promise, is bool) {
		if is {
			list = append(list, p)
		}
	}
	goods, known := j.truth.Goods(it.ID)
	shown, had := j.past(a, it.ID)
	add(OutOfStock, j.truth.OnShelf(it.ID) <= 0)
	add(Twice, j.twice(a, it.ID))
	add(BelowMargin, known && below(j.terms.Floor, goods, it.Price))
	add(OverCap, shown >= j.terms.Cap)
	add(HadIt, had)
	add(Withdrawn, !known || !goods.Sold)
	add(Unconsented, slices.ContainsFunc(a.Used, func(p string) bool { return !slices.Contains(a.Granted, p) }))
	return list
}

// past counts what is certainly within the window of an answer.
func (j *Judge) past(a Answer, item string) (shown int, had bool) {
	for _, e := range j.people[a.Person] {
		if e.item != item || a.Answered.Sub(e.Sent) >= j.terms.Window || e.Answered.After(a.Sent) {
			continue
		}
		if e.had {
			had = true
		} else {
			shown++
		}
	}
	return shown, had
}

// below leaves half a minor unit to rounding.
func below(floor float64, g Goods, price int64) bool {
	net := float64(price) / (1 + g.TaxRate)
	return float64(g.Cost) > net*(1-floor)+0.5
}

// Tally is what a judge has seen so far.
type Tally struct {
	Shown  int // items, not answers
	Broken map[Promise]int
}

// Tally returns a copy of the counts.
func (j *Judge) Tally() Tally {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.tally.Plus(Tally{})
}

// Plus is both together, as of two sites.
func (t Tally) Plus(u Tally) Tally {
	sum := Tally{Shown: t.Shown + u.Shown, Broken: map[Promise]int{}}
	for _, p := range Promises() {
		sum.Broken[p] = t.Broken[p] + u.Broken[p]
	}
	return sum
}

// Per10k is how often a promise was broken per ten thousand items shown.
func (t Tally) Per10k(p Promise) float64 {
	return 10_000 * float64(t.Broken[p]) / float64(max(t.Shown, 1))
}
