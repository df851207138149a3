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

// TestFromDeviceToLedgerAndBack goes the whole way with the real parts: a device
// enrols, connects with its key, sends what it signed, each segment twice and
// some of it before what comes first; ingest is stopped and started half way;
// and the device waits for the mark that covers all of it.
func TestFromDeviceToLedgerAndBack(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := t.TempDir()
	db, err := store.Open(dir, nil, ledger.Schema, fleet.Schema, Schema)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := ledger.Open(ctx, filepath.Join(dir, "ledger"), db)
	if err != nil {
		t.Fatal(err)
	}
	agents, err := fleet.Open(ctx, db, fleet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w, key, public := enrolled(t, agents)
	h, err := hub.Start(ctx, hub.Config{Dir: filepath.Join(dir, "hub"), Address: "127.0.0.1:0", Lookup: agents.Lookup})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()

	var ends sync.WaitGroup
	defer ends.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	central := link.NewCentral(h.Link())
	ends.Go(func() { central.Run(ctx) })
	device := link.NewAgent(link.Config{URLs: []string{h.URL()}, Public: public, Sign: key.Sign}, w.node)
	ends.Go(func() { device.Run(ctx) })
	marked := make(chan uint64, 1000)
	ends.Go(func() { device.Follow(ctx, func(m *wire.Mark) { marked <- m.Committed }, func() {}) })
	if err := device.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	ingest := func() (halt func()) {
		ctx, cancel := context.WithCancel(ctx)
		i := New(Over(central), l, db, agents, filepath.Join(dir, "dead"), Options{CommitEvery: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler)})
		done := make(chan error, 1)
		go func() { done <- i.Run(ctx) }()
		return func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}

	fill(t, rand.New(rand.NewPCG(1, 1)), w, 100)
	send := func(first, last uint64) {
		for again := range 2 {
			if err := device.Send(ctx, fmt.Sprint(first, " ", again), w.seal(t, first, last, 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	await := func(committed uint64) {
		for {
			select {
			case m := <-marked:
				if m == committed {
					return
				}
			case <-ctx.Done():
				t.Fatalf("no mark at %d", committed)
			}
		}
	}
	send(21, 50)
	send(1, 20)
	halt := ingest()
	await(50)
	halt()
	send(51, 100)
	halt = ingest()
	await(100)
	halt()
	(&centre{db: db, ledger: l}).judge(t, everything, w)
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
