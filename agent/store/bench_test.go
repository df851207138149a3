package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// decision is a record of about 3 KB: 3 shown, 16 contenders, 32 dense columns.
func decision() *wire.Record {
	const contenders = 19
	d := &wire.Decision{
		Id: make([]byte, 16), EventId: "7f8de7c5-5d0c-7c1e-8000-0123456789ab", Request: make([]byte, 32),
		Slot: "home_hero", Site: "store-1", Pseudonym: make([]byte, 16), Session: make([]byte, 16),
		PurposesUsed: []string{string(wire.PersonalisedOffers)}, Candidates: 1000, Allowed: make([]byte, 125),
		Policy:    &wire.Policy{Kind: "squarecb", Epsilon: 0.1, Gamma: 50, Contenders: 16},
		Candidate: make([]byte, 4*contenders), Mean: make([]byte, 8*contenders), Variance: make([]byte, 8*contenders),
		Features: &wire.Features{Columns: make([]byte, 8), Dense: make([]byte, 4*32*contenders/2)},
	}
	for i := range contenders {
		d.Items = append(d.Items, fmt.Sprintf("%014d", i))
	}
	for range 3 {
		d.Shown = append(d.Shown, &wire.Shown{Probability: 0.7, Feasible: 988, Price: &wire.Money{Amount: 399, Currency: "EUR"}})
	}
	return &wire.Record{Body: &wire.Record_Decision{Decision: d}}
}

func newBenchNode(b *testing.B) *node {
	n := newNode(b, Options{})
	n.letGo()
	n.out = journal.Options{}
	n.dir = b.TempDir()
	n.open()
	return n
}

// BenchmarkCommit is the store's part of a decision: encode, append, and the
// rows a deriver would write: an event id, and two histories read and written.
func BenchmarkCommit(b *testing.B) {
	for _, rows := range []int{0, 3} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			n := newBenchNode(b)
			events, history := n.Table(State, "events", keep), n.Table(State, "history", keep)
			n.Register(State, &deriver{rows: func(tx *Tx, rec *wire.Record) {
				if d := rec.GetDecision(); d != nil && rows > 0 {
					tx.Put(events, []byte(d.EventId), d.Id)
					for _, who := range [][]byte{d.Pseudonym, d.Session} {
						past := tx.Get(history, who)
						tx.Put(history, who, append(past[:min(len(past), 500):min(len(past), 500)], d.Id...))
					}
				}
			}})
			ctx, cancel := context.WithCancel(context.Background())
			ran, logged := make(chan error), make(chan error)
			go func() { ran <- n.Run(ctx) }()
			go func() { logged <- n.log.Run(ctx) }()
			rec := decision()
			var id [16]byte
			b.ReportAllocs()
			for b.Loop() {
				rand.Read(id[:])
				copy(rec.GetDecision().Pseudonym, id[:2])
				copy(rec.GetDecision().Session, id[:2])
				rec.GetDecision().EventId = hex.EncodeToString(id[:])
				if _, err := n.Commit(rec, nil); err != nil {
					b.Fatal(err)
				}
			}
			buf, _ := wire.Append(nil, rec)
			b.ReportMetric(float64(len(buf)), "B/record")
			cancel()
			n.must(<-ran)
			n.must(<-logged)
		})
	}
}

func BenchmarkEncodeAndAppend(b *testing.B) {
	n := newBenchNode(b)
	ctx, cancel := context.WithCancel(context.Background())
	logged := make(chan error)
	go func() { logged <- n.log.Run(ctx) }()
	rec := decision()
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = wire.Append(buf[:0], rec)
		if _, err := n.log.Append(0, buf); err != nil {
			b.Fatal(err)
		}
	}
	cancel()
	n.must(<-logged)
}

func BenchmarkGet(b *testing.B) {
	n := newBenchNode(b)
	table := n.Table(Profiles, "profiles", 0)
	n.Register(Profiles, &deriver{rows: func(tx *Tx, rec *wire.Record) {
		tx.Put(table, rec.GetProfile().Pseudonym, rec.GetProfile().Body)
	}})
	keys := make([][16]byte, 50_000)
	for i := range keys {
		rand.Read(keys[i][:])
		_, err := n.Commit(&wire.Record{Body: &wire.Record_Profile{Profile: &wire.Profile{Pseudonym: keys[i][:], Body: make([]byte, 250)}}}, nil)
		n.must(err)
		n.must(n.Pace(context.Background()))
	}
	n.must(n.flush(context.Background(), true))
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		i++
		n.must(n.View(func(v *View) error {
			if v.Get(table, keys[i%len(keys)][:]) == nil {
				b.Fatal("absent")
			}
			return nil
		}))
	}
}
