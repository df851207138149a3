package coordinate_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/sync/wire"
)

// purse is a node with budgets.
type purse struct {
	*storetest.Node
	*coordinate.Budgets
}

func newPurse(t testing.TB) *purse {
	p := &purse{}
	p.Node = storetest.New(t, func(st *store.Store) { p.Budgets = coordinate.NewBudgets(st) })
	return p
}

func (p *purse) commit(t testing.TB, rec *wire.Record) {
	t.Helper()
	if _, err := p.Store.Commit(rec, nil); err != nil {
		t.Fatal(err)
	}
}

func (p *purse) show(t testing.TB, n int, applied ...*wire.Applied) {
	t.Helper()
	d := &wire.Decision{Id: id16(n), EventId: fmt.Sprint("e", n), Items: []string{"i"}, Shown: []*wire.Shown{{Applied: applied}}}
	p.commit(t, &wire.Record{Body: &wire.Record_Decision{Decision: d}})
}

func (p *purse) tell(t testing.TB, n int, kind wire.OutcomeType, quantity float64, person ...byte) {
	t.Helper()
	o := &wire.Outcome{Id: "o", Decision: id16(n), Item: "i", Type: kind, Quantity: quantity, Pseudonym: person}
	p.commit(t, &wire.Record{Body: &wire.Record_Outcome{Outcome: o}})
}

func id16(n int) []byte { return append(make([]byte, 15), byte(n)) }

const (
	sold     = wire.OutcomeType_OUTCOME_PURCHASE
	redeemed = wire.OutcomeType_OUTCOME_REDEEM
	returned = wire.OutcomeType_OUTCOME_RETURN
	voided   = wire.OutcomeType_OUTCOME_VOID
)

