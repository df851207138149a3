package training

import (
	"math"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// pairShape has a column of the context that is the person's, and two of pairs.
var pairShape = scoring.Shape{Frame: abi.Shape{ContextDense: 1, Dense: 2, Categorical: 1, Heads: 1, Variance: true}, Bits: 10}

// served is the record of a decision as a node scored it: times is how often the
// person bought the item, not a number where they don't let that be read.
func served(n int, item string, times float64) *wire.Record {
	r := decide(n, "hero", "learned", item)
	of := float32(times)
	r.GetDecision().Features = &wire.Features{
		Columns: columns, ContextDense: wire.Pack(nil, []float32{of}), Dense: wire.Pack(nil, []float32{of, 2 * of}),
		Categorical: wire.Pack(nil, []uint32{scoring.XX64.ID("item", item)}),
	}
	return r
}

// Promise 3, at the centre: a row teaches by the very columns that it was served with.
// Who lets nothing be read is served by what those like them taught: their rows leave
// the weights of what is known of others untouched, and others' rows leave the weights
// of what is missing, in the person's columns and in those of a person and an item.
func TestRowsTeachByTheMasksTheyWereServedWith(t *testing.T) {
	learned := func(rows ...float64) *scoring.Linear {
		b := newBooks(t)
		at := 1000
		for n := range 300 {
			times := rows[n%len(rows)]
			b.write("a-kiosk", int64(at), served(n, "cocoa", times))
			if math.IsNaN(times) || times > 1 { // who bought it once has enough; others buy
				b.write("a-kiosk", int64(at+1), told(n, purchase, "cocoa", 1))
			}
			at += 2
		}
		b.tick("a-kiosk", int64(at+waitMs))
		b.commit()
		cfg := config()
		cfg.Models = map[string]Model{"m": {Shape: pairShape, Columns: columns}}
		return b.trainer(cfg).Snapshot().Models["m"]
	}
	worth := func(m *scoring.Linear, times float64) float32 {
		of := float32(times)
		mean, _ := m.Heads[0].Sum(m.Terms(nil, scoring.Row{
			ContextDense: []float32{of}, Dense: []float32{of, 2 * of}, Categorical: []uint32{scoring.XX64.ID("item", "cocoa")},
		}))
		return float32(mean)
	}
	none := math.NaN()
	fresh, err := scoring.New(pairShape)
	if err != nil {
		t.Fatal(err)
	}
	nobody, known, both := learned(none), learned(1, 3), learned(none, 1, none, 3)
	for column := range pairShape.Frame.ContextDense + pairShape.Frame.Dense {
		value, missing := pairShape.Weight(column), pairShape.Weight(column)+1
		if nobody.Heads[0].Mean[value] != 0 || nobody.Heads[0].Mean[missing] == fresh.Heads[0].Mean[missing] {
			t.Errorf("column %d: rows without it taught %v of its values and %v of its absence", column, nobody.Heads[0].Mean[value], nobody.Heads[0].Mean[missing])
		}
		if known.Heads[0].Mean[missing] != 0 || known.Heads[0].Mean[value] == 0 {
			t.Errorf("column %d: rows with it taught %v of its absence and %v of its values", column, known.Heads[0].Mean[missing], known.Heads[0].Mean[value])
		}
	}
	if w := worth(both, none); w < 0.8 {
		t.Errorf("who lets nothing be read buys always, and is valued %v", w)
	}
	if once, often := worth(both, 1), worth(both, 3); once > 0.4 || often < 0.7 {
		t.Errorf("who bought it once never buys and is valued %v, who bought it three times %v", once, often)
	}
}
