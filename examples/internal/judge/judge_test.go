package judge_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/examples/internal/judge"
)

type shop struct {
	goods map[string]judge.Goods
	shelf map[string]int
}

func (s shop) Goods(id string) (judge.Goods, bool) { g, ok := s.goods[id]; return g, ok }
func (s shop) OnShelf(id string) int               { return s.shelf[id] }

var (
	terms = judge.Terms{Floor: 0.1, Cap: 2, Window: time.Minute}
	start = time.Unix(1000, 0)
)

func small() shop {
	return shop{
		map[string]judge.Goods{"a": {Cost: 90, Sold: true}, "taxed": {TaxRate: 0.19, Cost: 90, Sold: true}, "gone": {Cost: 1}, "empty": {Cost: 1, Sold: true}},
		map[string]int{"a": 1, "taxed": 1, "gone": 1, "unknown": 1, "empty": 0},
	}
}

// at is an answer that took 20 ms, so many milliseconds after the start.
func at(ms int, person string, items ...judge.Item) judge.Answer {
	return judge.Answer{Span: span(ms), Person: person, Items: items}
}

func span(ms int) judge.Span {
	sent := start.Add(time.Duration(ms) * time.Millisecond)
	return judge.Span{Sent: sent, Answered: sent.Add(20 * time.Millisecond)}
}

