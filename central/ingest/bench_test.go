package ingest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/wire"
)

// BenchmarkIngest is sealed segments to committed ledger: verify, unpack, check
// the order, find the columns, look for repeated outcomes, write Parquet, sync,
// commit. small is a shop's mix of outcomes, stock moves and thin decisions;
// decisions are full ones with their features.
func BenchmarkIngest(b *testing.B) {
	for _, mix := range []struct {
		name   string
		events int
		record func(*rand.Rand, int) *wire.Record
	}{
		{"small", 200_000, shopRecord},
		{"decisions", 60_000, func(rng *rand.Rand, i int) *wire.Record { return decisionRecord(rng, i, 19, 16) }},
	} {
		b.Run(mix.name, func(b *testing.B) {
			deliveries, bytes, packed := sealed(b, mix.events, mix.record)
			for b.Loop() {
				b.StopTimer()
				hub := newHub(nil)
				c := start(b, b.TempDir(), hub, deliveries.fleet, nil, Options{CommitBytes: 32 << 20})
				b.StartTimer()
				for _, d := range deliveries.all {
					if err := c.step(b.Context(), d, false); err != nil {
						b.Fatal(err)
					}
				}
				if err := c.step(b.Context(), nil, true); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if got := c.Stats().Rows; got != int64(mix.events) {
					b.Fatalf("%d rows, want %d", got, mix.events)
				}
				c.db.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(mix.events*b.N)/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64(bytes)/float64(mix.events), "B/event")
			b.ReportMetric(float64(packed)/float64(mix.events), "B/event-packed")
		})
	}
}

type load struct {
	fleet company
	all   [][]Delivery // as a hub hands them out, a few at a time
}

// sealed makes the segments of four agents, each as full as it gets.
func sealed(b *testing.B, events int, record func(*rand.Rand, int) *wire.Record) (l load, bytes, packed int) {
	l.fleet = company{}
	rng := rand.New(rand.NewPCG(1, 1))
	for a := range 4 {
		w := newWriter(b, fmt.Sprintf("agent-%d", a), byte(a))
		l.fleet.hire(w)
		for i := range events / 4 {
			w.write(b, record(rng, i))
			bytes += len(w.records[i])
		}
		for first, n := uint64(1), uint64(1500); first <= uint64(len(w.records)); {
			last := min(first+n-1, uint64(len(w.records)))
			s, err := trySeal(w, first, last)
			if errors.Is(err, segment.ErrTooLarge) {
				n = n * 9 / 10
				continue
			}
			if err != nil {
				b.Fatal(err)
			}
			packed += len(s)
			l.all = append(l.all, []Delivery{{Node: w.node, Data: s, Done: func(context.Context) error { return nil }}})
			first = last + 1
		}
	}
	return l, bytes, packed
}

func trySeal(w *writer, first, last uint64) (sealed []byte, err error) {
	return segment.Seal(&wire.SegmentHeader{Agent: w.node.Agent(), Epoch: w.epoch[:], First: first}, w.records[first-1:last], w.sign)
}

func random(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func shopRecord(rng *rand.Rand, i int) *wire.Record {
	r := &wire.Record{AtMs: 1_700_000_000_000 + int64(i)*40}
	item := fmt.Sprintf("0%013d", 4_000_000_000_000+rng.IntN(5000))
	switch n := rng.IntN(10); {
	case n < 2:
		*r = *decisionRecord(rng, i, 3, 4)
	case n < 8:
		r.Body = &wire.Record_Outcome{Outcome: &wire.Outcome{
			Id: fmt.Sprintf("%x", random(rng, 16)), EventId: fmt.Sprintf("%x", random(rng, 16)), Decision: random(rng, 16), Slot: "home_hero", Item: item,
			Type: wire.OutcomeType(1 + rng.IntN(5)), Quantity: 1, Value: 1, Money: &wire.Money{Amount: rng.Int64N(2000), Currency: "EUR"},
			HappenedMs: r.AtMs, JoinedBy: "event", Pseudonym: random(rng, 16), Session: random(rng, 16), ConsentVersion: 3}}
	default:
		r.Body = &wire.Record_StockMove{StockMove: &wire.StockMove{Id: fmt.Sprintf("%x", random(rng, 16)), Item: item, Delta: -1, HappenedMs: r.AtMs}}
	}
	return r
}

// decisionRecord is a decision over rows candidates with dense columns each.
func decisionRecord(rng *rand.Rand, i, rows, dense int) *wire.Record {
	d := &wire.Decision{
		Id: random(rng, 16), EventId: fmt.Sprintf("%x", random(rng, 16)), Request: random(rng, 8), Slot: "home_hero", Site: "site-a",
		Versions:  &wire.Versions{Release: 4, ReleaseId: "0190b2a0-0000-7000-8000-000000000000", Module: make([]byte, 32), Model: make([]byte, 32), Rulebook: make([]byte, 32)},
		Pseudonym: random(rng, 16), Session: random(rng, 16), PurposesUsed: []string{"personalised_offers"},
		Arms: []*wire.Arm{{Experiment: "loop", Arm: "learned", Share: 0.8}}, Policy: &wire.Policy{Kind: "squarecb", Epsilon: 0.1, Gamma: 50, Contenders: 16},
		Candidates: 1000, Allowed: random(rng, 25), FrameShare: 0.01, Seed: rng.Uint64(),
	}
	values := make([]float32, rows*dense)
	ids := make([]uint32, rows*3)
	means := make([]float64, rows)
	places := make([]uint32, rows)
	for k := range values {
		values[k] = float32(rng.IntN(100)) / 10
	}
	for k := range ids {
		ids[k] = rng.Uint32N(3000) * 2654435761
	}
	for k := range rows {
		means[k], places[k] = rng.Float64(), rng.Uint32N(1000)
		d.Items = append(d.Items, fmt.Sprintf("0%013d", 4_000_000_000_000+rng.IntN(5000)))
	}
	d.Candidate, d.Mean = wire.Pack(nil, places), wire.Pack(nil, means)
	d.Features = &wire.Features{Columns: make([]byte, 8), Dense: wire.Pack(nil, values), Categorical: wire.Pack(nil, ids)}
	for range 3 {
		d.Shown = append(d.Shown, &wire.Shown{Probability: rng.Float64(), Feasible: 800, Price: &wire.Money{Amount: 399, Currency: "EUR"}, TaxRate: 0.07, Cost: 210, CostKnown: true, OnHand: 12})
	}
	return &wire.Record{AtMs: 1_700_000_000_000 + int64(i)*40, Body: &wire.Record_Decision{Decision: d}}
}
