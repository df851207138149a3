package ingest

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/central/hub"
	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/wire"
)

// live is a centre with a hub, and a device that is connected to it.
type live struct {
	t       *testing.T
	ctx     context.Context
	dir     string
	db      *store.DB
	ledger  *ledger.Ledger
	fleet   *fleet.Fleet
	hub     *hub.Hub
	central *link.Central
	device  *link.Agent
	w       *writer
	marked  chan uint64
}

func goLive(t *testing.T) *live {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	s := &live{t: t, dir: t.TempDir(), marked: make(chan uint64, 1000)}
	var err error
	if s.db, err = store.Open(s.dir, nil, ledger.Schema, fleet.Schema, Schema); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.db.Close() })
	if s.ledger, err = ledger.Open(ctx, filepath.Join(s.dir, "ledger"), s.db); err != nil {
		t.Fatal(err)
	}
	if s.fleet, err = fleet.Open(ctx, s.db, fleet.Options{}); err != nil {
		t.Fatal(err)
	}
	var key nkeys.KeyPair
	var public string
	s.w, key, public = enrolled(t, s.fleet)
	if s.hub, err = hub.Start(ctx, hub.Config{Dir: filepath.Join(s.dir, "hub"), Address: "127.0.0.1:0", Lookup: s.fleet.Lookup}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.hub.Close() })

	var ends sync.WaitGroup
	t.Cleanup(ends.Wait)
	var stop func()
	s.ctx, stop = context.WithCancel(ctx)
	t.Cleanup(stop)
	s.central = link.NewCentral(s.hub.Link())
	ends.Go(func() { s.central.Run(s.ctx) })
	s.device = link.NewAgent(link.Config{URLs: []string{s.hub.URL()}, Public: public, Sign: key.Sign}, s.w.node)
	ends.Go(func() { s.device.Run(s.ctx) })
	ends.Go(func() { s.device.Follow(s.ctx, func(m *wire.Mark) { s.marked <- m.Committed }, func() {}) })
	if err := s.device.Wait(s.ctx); err != nil {
		t.Fatal(err)
	}
	return s
}

// ingest runs until halt.
func (s *live) ingest() (halt func()) {
	ctx, cancel := context.WithCancel(s.ctx)
	i := New(Over(s.central), s.ledger, s.db, s.fleet, filepath.Join(s.dir, "dead"), Options{CommitEvery: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
	done := make(chan error, 1)
	go func() { done <- i.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			s.t.Error(err)
		}
	}
}

func (s *live) send(id string, segment []byte) {
	s.t.Helper()
	if err := s.device.Send(s.ctx, id, segment); err != nil {
		s.t.Fatal(err)
	}
}

func (s *live) await(committed uint64) {
	s.t.Helper()
	for {
		select {
		case m := <-s.marked:
			if m == committed {
				return
			}
		case <-s.ctx.Done():
			s.t.Fatalf("no mark at %d", committed)
		}
	}
}

// TestFromDeviceToLedgerAndBack goes the whole way with the real parts: a device
// enrols, connects with its key, sends what it signed, each segment twice and
// some of it before what comes first; ingest is stopped and started half way;
// and the device waits for the mark that covers all of it.
func TestFromDeviceToLedgerAndBack(t *testing.T) {
	s := goLive(t)
	fill(t, rand.New(rand.NewPCG(1, 1)), s.w, 100)
	send := func(first, last uint64) {
		for again := range 2 {
			s.send(fmt.Sprint(first, " ", again), s.w.seal(t, first, last, 0))
		}
	}
	send(21, 50)
	send(1, 20)
	halt := s.ingest()
	s.await(50)
	halt()
	send(51, 100)
	halt = s.ingest()
	s.await(100)
	halt()
	(&centre{db: s.db, ledger: s.ledger}).judge(t, everything, s.w)
}

// TestErasedBeforeItWasTakenIn: of a segment that waits at the hub and was sealed
// again since, the revision is taken in.
func TestErasedBeforeItWasTakenIn(t *testing.T) {
	s := goLive(t)
	fill(t, rand.New(rand.NewPCG(1, 1)), s.w, 40)
	s.send("1", s.w.seal(t, 1, 40, 0))
	for i := range s.w.records {
		if i%2 == 0 {
			b, err := wire.Append(nil, &wire.Record{AtMs: 1, Body: &wire.Record_Erased{Erased: &wire.Erased{Kind: 4}}})
			if err != nil {
				t.Fatal(err)
			}
			s.w.records[i] = b
		}
	}
	s.send("1.1", s.w.seal(t, 1, 40, 1))
	halt := s.ingest()
	s.await(40)
	halt()
	(&centre{db: s.db, ledger: s.ledger}).judge(t, everything, s.w)
}

// enrolled is a device that joined with a token.
func enrolled(t *testing.T, agents *fleet.Fleet) (*writer, nkeys.KeyPair, string) {
	t.Helper()
	w := newWriter(t, "kiosk-1", 1)
	key, err := nkeys.FromRawSeed(nkeys.PrefixByteUser, w.key.Seed())
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	token, err := agents.Invite(t.Context(), "admin", w.node.Agent(), w.node.Site(), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	proof := ed25519.Sign(w.key, fleet.Statement(token, public))
	if _, err := agents.Enrol(t.Context(), token, public, proof); err != nil {
		t.Fatal(err)
	}
	return w, key, public
}
