package coordinate_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/sync/wire"
)

// desk is a shelf with somebody who is asked to do things.
type desk struct {
	*shelf
	*coordinate.Actions
}

func newDesk(t testing.TB, items int) *desk {
	d := &desk{shelf: &shelf{}}
	d.Node = storetest.New(t, func(st *store.Store) {
		d.cat = catalogue.New(st)
		d.Holds = coordinate.New(st, d.cat)
		d.Actions = coordinate.NewActions(st, d.Holds)
	})
	for i := range items {
		d.commit(t, &wire.Record{Body: &wire.Record_Item{Item: &wire.Item{Id: fmt.Sprint("i", i), Status: "active", Stock: 10, StockKnown: true}}})
	}
	d.Restart()
	return d
}

// task is what the oracle knows of an action.
type task struct {
	decision, position, plan int
	item                     int
	state                    string
	due                      time.Time
	staff                    bool // it waits for the staff first
	accepted                 bool // the staff, or nobody needed to
	over                     bool
	quantity                 int64
}

var plans = []*wire.Plan{
	{Function: "stock_room", Kind: "pick", Approval: true, TtlMs: 90_000},
	{Function: "pricing", Kind: "label", TtlMs: 60_000},
	{Function: "service", Kind: "assist", When: wire.OutcomeType_OUTCOME_CLICK, Approval: true, TtlMs: 45_000},
}

