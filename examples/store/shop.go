package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/examples/internal/judge"
	"github.com/aisle-edge/aisle/examples/internal/loop"
	"github.com/aisle-edge/aisle/examples/internal/world"
	"github.com/aisle-edge/aisle/sync/wire"
)

// terms are what the release promises, as the judge reads it.
var terms = judge.Terms{Floor: 0.05, Cap: 3, Window: 10 * time.Minute}

// town is all that is open.
type town struct{ shops []*shop }

// shop is one site in service: its shelves, its shoppers and who judges it.
type shop struct {
	// immutable after open
	world *world.World
	site  world.Site
	agent *loop.Agent
	slot  string
	runID string // goes before every id, so that a later run has its own
	on    *judge.Judge
	off   *judge.Judge // nil: nobody asks what it would be without rules

	stock      *world.Stock
	visits     atomic.Int64
	unanswered atomic.Int64
	fetches    rarely
	wishes     wishes
}

// unruled is the slot that asks for the same without rules.
const unruled = "home_hero_unruled"

// open brings goods, stock and people to the agents.
func open(ctx context.Context, o Options, l *loop.Loop) (*town, error) {
	w, now := world.New(o.Seed), time.Now()
	dir := filepath.Join(o.Var, "world", "import")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	t := &town{}
	for i, site := range world.Sites() {
		s := &shop{world: w, site: site, agent: l.Agents[i], slot: "home_hero", runID: fmt.Sprintf("%x-", now.Unix()), stock: w.Stock(site)}
		if i == 2 {
			s.slot = "page_hero"
		} else {
			s.off = judge.New(terms, s)
		}
		s.on = judge.New(terms, s)
		for _, file := range []struct {
			kind  string
			write func(io.Writer) error
		}{
			{"items", func(out io.Writer) error { return w.WriteItems(out, site) }},
			{"stock", func(out io.Writer) error { return s.stock.WriteStock(out, time.Now()) }},
			{"profiles", func(out io.Writer) error { return w.WriteProfiles(out, site, now) }},
		} {
			if err := importFile(ctx, s.agent, dir, file.kind, file.write); err != nil {
				return nil, err
			}
		}
		t.shops = append(t.shops, s)
	}
	return t, nil
}

// promises are those broken in the two stores, with rules and without.
func (t *town) promises() (on, off judge.Tally) {
	for _, s := range t.shops {
		if s.off != nil {
			on, off = on.Plus(s.on.Tally()), off.Plus(s.off.Tally())
		}
	}
	return on, off
}

// Goods and OnShelf make it the judge's truth.
func (s *shop) Goods(id string) (judge.Goods, bool) {
	it, ok := s.world.Item(id)
	sold := it.Status == "active" && !strings.HasPrefix(it.Category, "tobacco")
	return judge.Goods{TaxRate: it.TaxRate, Cost: it.Cost, Sold: sold}, ok
}

func (s *shop) OnShelf(id string) int { return s.stock.OnShelf(id) }

// run lets shoppers come until ctx ends. Each is served beside the others; what
// they do later they do in their own time.
func (s *shop) run(ctx context.Context, began time.Time, speed float64) error {
	var inside sync.WaitGroup
	defer inside.Wait()
	inside.Go(func() { s.shelves(ctx, began, speed) })
	for v := range s.world.Visits(s.site) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(began.Add(time.Duration(float64(v.At) / speed)))):
		}
		s.wishes.come(v)
		inside.Go(func() { s.visit(ctx, v) })
	}
	return nil
}

// shelves tells the agent of stock that moves, until ctx ends.
func (s *shop) shelves(ctx context.Context, began time.Time, speed float64) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var moves []localapi.Movement
		var counts []localapi.Count
		for _, m := range s.stock.Advance(time.Duration(float64(time.Since(began)) * speed)) {
			if m.Counted {
				counts = append(counts, localapi.Count{ItemID: m.Item, OnHand: int64(m.Found)})
			} else {
				moves = append(moves, localapi.Movement{ID: s.runID + m.ID, ItemID: m.Item, Delta: int64(m.Change)})
			}
		}
		s.move(ctx, moves)
		if len(counts) > 0 {
			loop.Insist(ctx, func() error { return s.agent.Count(ctx, counts) })
		}
	}
}

func (s *shop) move(ctx context.Context, moves []localapi.Movement) {
	if len(moves) > 0 {
		loop.Insist(ctx, func() error { return s.agent.Move(ctx, moves) })
	}
}

