package training

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/aisle-edge/aisle/sync/wire"
)

// TestReadersAgreeWithTheDecoder holds the field numbers and types of the lazy
// readers to wire.proto.
func TestReadersAgreeWithTheDecoder(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	var v decisionView
	for n := range 300 {
		r := benchDecision(rng, n)
		d := r.GetDecision()
		d.Deferred, d.Holdback = rng.IntN(2) == 0, rng.IntN(2) == 0
		d.Shown[1].Cost, d.Shown[1].Price = -rng.Int64(), nil
		if n%3 == 0 {
			d.Context = []byte{1}
		}
		if n%5 == 0 {
			d.Features, d.Arms = nil, nil
		}
		record, err := wire.Append(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		b, ok := body(record, recordDecision)
		if !ok || !v.read(b) {
			t.Fatal("a sound decision was not read")
		}
		if !bytes.Equal(v.id, d.Id) || string(v.eventID) != d.EventId || string(v.slot) != d.Slot || v.deferred != d.Deferred || v.holdback != d.Holdback || v.rows != len(d.Items) {
			t.Fatal("decision differs")
		}
		for i, x := range d.Shown {
			got := v.shown[i]
			if string(v.items[i]) != d.Items[i] || got.probability != x.Probability || got.feasible != uint64(x.Feasible) || got.price != x.GetPrice().GetAmount() ||
				got.taxRate != x.TaxRate || got.cost != x.Cost || got.costKnown != x.CostKnown || got.pinned != x.Pinned {
				t.Fatalf("position %d is %+v, want %v", i, got, x)
			}
		}
		for i, a := range d.Arms {
			if string(v.arms[i].experiment) != a.Experiment || string(v.arms[i].arm) != a.Arm {
				t.Fatal("arm differs")
			}
		}
		f := d.GetFeatures()
		if v.apart != (len(d.Context) > 0) || v.shownCount != len(d.Shown) || v.armCount != len(d.Arms) || !bytes.Equal(v.features.columns, f.GetColumns()) || !bytes.Equal(v.features.contextDense, f.GetContextDense()) ||
			!bytes.Equal(v.features.contextCategorical, f.GetContextCategorical()) || !bytes.Equal(v.features.dense, f.GetDense()) || !bytes.Equal(v.features.categorical, f.GetCategorical()) {
			t.Fatal("features differ")
		}
	}
	o := &wire.Outcome{Id: "o", EventId: "e", Decision: id(3), Slot: "s", Item: "i", Type: click, Quantity: 2.5, Value: -1, Basket: id(5), Money: &wire.Money{Amount: 3}}
	record, err := wire.Append(nil, &wire.Record{AtMs: 9, Body: &wire.Record_Outcome{Outcome: o}})
	if err != nil {
		t.Fatal(err)
	}
	var w outcomeView
	b, ok := body(record, recordOutcome)
	if !ok || !w.read(b) || string(w.eventID) != "e" || !bytes.Equal(w.decision, o.Decision) || string(w.slot) != "s" || string(w.item) != "i" || w.kind != click || w.quantity != 2.5 || w.value != -1 || !bytes.Equal(w.basket, o.Basket) {
		t.Errorf("outcome is %+v", w)
	}
	record, err = wire.Append(nil, &wire.Record{Body: &wire.Record_Activation{Activation: &wire.Activation{Decision: id(4), EventId: "f"}}})
	if err != nil {
		t.Fatal(err)
	}
	if b, ok = body(record, recordActivation); !ok || !w.readActivation(b) || string(w.eventID) != "f" || !bytes.Equal(w.decision, id(4)) {
		t.Errorf("activation is %+v", w)
	}
	if _, ok = body(record, recordDecision); ok {
		t.Error("an activation has a decision")
	}
}

// FuzzReaders: hostile records don't panic, and what the readers point to lies
// in the record.
func FuzzReaders(f *testing.F) {
	record, _ := wire.Append(nil, benchDecision(rand.New(rand.NewPCG(1, 1)), 1))
	f.Add(record)
	record, _ = wire.Append(nil, told(1, click, "milk", 1))
	f.Add(record)
	f.Fuzz(func(t *testing.T, record []byte) {
		var d decisionView
		if b, ok := body(record, recordDecision); ok && d.read(b) {
			m := new(wire.Record)
			if proto.Unmarshal(record[1:], m) == nil && m.GetDecision() != nil && len(m.GetDecision().Shown) < d.shownCount {
				t.Errorf("%d positions, the decoder finds %d", d.shownCount, len(m.GetDecision().Shown))
			}
			if !within(record, d.id) || !within(record, d.features.dense) || d.rows < d.shownCount {
				t.Error("outside the record")
			}
		}
		var o outcomeView
		if b, ok := body(record, recordOutcome); ok && o.read(b) && !within(record, o.item) {
			t.Error("outside the record")
		}
	})
}

func within(record, part []byte) bool { return len(part) == 0 || bytes.Contains(record, part) }