// last is when a person redeemed an offer, 0 for never.
func (p *purse) last(t testing.TB, person []byte, offer string) (at int64) {
	t.Helper()
	err := p.Store.View(func(v *store.View) error {
		at = coordinate.Last(p.Redeemed(nil, v, wire.Pseudonym(person)), offer)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A budget's way by hand: shown, sold in part, lapsed, sold late, brought back.
func TestBudgetStepByStep(t *testing.T) {
	p := newPurse(t)
	person := id16(200)
	until := p.Now().Add(10 * time.Minute).UnixMilli()
	two := func() *wire.Applied { return &wire.Applied{Offer: "o", Discount: 100, Units: 2, UntilMs: until} }
	want := func(when string, spent, used int64) {
		t.Helper()
		if p.Spent("o") != spent || p.Used("o") != used {
			t.Errorf("%s: %d spent and %d used, want %d and %d", when, p.Spent("o"), p.Used("o"), spent, used)
		}
	}
	p.show(t, 1, two(), &wire.Applied{Offer: "coupon", Discount: 7, Once: true, EndsMs: until})
	want("shown", 0, 200)
	p.tell(t, 1, wire.OutcomeType_OUTCOME_CLICK, 1)
	p.tell(t, 9, sold, 1)
	want("of no consequence", 0, 200)
	p.tell(t, 1, sold, 1, person...)
	want("one was sold", 100, 200)
	if at := p.last(t, person, "coupon"); at != p.Store.Now() || p.last(t, person, "o") != 0 || p.last(t, id16(201), "coupon") != 0 {
		t.Errorf("redeemed at %d", at)
	}
	p.Restart()
	want("after a restart", 100, 200)
	p.tell(t, 1, redeemed, 5, person...)
	want("both were", 200, 200)
	p.tell(t, 1, sold, 1, person...)
	want("a third was not promised", 200, 200)
	p.tell(t, 1, returned, 1, person...)
	want("one came back", 100, 100)
	if p.last(t, person, "coupon") == 0 {
		t.Error("the coupon of the other one is forgotten")
	}
	p.tell(t, 1, voided, 9, person...)
	want("and the other", 0, 0)
	if p.last(t, person, "coupon") != 0 {
		t.Error("a coupon that came back is taken for redeemed")
	}
	p.show(t, 2, two())
	p.tell(t, 2, voided, 1)
	want("let go", 0, 0)
	p.show(t, 3, two())
	p.Advance(10*time.Minute - time.Millisecond)
	if err := p.Settle(); err != nil {
		t.Fatal(err)
	}
	want("nearly over", 0, 200)
	p.Advance(time.Millisecond)
	if err := p.Settle(); err != nil {
		t.Fatal(err)
	}
	want("over", 0, 0)
	p.tell(t, 3, sold, 2)
	want("sold all the same", 200, 200)
	until = p.Now().Add(time.Minute).UnixMilli()
	p.show(t, 4, two())
	p.commit(t, &wire.Record{Body: &wire.Record_HoldEnd{HoldEnd: &wire.HoldEnd{Hold: coordinate.ID([16]byte(id16(4)), 0)}}})
	want("an answer that was never given", 200, 200)
}

// A hold or quote may be for longer than events are known: its budget is reserved all
// the while, over restarts, and a sale under it is spent.
func TestLongPromisesReserve(t *testing.T) {
	p := newPurse(t)
	p.show(t, 1, &wire.Applied{Offer: "o", Discount: 100, Units: 3, UntilMs: p.Now().Add(30 * 24 * time.Hour).UnixMilli()})
	for day, step := range []struct {
		tell        wire.OutcomeType
		spent, used int64
	}{{0, 0, 300}, {sold, 100, 300}, {0, 100, 300}, {sold, 200, 300}, {0, 200, 300}, {0, 200, 200}, {returned, 100, 100}} {
		p.Advance(5 * 24 * time.Hour)
		if err := p.Settle(); err != nil {
			t.Fatal(err)
		}
		if step.tell != 0 {
			p.tell(t, 1, step.tell, 1)
		}
		p.Restart()
		if p.Spent("o") != step.spent || p.Used("o") != step.used {
			t.Errorf("after %d days: %d spent and %d used, want %d and %d", 5*(day+1), p.Spent("o"), p.Used("o"), step.spent, step.used)
		}
	}
}

// A redemption is forgotten with the person, their consent, and some time after its
// offer; that it was given away is not.
func TestRedemptionsAreForgotten(t *testing.T) {
	for name, c := range map[string]struct {
		rec    *wire.Record
		forget bool
	}{
		"erased":               {&wire.Record{Body: &wire.Record_Erasure{Erasure: &wire.Erasure{Pseudonym: id16(200), Decisions: [][]byte{id16(1)}}}}, true},
		"withdrawn":            {&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: id16(200), Version: 1}}}, true},
		"another's withdrawal": {&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: id16(201), Version: 1}}}, false},
		"still granted":        {&wire.Record{Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: id16(200), Version: 1, Purposes: []string{"measurement"}}}}, false},
	} {
		p := newPurse(t)
		p.show(t, 1, &wire.Applied{Offer: "o", Discount: 100, Units: 1, UntilMs: p.Now().Add(time.Minute).UnixMilli(), Once: true})
		p.tell(t, 1, sold, 1, id16(200)...)
		before := p.Redemptions()
		p.commit(t, c.rec)
		for _, again := range []bool{false, true} {
			if again {
				p.Restart()
			} else if (p.Redemptions() != before) != c.forget {
				t.Errorf("%s: that it is forgotten can't be noticed", name)
			}
			if forgot := p.last(t, id16(200), "o") == 0; forgot != c.forget || p.Spent("o") != 100 {
				t.Errorf("%s: forgotten: %v, spent %d", name, forgot, p.Spent("o"))
			}
		}
		if p.tell(t, 1, returned, 1, id16(200)...); p.last(t, id16(200), "o") != 0 || p.Spent("o") != 0 {
			t.Errorf("%s: what came back is redeemed", name)
		}
	}
	p := newPurse(t)
	ends := p.Now().Add(time.Hour)
	for i, end := range []int64{ends.UnixMilli(), 0} {
		p.show(t, i, &wire.Applied{Offer: fmt.Sprint("o", i), Discount: 1, Once: true, EndsMs: end})
		p.tell(t, i, sold, 1, id16(200)...)
	}
	for _, days := range []time.Duration{29, 2} {
		p.Advance(days * 24 * time.Hour)
		p.commit(t, &wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}})
		if known := p.last(t, id16(200), "o0") != 0; known != (days == 29) || p.last(t, id16(200), "o1") == 0 {
			t.Errorf("after %d days more the coupon is known: %v", days, known)
		}
		p.Restart()
	}
}