// visit serves one shopper.
func (s *shop) visit(ctx context.Context, v world.Visit) {
	if v.Changed && s.consent(ctx, v) != nil {
		return
	}
	q := loop.Question{
		EventID: s.runID + v.Event, Slot: s.slot, ProfileID: v.Profile, SessionID: s.runID + v.Session,
		Context: map[string]string{"weather": v.Weather, "daypart": v.Daypart},
	}
	if s.off != nil {
		without := q
		without.Slot, without.DryRun = unruled, true
		s.ask(ctx, without, v, s.off)
	}
	s.visits.Add(1)
	answer, ok := s.ask(ctx, q, v, s.on)
	if !ok {
		s.unanswered.Add(1)
		return
	}
	var shown []string
	for _, it := range answer.Items {
		shown = append(shown, it.ID)
	}
	var done sync.WaitGroup
	for _, r := range s.world.React(v, shown) {
		done.Go(func() { s.react(ctx, v, q.EventID, r) })
	}
	done.Wait()
}

// consent tells that a person changed their mind. The judges begin anew with
// them: what was remembered under another answer binds nobody.
func (s *shop) consent(ctx context.Context, v world.Visit) error {
	text := sha256.Sum256([]byte("May this shop choose offers for you?"))
	now := time.Now()
	err := loop.Insist(ctx, func() error {
		return s.agent.Grant(ctx, v.Profile, localapi.Consent{
			Purposes: words(v.Granted),
			Evidence: &localapi.Evidence{Text: hex.EncodeToString(text[:]), Place: "kiosk " + s.site.Name, At: &now},
		})
	})
	s.wishes.change(v, judge.Span{Sent: now, Answered: time.Now()})
	s.on.Forget(v.Profile)
	if s.off != nil {
		s.off.Forget(v.Profile)
	}
	return err
}

func words(purposes []wire.Purpose) []string {
	list := []string{}
	for _, p := range purposes {
		list = append(list, string(p))
	}
	return list
}

// ask asks once, as a kiosk does, and has the answer judged.
func (s *shop) ask(ctx context.Context, q loop.Question, v world.Visit, by *judge.Judge) (*ranking.Answer, bool) {
	sent := time.Now()
	answer, err := s.agent.Decide(ctx, q)
	if err != nil {
		return nil, false
	}
	asked := judge.Span{Sent: sent, Answered: time.Now()}
	seen := judge.Answer{Span: asked, Person: known(v), Used: answer.Basis.PurposesUsed, Granted: s.wishes.granted(v, asked)}
	for _, it := range answer.Items {
		one := judge.Item{ID: it.ID}
		if it.Price != nil {
			one.Price = it.Price.Amount
		}
		seen.Items = append(seen.Items, one)
	}
	by.Show(seen)
	return answer, true
}

// known is a person who lets themselves be recognised.
func known(v world.Visit) string {
	if len(v.Granted) == 0 {
		return ""
	}
	return v.Profile
}

// react does, in its time, what a shopper does about one item.
func (s *shop) react(ctx context.Context, v world.Visit, event string, r world.Reaction) {
	tell := func(kind string) {
		o := attribution.Outcome{ID: event + "-" + r.Item + "-" + kind, EventID: event, ItemID: r.Item, Type: kind, Quantity: 1}
		sent := time.Now()
		err := loop.Insist(ctx, func() error { return s.agent.Tell(ctx, o) })
		if err == nil && (kind == "purchase" || kind == "dismiss") {
			s.had(v, r.Item, judge.Span{Sent: sent, Answered: time.Now()})
		}
	}
	switch {
	case r.Dismiss:
		tell("dismiss")
	case r.Click:
		if !wait(ctx, r.ClickAfter) {
			return
		}
		tell("click")
		s.fetch(ctx, event, r.Item)
		if r.Buy && wait(ctx, r.BuyAfter-r.ClickAfter) {
			s.buy(ctx, event, r, tell)
		}
	}
}

// buy is what happens at the till, if the item is truly there.
func (s *shop) buy(ctx context.Context, event string, r world.Reaction, tell func(string)) {
	id := event + "-" + r.Item
	if !s.stock.Take(r.Item) {
		tell("not_found")
		return
	}
	tell("purchase")
	s.move(ctx, []localapi.Movement{{ID: id + "-sold", ItemID: r.Item, Delta: -1}})
	if r.Return && wait(ctx, r.ReturnAfter-r.BuyAfter) {
		s.stock.PutBack(r.Item)
		tell("return")
		s.move(ctx, []localapi.Movement{{ID: id + "-back", ItemID: r.Item, Delta: 1}})
	}
}

func (s *shop) had(v world.Visit, item string, told judge.Span) {
	s.on.Had(known(v), item, told)
	if s.off != nil {
		s.off.Had(known(v), item, told)
	}
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
