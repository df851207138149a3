package delivery_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/delivery"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/sync/wire"
)

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1)
	os.Exit(m.Run())
}

// place is a node whose decisions call for a label at once and for a pick that the
// staff approve.
type place struct {
	*storetest.Node
	holds   *coordinate.Holds
	actions *coordinate.Actions
	t       *testing.T
	n       int
}

func newPlace(t *testing.T) *place {
	p := &place{t: t}
	p.Node = storetest.New(t, func(st *store.Store) {
		p.holds = coordinate.New(st, catalogue.New(st))
		p.actions = coordinate.NewActions(st, p.holds)
	})
	return p
}

var person = bytes.Repeat([]byte{0xa7}, 16)

func (p *place) decide() (label, pick coordinate.ActionID) {
	p.t.Helper()
	p.n++
	d := &wire.Decision{
		Id: append(make([]byte, 15), byte(p.n)), EventId: "planted event", Slot: "pickup", Pseudonym: person, Session: person, Items: []string{"tea"},
		Shown: []*wire.Shown{{Price: &wire.Money{Amount: 399, Currency: "EUR"}}},
		Plans: []*wire.Plan{{Function: "pricing", Kind: "label", TtlMs: 600_000}, {Function: "stock_room", Kind: "pick", Approval: true, TtlMs: 600_000}},
	}
	if _, err := p.Store.Commit(&wire.Record{Body: &wire.Record_Decision{Decision: d}}, nil); err != nil {
		p.t.Fatal(err)
	}
	return coordinate.NewActionID(d.Id, 0, 0), coordinate.NewActionID(d.Id, 0, 1)
}

func (p *place) state(id coordinate.ActionID) string {
	row, err := p.actions.Get(id)
	if err != nil {
		return err.Error()
	}
	return coordinate.StateName(row.State)
}

// function is a door that answers as it is told, and remembers what it was asked.
type function struct {
	mu     sync.Mutex
	got    []delivery.Message
	answer func(n int, m delivery.Message) (wire.ActionState, error)
}

func (f *function) Send(_ context.Context, m delivery.Message) (wire.ActionState, error) {
	f.mu.Lock()
	f.got = append(f.got, m)
	n := len(f.got)
	f.mu.Unlock()
	return f.answer(n, m)
}

func sent(int, delivery.Message) (wire.ActionState, error) { return wire.ActionState_ACTION_SENT, nil }

// run has a courier run until what it returns is called.
func (p *place) run(doors map[string]delivery.Door) (c *delivery.Courier, stop func()) {
	c = delivery.New(delivery.Options{Store: p.Store, Actions: p.actions, Site: "north", Doors: doors})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	return c, func() {
		cancel()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	}
}

// A function that is down gets its action in the end, each time the same bytes under
// the same id; what became of it is known after a restart, and not sent again.
func TestActionsArriveInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		label, pick := p.decide()
		f := &function{answer: func(n int, m delivery.Message) (wire.ActionState, error) {
			if n < 6 {
				return 0, errors.New("down")
			}
			return sent(n, m)
		}}
		stock := &function{answer: sent}
		doors := map[string]delivery.Door{"pricing": f, "stock_room": stock}
		began := time.Now()
		c, stop := p.run(doors)
		time.Sleep(5 * time.Minute) // of the bubble
		synctest.Wait()
		if len(f.got) != 6 || p.state(label) != "sent" || p.state(pick) != "proposed" || len(stock.got) > 0 {
			t.Fatalf("%d messages, label %s, pick %s, %d to the stock room", len(f.got), p.state(label), p.state(pick), len(stock.got))
		}
		if s := c.Stats(); s != (delivery.Stats{Sent: 1, Again: 5}) || time.Since(began) < time.Minute {
			t.Errorf("%+v", s)
		}
		for _, m := range f.got {
			if m.ID != label.String() || !bytes.Equal(m.Body, f.got[0].Body) {
				t.Errorf("%s, %s", m.ID, m.Body)
			}
			for _, planted := range []string{"planted", hex.EncodeToString(person), string(person)} {
				if bytes.Contains(m.Body, []byte(planted)) {
					t.Errorf("%q is in %s", planted, m.Body)
				}
			}
		}
		var said struct {
			Data struct {
				Function, Kind, Site, Slot, ItemID, Due string
				Quantity                                int
				Price                                   struct{ Amount int64 }
			}
		}
		if err := json.Unmarshal(f.got[0].Body, &said); err != nil {
			t.Fatal(err)
		}
		if d := said.Data; d.Function != "pricing" || d.Kind != "label" || d.Site != "north" || d.Slot != "pickup" || d.ItemID != "tea" || d.Quantity != 1 || d.Price.Amount != 399 || d.Due == "" {
			t.Errorf("%+v", d)
		}
		stop()
		p.Restart()
		_, stop = p.run(doors)
		if err := p.actions.Update(ctx, pick, wire.ActionState_ACTION_APPROVED, ""); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if len(f.got) != 6 || len(stock.got) != 1 || p.state(pick) != "sent" {
			t.Errorf("after a restart %d and %d messages, pick %s", len(f.got), len(stock.got), p.state(pick))
		}
		stop()
	})
}