// Promise 4: what is used of a budget is what was promised in time and sold, less
// what came back, after any history, restarts, power cuts and a damaged file.
func TestBudgetsAreWhatTheLogSays(t *testing.T) {
	type promise struct {
		units, sold int64
		discounts   [2]int64
		until       time.Time
		open        bool
	}
	rapid.Check(t, func(r *rapid.T) {
		p := newPurse(t)
		defer p.Close()
		var made []*promise
		one := func(r *rapid.T) (n int, of *promise) {
			if n = rapid.IntRange(0, len(made)).Draw(r, "decision"); n < len(made) {
				of = made[n]
			}
			return n, of
		}
		r.Repeat(map[string]func(*rapid.T){
			"show": func(r *rapid.T) {
				if len(made) == 200 {
					return
				}
				one := &promise{units: rapid.Int64Range(1, 3).Draw(r, "units"), until: p.Now().Add(time.Duration(rapid.IntRange(1, 3).Draw(r, "minutes")) * time.Minute), open: true}
				var applied []*wire.Applied
				for k := range one.discounts {
					if one.discounts[k] = rapid.Int64Range(0, 50).Draw(r, "discount"); one.discounts[k] > 0 {
						applied = append(applied, &wire.Applied{Offer: fmt.Sprint("o", k), Discount: one.discounts[k], Units: uint32(one.units), UntilMs: one.until.UnixMilli()})
					}
				}
				p.show(t, len(made), applied...)
				made = append(made, one)
			},
			"sell": func(r *rapid.T) {
				n, of := one(r)
				quantity := rapid.Float64Range(0.2, 4).Draw(r, "quantity")
				p.tell(t, n, sold, quantity)
				if of == nil {
					return
				}
				units := int64(quantity)
				if float64(units) < quantity {
					units++
				}
				of.sold = min(of.units, of.sold+units)
			},
			"back": func(r *rapid.T) {
				n, of := one(r)
				kind := rapid.SampledFrom([]wire.OutcomeType{returned, voided}).Draw(r, "type")
				p.tell(t, n, kind, 1)
				if of != nil && (of.sold > 0 || kind == voided) {
					of.sold, of.open = max(0, of.sold-1), false
				}
			},
			"time":    func(r *rapid.T) { p.Advance(time.Duration(rapid.IntRange(1, 90).Draw(r, "seconds")) * time.Second) },
			"restart": func(*rapid.T) { p.Restart() },
			"cut": func(*rapid.T) {
				if err := p.Store.Sync(ctx, p.Log.Last()); err != nil {
					t.Fatal(err)
				}
				p.Cut()
			},
			"damage": func(*rapid.T) { p.Damage("state.db") },
			"": func(r *rapid.T) {
				if err := p.Settle(); err != nil {
					t.Fatal(err)
				}
				var spent, used [2]int64
				for _, one := range made {
					one.open = one.open && one.until.After(p.Now())
					for k, d := range one.discounts {
						spent[k] += one.sold * d
						if used[k] += one.sold * d; one.open {
							used[k] += (one.units - one.sold) * d
						}
					}
				}
				for k := range spent {
					if o := fmt.Sprint("o", k); p.Spent(o) != spent[k] || p.Used(o) != used[k] {
						r.Fatalf("%s: %d spent and %d used, want %d and %d", o, p.Spent(o), p.Used(o), spent[k], used[k])
					}
				}
			},
		})
	})
}
