package link_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/central/hub"
	"github.com/aisle-edge/aisle/sync/link"
)

// BenchmarkSegments sends segments of 32 KiB (about 500 events), four in
// flight, through the hub as it is: over TCP, authenticated, synced to disk
// before each acknowledgement. Alternating with it: the same bytes appended to
// a file and synced one by one, which is the limit of the disk, and a bare
// JetStream with its defaults, which acknowledges before it syncs.
func BenchmarkSegments(b *testing.B) {
	segment := make([]byte, 32<<10)
	rand.Read(segment)
	ours, peer, disk := ourSend(b), peerSend(b), diskSend(b)
	const round = 64
	var mine, theirs, limit time.Duration
	n := 0
	for b.Loop() {
		n += round
		mine += spent(b, round, func(i int) error { return ours(fmt.Sprint(n, i), segment) })
		theirs += spent(b, round, func(i int) error { return peer(fmt.Sprint(n, i), segment) })
		limit += spent(b, round, func(int) error { return disk(segment) })
	}
	b.ReportMetric(float64(n)/mine.Seconds(), "segments/s")
	b.ReportMetric(500*float64(n)/mine.Seconds(), "events/s")
	b.ReportMetric(500*float64(n)/theirs.Seconds(), "events/s-unsynced")
	b.ReportMetric(500*float64(n)/limit.Seconds(), "events/s-disk")
	b.ReportMetric(limit.Seconds()/mine.Seconds(), "ratio-to-disk")
	b.ReportMetric(theirs.Seconds()/mine.Seconds(), "ratio-to-unsynced")
}

// BenchmarkFetch takes segments of 32 KiB out again, 64 at a time, each of them
// done.
func BenchmarkFetch(b *testing.B) {
	segment := make([]byte, 32<<10)
	rand.Read(segment)
	s := newSite(b)
	a, c := s.agent(s.config()), s.central()
	n := 0
	var took time.Duration
	for b.Loop() {
		const round = 256
		spent(b, round, func(i int) error { return a.Send(b.Context(), fmt.Sprint(n, i), segment) })
		start := time.Now()
		for left := round; left > 0; {
			batch, err := c.Fetch(b.Context(), 64)
			if err != nil {
				b.Fatal(err)
			}
			for _, d := range batch {
				if err := d.Done(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			left -= len(batch)
		}
		took += time.Since(start)
		n += round
	}
	b.ReportMetric(float64(n)/took.Seconds(), "segments/s")
}

func spent(b *testing.B, n int, send func(int) error) time.Duration {
	start := time.Now()
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				if err := send(int(i)); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

func ourSend(b *testing.B) func(string, []byte) error {
	key, _ := nkeys.CreateUser()
	public, _ := key.PublicKey()
	h, err := hub.Start(b.Context(), hub.Config{Dir: b.TempDir(), Address: "127.0.0.1:0",
		Lookup: func(k string) (string, string, bool) { return kiosk.Agent(), kiosk.Site(), k == public }})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(h.Close)
	a := link.NewAgent(link.Config{URLs: []string{h.URL()}, Public: public, Sign: key.Sign}, kiosk)
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	go a.Run(ctx)
	if err := a.Wait(ctx); err != nil {
		b.Fatal(err)
	}
	return func(id string, segment []byte) error { return a.Send(ctx, id, segment) }
}

func diskSend(b *testing.B) func([]byte) error {
	f, err := os.Create(filepath.Join(b.TempDir(), "f"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	var mu sync.Mutex
	return func(segment []byte) error {
		mu.Lock()
		defer mu.Unlock()
		if _, err := f.Write(segment); err != nil {
			return err
		}
		return f.Sync()
	}
}

func peerSend(b *testing.B) func(string, []byte) error {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: b.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		b.Fatal(err)
	}
	s.Start()
	b.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	if !s.ReadyForConnections(10 * time.Second) {
		b.Fatal("the peer does not listen")
	}
	nc, err := nats.Connect(s.ClientURL(), nats.Dialer(new(net.Dialer)))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := js.CreateStream(b.Context(), jetstream.StreamConfig{Name: "peer", Subjects: []string{"peer"}}); err != nil {
		b.Fatal(err)
	}
	return func(id string, segment []byte) error {
		_, err := js.Publish(context.Background(), "peer", segment, jetstream.WithMsgID(id))
		return err
	}
}