// What is due is sent no more, and a refusal is final and seen.
func TestNothingIsSentTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		label, _ := p.decide()
		f := &function{answer: func(int, delivery.Message) (wire.ActionState, error) { return 0, errors.New("down") }}
		_, stop := p.run(map[string]delivery.Door{"pricing": f})
		time.Sleep(time.Minute)
		synctest.Wait()
		n := len(f.got)
		p.Advance(10 * time.Minute)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if err := p.actions.Settle(); err != nil {
			t.Fatal(err)
		}
		if n < 3 || len(f.got) != n || p.state(label) != "expired" {
			t.Errorf("%d messages, then %d; the action is %s", n, len(f.got), p.state(label))
		}
		f.mu.Lock()
		f.answer = func(int, delivery.Message) (wire.ActionState, error) { return 0, &delivery.Final{Why: "status_404"} }
		f.mu.Unlock()
		label, _ = p.decide()
		synctest.Wait()
		row, err := p.actions.Get(label)
		if err != nil || row.State != wire.ActionState_ACTION_FAILED || row.Why != "status_404" || len(f.got) != n+1 {
			t.Errorf("%v, %v, %d messages", row, err, len(f.got))
		}
		stop()
	})
}

// A function that hangs holds up neither another nor a decision, and no more than
// four of its actions are on the way.
func TestSlowFunctionsHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlace(t)
		hang := make(chan struct{})
		slow := &function{answer: func(int, delivery.Message) (wire.ActionState, error) {
			<-hang
			return wire.ActionState_ACTION_DONE, nil
		}}
		quick := &function{answer: sent}
		_, stop := p.run(map[string]delivery.Door{"pricing": slow, "stock_room": quick})
		began := time.Now()
		var labels []coordinate.ActionID
		for range 20 {
			label, pick := p.decide()
			labels = append(labels, label)
			if err := p.actions.Update(ctx, pick, wire.ActionState_ACTION_APPROVED, ""); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		slow.mu.Lock()
		n := len(slow.got)
		slow.mu.Unlock()
		if n != 4 || len(quick.got) != 20 || time.Since(began) > 0 {
			t.Errorf("%d at the slow function, %d at the other, after %v", n, len(quick.got), time.Since(began))
		}
		close(hang)
		synctest.Wait()
		for _, id := range labels {
			if p.state(id) != "done" {
				t.Errorf("a label is %s", p.state(id))
			}
		}
		stop()
	})
}

// Promise 4: whatever is said of actions, in whatever order and while they are on the
// way, a function never gets one that nobody approved, nor one after it was rejected.
func TestNothingUnapprovedIsSent(t *testing.T) {
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 1))
			p := newPlace(t)
			var mu sync.Mutex
			may := map[string]bool{}
			f := &function{answer: func(_ int, m delivery.Message) (wire.ActionState, error) {
				mu.Lock()
				defer mu.Unlock()
				if !may[m.ID] {
					t.Errorf("%s was not approved", m.ID)
				}
				if rng.IntN(2) == 0 {
					return 0, errors.New("down")
				}
				return wire.ActionState_ACTION_SENT, nil
			}}
			doors := map[string]delivery.Door{"stock_room": f}
			_, stop := p.run(doors)
			var picks []coordinate.ActionID
			for range 150 {
				switch n := rng.IntN(6); {
				case n == 0 && p.n < 200:
					_, pick := p.decide()
					picks = append(picks, pick)
				case n == 1:
					time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
					synctest.Wait()
				case n == 2 && rng.IntN(5) == 0:
					stop()
					p.Restart()
					_, stop = p.run(doors)
				case len(picks) > 0:
					id := picks[rng.IntN(len(picks))]
					to := wire.ActionState(rng.IntN(9))
					synctest.Wait() // nothing is on the way
					mu.Lock()
					if err := p.actions.Update(ctx, id, to, ""); err == nil {
						may[id.String()] = to == wire.ActionState_ACTION_APPROVED || to == wire.ActionState_ACTION_EDITED
					}
					mu.Unlock()
				}
			}
			synctest.Wait()
			stop()
			if len(f.got) == 0 {
				t.Errorf("seed %d: nothing was sent", seed)
			}
		})
	}
}