func TestBroken(t *testing.T) {
	a := func(price int64) judge.Item { return judge.Item{ID: "a", Price: price} }
	for name, c := range map[string]struct {
		answers []judge.Answer
		had     []int
		want    map[judge.Promise]int
	}{
		"kept":               {answers: []judge.Answer{at(0, "p", a(100))}},
		"at the floor":       {answers: []judge.Answer{at(0, "p", judge.Item{ID: "taxed", Price: 119})}},
		"below the floor":    {answers: []judge.Answer{at(0, "p", a(99))}, want: map[judge.Promise]int{judge.BelowMargin: 1}},
		"below after tax":    {answers: []judge.Answer{at(0, "p", judge.Item{ID: "taxed", Price: 118})}, want: map[judge.Promise]int{judge.BelowMargin: 1}},
		"empty shelf":        {answers: []judge.Answer{at(0, "p", judge.Item{ID: "empty", Price: 9})}, want: map[judge.Promise]int{judge.OutOfStock: 1}},
		"not sold":           {answers: []judge.Answer{at(0, "p", judge.Item{ID: "gone", Price: 9}, judge.Item{ID: "unknown", Price: 9})}, want: map[judge.Promise]int{judge.Withdrawn: 2}},
		"at the cap":         {answers: []judge.Answer{at(0, "p", a(100)), at(1000, "p", a(100))}},
		"over the cap":       {answers: []judge.Answer{at(0, "p", a(100)), at(1000, "p", a(100)), at(2000, "p", a(100))}, want: map[judge.Promise]int{judge.OverCap: 1}},
		"another person":     {answers: []judge.Answer{at(0, "p", a(100)), at(1000, "p", a(100)), at(2000, "q", a(100))}},
		"nobody":             {answers: []judge.Answer{at(0, "", a(100)), at(1000, "", a(100)), at(2000, "", a(100))}},
		"after the window":   {answers: []judge.Answer{at(0, "p", a(100)), at(1000, "p", a(100)), at(60_000, "p", a(100))}},
		"maybe in window":    {answers: []judge.Answer{at(0, "p", a(100)), at(1000, "p", a(100)), at(59_990, "p", a(100))}},
		"at the same time":   {answers: []judge.Answer{at(0, "p", a(100)), at(1000, "p", a(100)), at(1010, "p", a(100))}},
		"had it":             {had: []int{0}, answers: []judge.Answer{at(1000, "p", a(100))}, want: map[judge.Promise]int{judge.HadIt: 1}},
		"had it long ago":    {had: []int{0}, answers: []judge.Answer{at(60_000, "p", a(100))}},
		"not yet told":       {had: []int{1000}, answers: []judge.Answer{at(1010, "p", a(100))}},
		"used and granted":   {answers: []judge.Answer{{Span: span(0), Items: []judge.Item{a(100)}, Used: []string{"x"}, Granted: []string{"y", "x"}}}},
		"used, not granted":  {answers: []judge.Answer{{Span: span(0), Items: []judge.Item{a(100), a(100)}, Used: []string{"x"}, Granted: []string{"y"}}}, want: map[judge.Promise]int{judge.Unconsented: 2}},
		"nothing shown here": {answers: []judge.Answer{{Span: span(0), Used: []string{"x"}}}},
	} {
		j := judge.New(terms, small())
		for _, ms := range c.had {
			j.Had("p", "a", span(ms))
		}
		shown := 0
		for _, answer := range c.answers {
			j.Show(answer)
			shown += len(answer.Items)
		}
		want := judge.Tally{Broken: c.want}.Plus(judge.Tally{Shown: shown})
		if diff := cmp.Diff(want, j.Tally()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What is promised to one shopper is not there for the next, until that is over.
func TestTwice(t *testing.T) {
	held := terms
	held.Hold = 10 * time.Second
	a := func(ms int, event, item string) judge.Answer {
		answer := at(ms, "", judge.Item{ID: item, Price: 200})
		answer.Event = event
		return answer
	}
	for name, c := range map[string]struct {
		answers []judge.Answer
		over    string // event that is over before the last answer
		want    int
	}{
		"the last one, once":      {answers: []judge.Answer{a(0, "e", "a")}},
		"the last one, twice":     {answers: []judge.Answer{a(0, "e", "a"), a(9000, "f", "a")}, want: 1},
		"maybe twice":             {answers: []judge.Answer{a(0, "e", "a"), a(9990, "f", "a")}},
		"another one":             {answers: []judge.Answer{a(0, "e", "a"), a(1000, "f", "taxed")}},
		"taken, or let go":        {answers: []judge.Answer{a(0, "e", "a"), a(1000, "f", "a")}, over: "e"},
		"somebody else let go":    {answers: []judge.Answer{a(0, "e", "a"), a(1000, "f", "a")}, over: "g", want: 1},
		"nothing is there at all": {answers: []judge.Answer{a(0, "e", "empty"), a(1000, "f", "empty")}},
	} {
		j := judge.New(held, small())
		for i, answer := range c.answers {
			if i == len(c.answers)-1 {
				j.Over(c.over, answer.Items[0].ID)
			}
			j.Show(answer)
		}
		if got := j.Tally().Broken[judge.Twice]; got != c.want {
			t.Errorf("%s: %d promised twice, want %d", name, got, c.want)
		}
	}
}

func TestForget(t *testing.T) {
	j := judge.New(terms, small())
	j.Had("p", "a", span(0))
	j.Forget("p")
	j.Show(at(1000, "p", judge.Item{ID: "a", Price: 100}))
	if n := j.Tally().Broken[judge.HadIt]; n != 0 {
		t.Error("what was forgotten still counts")
	}
}

func TestPer10k(t *testing.T) {
	a := judge.Tally{Shown: 1000, Broken: map[judge.Promise]int{judge.OverCap: 1}}
	b := judge.Tally{Shown: 3000, Broken: map[judge.Promise]int{judge.OverCap: 1}}
	if n := a.Plus(b).Per10k(judge.OverCap); n != 5 {
		t.Errorf("%v of 10,000", n)
	}
	if n := (judge.Tally{}).Per10k(judge.OverCap); n != 0 {
		t.Errorf("%v of nothing", n)
	}
}

func TestManyWatchAtOnce(t *testing.T) {
	j := judge.New(judge.Terms{Cap: 1 << 30, Window: time.Hour}, small())
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for k := range 100 {
				j.Show(at(i*1000+k, "p", judge.Item{ID: "a", Price: 100}))
				j.Had("q", "a", span(k))
				j.Tally()
			}
		})
	}
	wg.Wait()
	if n := j.Tally().Shown; n != 800 {
		t.Errorf("%d of 800 counted", n)
	}
}