// Promise 4: an action there is if and only if its decision, activation or outcome
// is in the log; it is carried out by nobody before it was approved; its states
// follow each other as they may, whatever is told in whatever order, after any
// restarts, power cuts and damage; and what it holds ends where it is rejected or
// expires.
func TestActionsAreWhatTheLogSays(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		const items = 3
		s := newDesk(t, items)
		defer s.Close()
		var tasks []*task
		deferred := map[int][]int{} // decision: its items
		shown := map[int][]int{}
		held := map[[2]int]*task{} // by decision and position: what of it is held
		decisions := 0
		begin := func(d int, when wire.OutcomeType, item int) {
			for i, it := range shown[d] {
				for k, p := range plans {
					if p.When != when || item >= 0 && it != item || slices.ContainsFunc(tasks, func(x *task) bool { return x.decision == d && x.position == i && x.plan == k }) {
						continue
					}
					one := &task{decision: d, position: i, plan: k, item: it, state: "approved", quantity: 1, staff: p.Approval,
						accepted: !p.Approval, due: s.Now().Add(time.Duration(p.TtlMs) * time.Millisecond)}
					if p.Approval {
						one.state = "proposed"
					}
					tasks = append(tasks, one)
				}
			}
		}
		expire := func() {
			for _, x := range tasks {
				if x.over || x.due.After(s.Now()) {
					continue
				}
				x.over = true
				if x.state != "sent" && x.state != "failed" {
					x.state = "expired"
					delete(held, [2]int{x.decision, x.position})
				}
			}
		}
		id := func(x *task) coordinate.ActionID {
			return coordinate.NewActionID(decision(x.decision, nil, 0, 0).Id, x.position, x.plan)
		}
		r.Repeat(map[string]func(*rapid.T){
			"decide": func(r *rapid.T) {
				if decisions == 100 {
					return
				}
				decisions++
				of := rapid.SliceOfNDistinct(rapid.IntRange(0, items-1), 1, 2, rapid.ID[int]).Draw(r, "items")
				var ids []string
				for i, it := range of {
					ids = append(ids, fmt.Sprint("i", it))
					held[[2]int{decisions, i}] = &task{item: it, quantity: 1}
				}
				d := decision(decisions, ids, 1, s.Now().Add(24*time.Hour).UnixMilli())
				d.Plans, d.Deferred = plans, rapid.Bool().Draw(r, "deferred")
				s.commit(t, &wire.Record{Body: &wire.Record_Decision{Decision: d}})
				expire()
				if d.Deferred {
					deferred[decisions] = of
				} else {
					shown[decisions] = of
					begin(decisions, 0, -1)
				}
			},
			"activate": func(r *rapid.T) {
				d := rapid.IntRange(0, decisions).Draw(r, "decision")
				s.commit(t, &wire.Record{Body: &wire.Record_Activation{Activation: &wire.Activation{Decision: decision(d, nil, 0, 0).Id}}})
				expire()
				if of := deferred[d]; of != nil {
					delete(deferred, d)
					shown[d] = of
					begin(d, 0, -1)
				}
			},
			"click": func(r *rapid.T) {
				d, item := rapid.IntRange(0, decisions).Draw(r, "decision"), rapid.IntRange(0, items-1).Draw(r, "item")
				s.commit(t, &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: "o", Decision: decision(d, nil, 0, 0).Id,
					Item: fmt.Sprint("i", item), Type: wire.OutcomeType_OUTCOME_CLICK, Quantity: 1}}})
				expire()
				begin(d, wire.OutcomeType_OUTCOME_CLICK, item)
			},
			"update": func(r *rapid.T) {
				if len(tasks) == 0 {
					return
				}
				x := rapid.SampledFrom(tasks).Draw(r, "task")
				to := rapid.SampledFrom([]string{"approved", "edited", "rejected", "sent", "done", "failed", "expired", "proposed"}).Draw(r, "to")
				u := &wire.ActionUpdate{Decision: decision(x.decision, nil, 0, 0).Id, Position: uint32(x.position), Plan: uint32(x.plan)}
				u.State, _ = coordinate.ParseState(to)
				edit := rapid.IntRange(0, items-1).Draw(r, "edit")
				if to == "edited" {
					u.Item, u.Quantity = fmt.Sprint("i", edit), 2
				}
				if staff := to == "approved" || to == "edited" || to == "rejected"; staff && rapid.Bool().Draw(r, "by the staff") {
					s.commit(t, &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: "o", Type: wire.OutcomeType_OUTCOME_ACCEPT, Action: u}}})
				} else {
					s.commit(t, &wire.Record{Body: &wire.Record_ActionUpdate{ActionUpdate: u}})
				}
				expire()
				switch {
				case x.over:
				case x.state == "proposed" && (to == "approved" || to == "edited"):
					x.accepted = true
				case to == "rejected":
				case x.accepted && (x.state == "approved" || x.state == "edited") && (to == "sent" || to == "done" || to == "failed"):
				case (x.state == "sent" || x.state == "failed") && to == "done":
				default:
					return // can't follow
				}
				if x.over {
					return
				}
				x.state = to
				x.over = to == "rejected" || to == "done"
				switch {
				case to == "rejected":
					delete(held, [2]int{x.decision, x.position})
				case to == "edited":
					x.item, x.quantity = edit, 2
					if h := held[[2]int{x.decision, x.position}]; h != nil {
						h.item, h.quantity = edit, 2
					}
				}
			},
			"time":    func(r *rapid.T) { s.Advance(time.Duration(rapid.IntRange(1, 40).Draw(r, "seconds")) * time.Second) },
			"restart": func(*rapid.T) { s.Restart() },
			"cut": func(*rapid.T) {
				if err := s.Store.Sync(ctx, s.Log.Last()); err != nil {
					t.Fatal(err)
				}
				s.Cut()
			},
			"damage": func(*rapid.T) { s.Damage("state.db") },
			"": func(r *rapid.T) {
				if err := s.Actions.Settle(); err != nil {
					t.Fatal(err)
				}
				expire()
				ready := map[coordinate.ActionID]bool{}
				for _, f := range []string{"stock_room", "pricing", "service"} {
					s.Open(f)
					for _, id := range s.Take(f) {
						if _, _, ok := s.Deliver(id); ok {
							ready[id] = true
						}
					}
				}
				live := 0
				for _, x := range tasks {
					row, err := s.Get(id(x))
					if err != nil {
						r.Fatalf("%+v: %v", x, err)
					}
					if got := coordinate.StateName(row.State); got != x.state || row.Item != fmt.Sprint("i", x.item) || int64(row.Quantity) != x.quantity || (row.Ended > 0) != x.over {
						r.Fatalf("%+v is %v", x, row)
					}
					if want := !x.over && x.accepted && (x.state == "approved" || x.state == "edited"); ready[id(x)] != want {
						r.Fatalf("%+v is carried out: %v", x, ready[id(x)])
					}
					if !x.over {
						live++
					}
				}
				if n := s.Actions.Live(); n != live || len(s.List("", 0)) != live {
					r.Fatalf("%d actions are under way, want %d", n, live)
				}
				left := map[int]int64{}
				for _, h := range held {
					left[h.item] += h.quantity
				}
				for i := range items {
					place, _ := s.cat.Snapshot().Place(fmt.Sprint("i", i))
					if want := 10 - left[i]; s.cat.Promisable(place) != want {
						r.Fatalf("i%d: %d can be promised, want %d", i, s.cat.Promisable(place), want)
					}
				}
			},
		})
	})
}

