package journey

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Memory is what a shop can know from the baskets so far, and nothing of what
// is to come. It makes the two predictions that the learned one is shown
// against, and says what a request may tell of each candidate.
//
// It must be told of baskets in their order, and is not safe for concurrent use.
type Memory struct {
	data    *Data
	week    int
	bought  map[string]float64 // by product: baskets with it, old ones counting less
	baskets float64
	people  map[string]*habits

	popular []string // best first, as last sorted
	since   int      // baskets since then
}

const (
	halfLife = 8    // weeks until a basket counts for half in what is popular
	refresh  = 200  // baskets until what is popular is sorted anew
	ranked   = 1000 // of it are kept in order
)

// NewMemory knows nothing yet.
func NewMemory(d *Data) *Memory {
	return &Memory{data: d, bought: map[string]float64{}, people: map[string]*habits{}, since: refresh}
}

// Learn takes in a basket. Its household is remembered only with known, which
// is for the caller to say: who grants nothing has no habits.
func (m *Memory) Learn(b Basket, known bool) {
	m.fade(b.Week)
	m.baskets++
	m.since++
	for _, l := range b.Lines {
		if l.Known {
			m.bought[l.Product]++
		}
	}
	if !known {
		return
	}
	if m.people[b.Household] == nil {
		m.people[b.Household] = &habits{items: map[string]habit{}, sections: map[string]float64{}}
	}
	m.people[b.Household].learn(m.data, b)
}

func (m *Memory) fade(week int) {
	by := math.Exp2(-float64(week-m.week) / halfLife)
	if m.week = week; by == 1 {
		return
	}
	m.baskets *= by
	for id := range m.bought {
		m.bought[id] *= by
	}
}

// Popular predicts the n products that are in most baskets.
func (m *Memory) Popular(n int) []string {
	if m.since >= refresh {
		m.since = 0
		best := slices.SortedFunc(maps.Keys(m.bought), func(a, b string) int {
			return cmp.Or(cmp.Compare(m.bought[b], m.bought[a]), cmp.Compare(a, b))
		})
		m.popular = slices.Clone(best[:min(len(best), ranked)])
	}
	return m.popular[:min(n, len(m.popular))]
}

// LastBought predicts the n products that a household bought last, and after
// those what is popular.
func (m *Memory) LastBought(household string, n int) []string {
	return fill(m.recent(household, n), m.Popular(2*n), n)
}

func (m *Memory) recent(household string, n int) []string {
	h := m.people[household]
	if h == nil {
		return nil
	}
	return slices.Clone(h.recent[:min(n, len(h.recent))])
}

// fill appends what is not in the list yet, up to n in all.
func fill(list, more []string, n int) []string {
	for _, id := range more {
		if len(list) < n && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// Candidate is an item to choose from and what the request tells of it; a
// feature that is not there is missing.
type Candidate struct {
	Product  string
	Features map[string]float64
}

// Candidates are what to choose from for a basket that is to come: what the
// household bought last, and what is popular, n in all. Their features are
//
//	popular  baskets in a hundred that hold it
//	often    baskets in ten of this household that hold it
//	lately   1 just after this household bought it, 1/2 a week later, 1/3 ...
//	section  lines of its category in ten baskets of this household
//	coupon   1 if this household has a coupon for it now
//
// of which all but the first are for a known household only.
func (m *Memory) Candidates(b Basket, known bool, n int) []Candidate {
	var list []string
	h := &habits{}
	if p := m.people[b.Household]; known && p != nil {
		h, list = p, m.recent(b.Household, n/2)
	}
	var out []Candidate
	for _, id := range fill(list, m.Popular(2*n), n) {
		c := Candidate{id, map[string]float64{"popular": 100 * m.bought[id] / max(m.baskets, 1)}}
		if known {
			h.tell(c.Features, m.data, id, b)
		}
		out = append(out, c)
	}
	return out
}
