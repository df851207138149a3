package training

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// A full decision of the figures: 3 shown and 7 contenders, 6 hashed and 4 dense
// columns, 4 crosses, everything else that a record carries.
var benchShape = scoring.Shape{
	Frame: abi.Shape{ContextDense: 1, ContextCategorical: 3, Dense: 3, Categorical: 3, Heads: 1, Variance: true}, Bits: 16,
	Crosses: []scoring.Cross{{A: 0, B: 3}, {A: 0, B: 4}, {A: 1, B: 4}, {A: 2, B: 5}},
}

func benchDecision(rng *rand.Rand, n int) *wire.Record {
	const rows, shown = 10, 3
	ids := func(n int) []uint32 {
		v := make([]uint32, n)
		for i := range v {
			v[i] = 1 + rng.Uint32N(2000)*2654435761
		}
		return v
	}
	floats := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(rng.IntN(100)) / 50
		}
		return v
	}
	means, places := make([]float64, rows), make([]uint32, rows)
	d := &wire.Decision{
		Id: id(n), EventId: fmt.Sprintf("%016x", rng.Uint64()), Request: make([]byte, 32), Slot: "hero", Site: "site-a",
		Versions:  &wire.Versions{Release: 4, ReleaseId: "0190b2a0-0000-7000-8000-000000000000", Module: make([]byte, 32), Model: make([]byte, 32), Rulebook: make([]byte, 32)},
		Pseudonym: make([]byte, 16), Session: make([]byte, 16), PurposesUsed: []string{"personalised_offers"},
		Arms: []*wire.Arm{{Experiment: "loop", Arm: []string{"learned", "random"}[rng.IntN(2)], Share: 0.8}}, Policy: &wire.Policy{Kind: "squarecb", Epsilon: 0.1, Gamma: 50, Contenders: 16},
		Candidates: 200, Allowed: make([]byte, 25), FrameShare: 0.01, Seed: rng.Uint64(),
		Candidate: wire.Pack(nil, places), Mean: wire.Pack(nil, means), Variance: wire.Pack(nil, means),
		Features: &wire.Features{Columns: columns, ContextDense: wire.Pack(nil, floats(1)), ContextCategorical: wire.Pack(nil, ids(3)),
			Dense: wire.Pack(nil, floats(3*rows)), Categorical: wire.Pack(nil, ids(3*rows))},
	}
	for range rows {
		d.Items = append(d.Items, fmt.Sprintf("0%013d", 4_000_000_000_000+rng.IntN(500)))
	}
	for range shown {
		d.Shown = append(d.Shown, &wire.Shown{Probability: 0.1 + 0.8*rng.Float64(), Feasible: 180, Price: &wire.Money{Amount: 399, Currency: "EUR"}, TaxRate: 0.07, Cost: 210, CostKnown: true, OnHand: 12})
	}
	return &wire.Record{Body: &wire.Record_Decision{Decision: d}}
}

// BenchmarkTrain is the ledger's files to an updated model: read and unpack
// Parquet, find the features, join with outcomes, learn the shown rows. One
// decision in eight has an outcome.
func BenchmarkTrain(b *testing.B) {
	const decisions = 60_000
	rng := rand.New(rand.NewPCG(1, 1))
	books := newBooks(b)
	bytes := 0
	at := int64(0)
	for n := range decisions {
		r := benchDecision(rng, n)
		at += 5
		books.write("a-kiosk", at, r)
		bytes += len(books.rows[len(books.rows)-1].Record)
		if n%8 == 0 {
			books.write("a-kiosk", at, told(n, purchase, r.GetDecision().Items[0], 1))
		}
		if n%20_000 == 19_999 {
			books.commit()
		}
	}
	books.tick("a-kiosk", at+waitMs+1)
	books.commit()
	files, err := books.ledger.Files(context.Background(), 0)
	if err != nil {
		b.Fatal(err)
	}
	cfg := Config{Slots: config().Slots, Models: map[string]Model{"m": {Shape: benchShape, Columns: columns}}}
	cfg.fill()
	run := func(b *testing.B, each func(*state)) {
		b.ReportAllocs()
		busy := cpuSeconds()
		for b.Loop() {
			s, err := newState(&cfg)
			if err != nil {
				b.Fatal(err)
			}
			each(s)
			if s.stats.Decisions != decisions || s.stats.Learned != 3*decisions {
				b.Fatalf("stats are %+v", s.stats)
			}
		}
		b.ReportMetric(float64(decisions*b.N)/b.Elapsed().Seconds(), "decisions/s")
		b.ReportMetric(float64(decisions*b.N)/(cpuSeconds()-busy), "decisions/cpu-s")
		b.ReportMetric(float64(bytes)/decisions, "B/decision")
	}
	b.Run("ledger", func(b *testing.B) {
		run(b, func(s *state) {
			for _, f := range files {
				if err := books.ledger.Read(context.Background(), f, func(row int64, r *ledger.Row) error {
					s.take(place{f.Ordinal, row}, r)
					return nil
				}); err != nil {
					b.Fatal(err)
				}
				s.finish(f)
			}
		})
	})
	var rows [][]ledger.Row
	for _, f := range files {
		var in []ledger.Row
		if err := books.ledger.Read(context.Background(), f, func(_ int64, r *ledger.Row) error {
			row := *r
			row.Record = append([]byte(nil), r.Record...)
			in = append(in, row)
			return nil
		}); err != nil {
			b.Fatal(err)
		}
		rows = append(rows, in)
	}
	b.Run("records", func(b *testing.B) {
		run(b, func(s *state) {
			for i, f := range files {
				for k := range rows[i] {
					s.take(place{f.Ordinal, int64(k)}, &rows[i][k])
				}
				s.finish(f)
			}
		})
	})
}
