package world

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	full   = 300 // units of an item on a full shelf
	scarce = 40  // of a badly kept one
	review = 10 * time.Second
)

// Badly is the same world but for its shelves, which are small and badly kept: one
// first count in ten is wrong, one delivery in six brings half of what its papers
// say, and one in four stands on the shelf half a minute after it was booked.
func (w *World) Badly() *World {
	other := *w
	other.badly = true
	return &other
}

// Stock is what truly stands on the shelves of one site. Safe for concurrent
// use; the order of sales decides who gets the last one.
type Stock struct {
	site  Site   // immutable after Stock
	items []Item // immutable after Stock
	place map[string]int
	full  int
	badly bool

	mu     sync.Mutex
	r      *rand.Rand
	shelf  []int
	missed []bool          // somebody found the shelf empty: it will be counted
	due    []time.Duration // when the delivery on its way arrives; 0: none
	booked []int           // what of it was told already, and is not on the shelf yet
	at     time.Duration   // how far Advance has come
	serial int
}

// Movement is something that a site tells about its stock: a change, or with
// Counted what was found on the shelf.
type Movement struct {
	ID      string
	Item    string
	Change  int
	Counted bool
	Found   int
}

// Stock makes the shelves of a site as they stand when the world begins.
func (w *World) Stock(site Site) *Stock {
	s := &Stock{site: site, items: w.items, place: w.place, full: full, badly: w.badly, r: source(w.seed, "stock "+site.Name)}
	if s.badly {
		s.full = scarce
	}
	n := len(s.items)
	s.shelf, s.missed, s.due, s.booked = make([]int, n), make([]bool, n), make([]time.Duration, n), make([]int, n)
	for i := range s.shelf {
		if s.shelf[i] = s.full/3 + s.r.IntN(s.full*2/3); s.r.IntN(15) == 0 {
			s.shelf[i] = 0
		}
	}
	return s
}

// OnShelf is how many there truly are.
func (s *Stock) OnShelf(item string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.find(item); ok {
		return s.shelf[i]
	}
	return 0
}

// Take takes one from the shelf to the till, or finds none.
func (s *Stock) Take(item string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, ok := s.find(item)
	switch {
	case !ok:
		return false
	case s.shelf[i] == 0:
		s.missed[i] = true
		return false
	}
	s.shelf[i]--
	return true
}

// PutBack takes back what was returned.
func (s *Stock) PutBack(item string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i, ok := s.find(item); ok {
		s.shelf[i]++
	}
}

func (s *Stock) find(item string) (int, bool) {
	if len(item) == 14 {
		item = item[1:]
	}
	i, ok := s.place[item]
	return i, ok
}

// Advance lets time pass until then, and returns what the site tells of it:
// sales of other customers, deliveries, counts of shelves that were found empty.
// What breaks or is stolen nobody tells, so counts go wrong.
func (s *Stock) Advance(to time.Duration) []Movement {
	s.mu.Lock()
	defer s.mu.Unlock()
	var told []Movement
	for ; s.at+review <= to; s.at += review {
		for i := range s.shelf {
			told = s.pass(told, i)
		}
	}
	return told
}

// pass lets one review's time pass for one item.
func (s *Stock) pass(told []Movement, i int) []Movement {
	if s.missed[i] && s.r.IntN(3) == 0 {
		s.missed[i], s.booked[i] = false, 0 // what was booked and is not there is booked again
		told = append(told, s.movement(i, Movement{Counted: true, Found: s.shelf[i]}))
	}
	if s.r.IntN(60) == 0 {
		s.shelf[i] -= min(s.shelf[i], 1+s.r.IntN(5))
	}
	if sold := min(s.shelf[i], s.r.IntN(3)); sold > 0 {
		s.shelf[i] -= sold
		told = append(told, s.movement(i, Movement{Change: -sold}))
	}
	return s.deliver(told, i)
}

func (s *Stock) deliver(told []Movement, i int) []Movement {
	switch {
	case s.due[i] == 0 && s.shelf[i] < s.full/2:
		s.due[i] = s.at + time.Duration(20+s.r.IntN(60))*time.Second
	case s.booked[i] > 0 && s.at >= s.due[i]:
		s.shelf[i] += s.booked[i]
		s.due[i], s.booked[i] = 0, 0
	case s.due[i] != 0 && s.at >= s.due[i]:
		n := s.full - s.shelf[i]
		told = append(told, s.movement(i, Movement{Change: n}))
		if s.badly && s.r.IntN(6) == 0 {
			n /= 2
		}
		if s.badly && s.r.IntN(4) == 0 {
			s.booked[i], s.due[i] = n, s.at+3*review
			break
		}
		s.shelf[i] += n
		s.due[i] = 0
	}
	return told
}

// first is what was counted of an item before the first customer.
func (s *Stock) first(seed uint64, i int) int {
	if r := source(seed, fmt.Sprint("first count ", s.site.Name, i)); s.badly && r.IntN(10) == 0 {
		return s.shelf[i] + 1 + r.IntN(4)
	}
	return s.shelf[i]
}

func (s *Stock) movement(i int, m Movement) Movement {
	s.serial++
	m.ID, m.Item = fmt.Sprintf("%s-m%07d", s.site.Name, s.serial), s.items[i].ID
	return m
}