// What is asked of actions that can't be has an error of its own, and leaves nothing.
func TestUpdatesThatCantBe(t *testing.T) {
	s := newDesk(t, 1)
	d := decision(1, []string{"i0"}, 1, s.Now().Add(time.Hour).UnixMilli())
	d.Plans = plans
	s.commit(t, &wire.Record{Body: &wire.Record_Decision{Decision: d}})
	pick, label := coordinate.NewActionID(d.Id, 0, 0), coordinate.NewActionID(d.Id, 0, 1)
	update := func(id coordinate.ActionID, to wire.ActionState) error {
		t.Helper()
		return s.Update(ctx, id, to, "")
	}
	if err := update(coordinate.NewActionID(d.Id, 1, 0), wire.ActionState_ACTION_DONE); !errors.Is(err, coordinate.ErrUnknown) {
		t.Error(err)
	}
	if err := update(pick, wire.ActionState_ACTION_SENT); !errors.Is(err, coordinate.ErrDecided) {
		t.Error(err)
	}
	if err := update(label, wire.ActionState_ACTION_APPROVED); !errors.Is(err, coordinate.ErrDecided) {
		t.Error(err)
	}
	before := s.Log.Last()
	s.Advance(90 * time.Second)
	if err := update(pick, wire.ActionState_ACTION_APPROVED); !errors.Is(err, coordinate.ErrExpired) {
		t.Error(err)
	}
	if s.Log.Last() != before {
		t.Error("something was recorded")
	}
}

// However many actions are called for, memory and table keep so many.
func TestActionsAreBounded(t *testing.T) {
	s := newDesk(t, 1)
	n := 0
	more := func(count int) {
		for range count {
			d := decision(1, []string{"i0"}, 1, 0)
			d.Id[0], d.Id[1], d.Shown[0].Hold = byte(n>>8), byte(n), nil
			d.Plans = plans[:1]
			n++
			s.commit(t, &wire.Record{Body: &wire.Record_Decision{Decision: d}})
		}
	}
	more(8192 + 10)
	if s.Actions.Live() != 8192 || s.Over() != 10 {
		t.Errorf("%d are under way, %d were not taken", s.Actions.Live(), s.Over())
	}
	s.Advance(time.Hour)
	more(3)
	for range 2 {
		if live, expired := s.Actions.Live(), len(s.List("", wire.ActionState_ACTION_EXPIRED)); live != 3 || expired != 1024 {
			t.Errorf("%d are under way, %d are remembered", live, expired)
		}
		s.Restart()
	}
}

// Actions of an erased decision are gone, and so is what it called for.
func TestErasedDecisionsCallForNothing(t *testing.T) {
	s := newDesk(t, 2)
	var ids [][]byte
	for n := 1; n <= 3; n++ {
		d := decision(n, []string{"i0", "i1"}, 1, s.Now().Add(time.Hour).UnixMilli())
		d.Plans = plans
		s.commit(t, &wire.Record{Body: &wire.Record_Decision{Decision: d}})
		ids = append(ids, d.Id)
	}
	if err := s.Update(ctx, coordinate.NewActionID(ids[0], 0, 0), wire.ActionState_ACTION_REJECTED, ""); err != nil {
		t.Fatal(err)
	}
	s.commit(t, &wire.Record{Body: &wire.Record_Erasure{Erasure: &wire.Erasure{Pseudonym: make([]byte, 16), Decisions: ids[:2]}}})
	click := &wire.Outcome{Id: "o", Decision: ids[1], Item: "i0", Type: wire.OutcomeType_OUTCOME_CLICK, Quantity: 1}
	s.commit(t, &wire.Record{Body: &wire.Record_Outcome{Outcome: click}})
	for range 2 {
		for state := range wire.ActionState_name {
			for _, x := range s.List("", wire.ActionState(state)) {
				if x.Id[15] != 3 {
					t.Errorf("%v is there", x)
				}
			}
		}
		if s.Actions.Live() != 4 {
			t.Errorf("%d are under way, want the four of the other", s.Actions.Live())
		}
		s.Restart()
	}
}
