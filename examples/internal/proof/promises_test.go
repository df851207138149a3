package proof

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/examples/internal/judge"
	"github.com/aisle-edge/aisle/examples/internal/world"
	"github.com/aisle-edge/aisle/sync/wire"
)

// terms are what the shipped rulebook promises, as people would say it, and that
// what is shown stays there until the shopper is at the till.
var terms = judge.Terms{Floor: 0.05, Cap: 3, Window: 10 * time.Minute, Hold: held}

const held = 8 * time.Second

// trial is one shop whose shelves are badly kept, with two kiosks and a till at one
// node, and beside it what the same requests get from a node that keeps no rule and
// takes it that everybody agreed.
type trial struct {
	*shop
	careless *shop
	shelves  *world.Stock
	on, off  *judge.Judge

	told  map[string]int // of each item, as the node was told: apart from how it counts
	short map[int]int    // shown with an empty shelf, by how many were told of
}

func newTrial(t *testing.T, seed uint64) *trial {
	f := shipped(t)
	f.replace(t, "slots.yaml", "  - id: home_hero\n    kind: offer\n", "  - id: home_hero\n    kind: offer\n    hold: {ttl: "+held.String()+"}\n")
	w := world.New(seed).Badly()
	p := &trial{shop: open(t, w, f), told: map[string]int{}, short: map[int]int{}}
	p.careless = &shop{t: t, world: w, site: p.site}
	p.careless.openNode()
	p.careless.use(p.published)
	p.careless.stock(w.Granting(1))
	p.shelves = w.Stock(p.site)
	p.on, p.off = judge.New(terms, p), judge.New(terms, p)
	for it := range p.goods(w) {
		p.told[it.Id] = int(it.Stock)
	}
	return p
}

// Goods and OnShelf make it the judges' truth.
func (p *trial) Goods(id string) (judge.Goods, bool) {
	it, ok := p.world.Item(id)
	sold := it.Status == "active" && !strings.HasPrefix(it.Category, "tobacco")
	return judge.Goods{TaxRate: it.TaxRate, Cost: it.Cost, Sold: sold}, ok
}

func (p *trial) OnShelf(id string) int { return p.shelves.OnShelf(id) }

// move tells both nodes of what moved, in its order but for counts, which come
// before the changes of the same moment.
func (p *trial) move(moved ...world.Movement) {
	var counts []*wire.StockCount
	var moves []*wire.StockMove
	for _, m := range moved {
		if id := "0" + m.Item; m.Counted {
			counts, p.told[id] = append(counts, &wire.StockCount{Item: id, OnHand: int64(m.Found)}), m.Found
		} else {
			moves, p.told[id] = append(moves, &wire.StockMove{Id: m.ID, Item: id, Delta: int64(m.Change)}), p.told[id]+m.Change
		}
	}
	for _, s := range []*shop{p.shop, p.careless} {
		s.took(s.catalogue.PutStock(s.t.Context(), each(counts)))
		s.took(s.catalogue.Move(s.t.Context(), each(moves)))
	}
}

