package training

import (
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// books is a ledger that tests write as agents and ingest would.
type books struct {
	t      testing.TB
	dir    string
	db     *store.DB
	ledger *ledger.Ledger

	seq      map[string]uint64
	received int64 // Unix ms of the next commit
	rows     []ledger.Row
}

func newBooks(t testing.TB) *books {
	b := &books{t: t, dir: t.TempDir(), seq: make(map[string]uint64), received: 1_000_000}
	b.open()
	return b
}

func (b *books) open() {
	b.t.Helper()
	var err error
	if b.db, err = store.Open(b.dir, nil, ledger.Schema, Schema); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { b.db.Close() })
	if b.ledger, err = ledger.Open(context.Background(), filepath.Join(b.dir, "ledger"), b.db); err != nil {
		b.t.Fatal(err)
	}
}

// write adds a record of an agent at its node time; agents of a site share the
// letter before the dash.
func (b *books) write(agent string, atMs int64, r *wire.Record) {
	b.t.Helper()
	r.AtMs = atMs
	record, err := wire.Append(nil, r)
	if err != nil {
		b.t.Fatal(err)
	}
	kind := ledger.Tick
	switch {
	case r.GetDecision() != nil:
		kind = ledger.Decision
	case r.GetActivation() != nil:
		kind = ledger.Activation
	case r.GetOutcome() != nil:
		kind = ledger.Outcome
	}
	b.seq[agent]++
	b.rows = append(b.rows, ledger.Row{Agent: agent, Site: "site-" + agent[:1], Epoch: [16]byte{1}, Seq: b.seq[agent], AtMs: atMs, Kind: kind, Record: record})
}

func (b *books) tick(agent string, atMs int64) {
	b.t.Helper()
	b.write(agent, atMs, &wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}})
}

// commit makes a ledger file of what was written.
func (b *books) commit() {
	b.t.Helper()
	b.received += 1000
	for i := range b.rows {
		if b.rows[i].ReceivedMs == 0 {
			b.rows[i].ReceivedMs = b.received
		}
	}
	if _, err := b.ledger.Append(context.Background(), b.rows, func(*store.Tx) error { return nil }); err != nil {
		b.t.Fatal(err)
	}
	b.rows = nil
}

// trainer opens one on the books and takes in all that is committed.
func (b *books) trainer(cfg Config) *Trainer {
	b.t.Helper()
	tr, err := Open(context.Background(), b.db, b.ledger, cfg)
	if err != nil {
		b.t.Fatal(err)
	}
	b.study(tr)
	return tr
}

// study takes in what was committed since.
func (b *books) study(tr *Trainer) {
	b.t.Helper()
	files, err := b.ledger.Files(context.Background(), tr.file())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range files {
		if err := tr.take(context.Background(), f); err != nil {
			b.t.Fatal(err)
		}
	}
}

// The world's one model: one context column and one item column, both hashed,
// crossed; and one dense column of each.
var columns = []byte("columns!")

func shape(bits int) scoring.Shape {
	return scoring.Shape{
		Frame:   abi.Shape{ContextDense: 1, ContextCategorical: 1, Dense: 1, Categorical: 1, Heads: 1, Variance: true},
		Bits:    bits,
		Crosses: []scoring.Cross{{A: 0, B: 1}},
	}
}

// slotConfig is a slot with three arms that waits a minute.
func slotConfig(id string) rulebook.Slot {
	return rulebook.Slot{
		ID: id, Model: "m", Count: 3,
		Experiment: &rulebook.Experiment{ID: "loop", Arms: []rulebook.Arm{
			{ID: "learned", Share: 0.8, Policy: rulebook.Learned}, {ID: "fixed", Share: 0.1, Policy: rulebook.Fixed}, {ID: "random", Share: 0.1, Policy: rulebook.Uniform}}},
		Reward: rulebook.Reward{Weights: map[string]float64{"click": 0.1, "purchase": 1}, Range: [2]float64{-10, 10}, Wait: time.Minute, Aggregation: rulebook.Sum},
	}
}

const waitMs = 60_000

func config(slots ...rulebook.Slot) Config {
	if len(slots) == 0 {
		slots = []rulebook.Slot{slotConfig("hero")}
	}
	return Config{Slots: slots, Models: map[string]Model{"m": {Shape: shape(10), Columns: columns}}}
}

func id(n int) []byte {
	b := make([]byte, 16)
	binary.BigEndian.PutUint64(b, uint64(n)+1)
	return b
}

// decide is a decision that shows items by name, with features from their names.
func decide(n int, slot, arm string, items ...string) *wire.Record {
	d := &wire.Decision{Id: id(n), EventId: fmt.Sprint("event-", n), Slot: slot, Items: items,
		Arms:     []*wire.Arm{{Experiment: "loop", Arm: arm, Share: 0.5}},
		Features: &wire.Features{Columns: columns, ContextDense: wire.Pack(nil, []float32{0.5}), ContextCategorical: wire.Pack(nil, []uint32{uint32(n%3) + 1})}}
	for _, name := range items {
		d.Shown = append(d.Shown, &wire.Shown{Probability: 0.25, Feasible: 8, Price: &wire.Money{Amount: 1190, Currency: "EUR"}, TaxRate: 0.19, Cost: 600, CostKnown: true})
		d.Features.Dense = wire.Pack(d.Features.Dense, []float32{1})
		d.Features.Categorical = wire.Pack(d.Features.Categorical, []uint32{scoring.XX64.ID("item", name)})
	}
	return &wire.Record{Body: &wire.Record_Decision{Decision: d}}
}

func told(n int, kind wire.OutcomeType, item string, quantity float64) *wire.Record {
	return &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Decision: id(n), Item: item, Type: kind, Quantity: quantity}}}
}

// number is a reward that the caller states.
func number(n int, item string, value float64) *wire.Record {
	return &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Decision: id(n), Item: item, Type: wire.OutcomeType_OUTCOME_REWARD, Value: value}}}
}

// earned is count and sum of the rewards of an arm of the hero slot.
func earned(tr *Trainer, arm int) (n int64, sum float64) {
	m := tr.Snapshot().Arms["hero"][arm].Rewards
	return m.N, m.Mean * float64(m.N)
}

// scope is a fixed one.
func scope(agents map[string][]string) func() map[string][]string {
	return func() map[string][]string { return agents }
}