func each[T any](rows []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// day runs the shop, for one of so many of the world's people.
func (p *trial) day(open time.Duration, share int) {
	p.every(time.Second, func() {
		p.move(p.shelves.Advance(p.passed)...)
	})
	p.every(20*time.Second, func() {
		p.learn()
		p.careless.use(p.published)
	})
	n := 0
	p.visits(func(v world.Visit) {
		if v.Changed {
			p.change(v)
		}
		if n++; v.Profile == "" && n%share == 0 || v.Profile != "" && int(xxhash.Sum64String(v.Profile)%uint64(share)) == 0 {
			p.serve(v)
		}
	})
	p.run(open)
}

func (p *trial) change(v world.Visit) {
	who := wire.Pseudonymise(secret, wire.Person, v.Profile)
	c := &wire.Consent{Pseudonym: who[:], Purposes: words(v.Granted), Evidence: &wire.Evidence{Text: make([]byte, 32), Place: "kiosk"}}
	p.must(p.consents.Set(p.t.Context(), c))
	p.on.Forget(v.Profile)
	p.off.Forget(v.Profile)
}

func words(purposes []wire.Purpose) (list []string) {
	for _, p := range purposes {
		list = append(list, string(p))
	}
	return list
}

func (p *trial) serve(v world.Visit) {
	p.show(p.off, v, p.careless.ask("home_hero_unruled", v, true))
	a := p.ask("home_hero", v, false)
	p.show(p.on, v, a)
	var shown []string
	for _, it := range a.Items {
		if p.OnShelf(it.ID) <= 0 {
			p.short[p.told[it.ID]]++
		}
		shown = append(shown, it.ID)
	}
	for _, r := range p.world.React(v, shown) {
		p.react(v, r)
	}
}

// show has an answer judged.
func (p *trial) show(by *judge.Judge, v world.Visit, a *ranking.Answer) {
	seen := judge.Answer{Span: p.span(), Event: v.Event, Used: a.Basis.PurposesUsed, Granted: words(v.Granted)}
	if len(v.Granted) > 0 {
		seen.Person = v.Profile
	}
	for _, it := range a.Items {
		seen.Items = append(seen.Items, judge.Item{ID: it.ID, Price: it.Price.Amount})
	}
	by.Show(seen)
}

// span is a moment: this shop's clock stands while a node decides.
func (p *trial) span() judge.Span { return judge.Span{Sent: p.now(), Answered: p.now()} }

func (p *trial) react(v world.Visit, r world.Reaction) {
	say := func(kind string) {
		p.tell(v.Event, r.Item, kind)
		p.flush()
		if (kind == "purchase" || kind == "dismiss") && len(v.Granted) > 0 {
			p.on.Had(v.Profile, r.Item, p.span())
			p.off.Had(v.Profile, r.Item, p.span())
		}
	}
	if r.Dismiss {
		p.at(v.At+time.Second, func() { say("dismiss") })
	}
	if r.Click {
		p.at(v.At+r.ClickAfter, func() { say("click") })
	}
	if !r.Buy {
		return
	}
	p.at(v.At+r.BuyAfter, func() {
		if !p.shelves.Take(r.Item) {
			say("not_found")
			return
		}
		p.move(world.Movement{ID: v.Event + r.Item, Item: r.Item[1:], Change: -1})
		say("purchase")
		p.on.Over(v.Event, r.Item)
		p.off.Over(v.Event, r.Item)
	})
}

// TestBrokenPromises counts, in a shop whose counts are wrong, what was promised and
// not so. With rules on only the shelf may be otherwise than promised, and only where
// the node had been told that enough was there.
func TestBrokenPromises(t *testing.T) {
	for _, seed := range seeds(t) {
		p := newTrial(t, seed)
		p.day(8*time.Minute, 16)
		on, off := p.on.Tally(), p.off.Tally()
		p.print(on, off)
		for _, promise := range judge.Promises() {
			with, without := on.Per10k(promise), off.Per10k(promise)
			if without < 50 {
				t.Errorf("%s: without rules broken %.1f times: this test proves nothing", promise, without)
			}
			most := map[judge.Promise]float64{judge.OutOfStock: without, judge.Twice: 0.75 * without}[promise]
			if with > most {
				t.Errorf("%s: with rules broken %.1f times in 10,000, may be %.1f", promise, with, most)
			}
		}
		for told, n := range p.short {
			if told < 2 {
				t.Errorf("%d times an item was shown of which the node was told that there are %d", n, told)
			}
		}
	}
}

func (p *trial) print(on, off judge.Tally) {
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(out, "\t")
	for _, promise := range judge.Promises() {
		fmt.Fprintf(out, "%s\t", promise)
	}
	fmt.Fprint(out, "items shown\t\n")
	for i, tally := range []judge.Tally{on, off} {
		fmt.Fprintf(out, "%s\t", []string{"with rules", "rules off"}[i])
		for _, promise := range judge.Promises() {
			fmt.Fprintf(out, "%.1f\t", tally.Per10k(promise))
		}
		fmt.Fprintf(out, "%d\t\n", tally.Shown)
	}
	out.Flush()
	var told []int
	for n := range p.short {
		told = append(told, n)
	}
	slices.Sort(told)
	fmt.Fprint(&b, "shown with rules from an empty shelf, by how many the node had been told of:")
	for _, n := range told {
		fmt.Fprintf(&b, " %d:%d", n, p.short[n])
	}
	p.t.Logf("broken promises per 10,000 items shown:\n%s", b.String())
}
