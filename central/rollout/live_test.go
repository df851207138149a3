package rollout

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/central/hub"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// What the link offers is what the ends of a release ask for.
var (
	_ Publisher       = (*link.Central)(nil)
	_ trust.Source    = (*link.Agent)(nil)
	_ artifact.Source = (*link.Agent)(nil)
)

// live is a hub with the centre and one agent connected to it.
func live(t testing.TB) (*hub.Hub, *link.Central, *link.Agent) {
	t.Helper()
	key, _ := nkeys.CreateUser()
	public, _ := key.PublicKey()
	h, err := hub.Start(context.Background(), hub.Config{Dir: t.TempDir(), Address: "127.0.0.1:0",
		Lookup: func(k string) (string, string, bool) { return "kiosk", "shop", k == public }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	node, _ := subject.NewNode("shop", "kiosk")
	c := link.NewCentral(h.Link())
	a := link.NewAgent(link.Config{URLs: []string{h.URL()}, Public: public, Sign: key.Sign}, node)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	for _, end := range []interface {
		Run(context.Context) error
		Wait(context.Context) error
	}{c, a} {
		go end.Run(ctx)
		wait, stop := context.WithTimeout(ctx, 20*time.Second)
		defer stop()
		if err := end.Wait(wait); err != nil {
			t.Fatal(err)
		}
	}
	return h, c, a
}

func TestReleaseThroughTheHub(t *testing.T) {
	_, central, agent := live(t)
	c := newCentre(t)
	c.cfg.Publisher = central
	c.restart()
	n := c.node()

	// The agent hears of a release without asking.
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	heard := make(chan struct{}, 100)
	go agent.Follow(ctx, func(*wire.Mark) {}, func() { heard <- struct{}{} })
	<-heard // connected
	counter := uint64(0)
	for _, role := range []Role{Full, Refresh, Full, Refresh} {
		counter++
		b, parts := made(counter, fmt.Sprint("rules", (counter+1)/2), string(floats(300<<10, counter)))
		if err := c.Publish(ctx, role, b, parts...); err != nil {
			t.Fatal(err)
		}
		select {
		case <-heard:
		case <-ctx.Done():
			t.Fatal("heard nothing of a release")
		}
		got, err := n.Refresh(ctx, agent)
		if err != nil || got.Release.Counter != counter {
			t.Fatalf("release %d: %v, %v", counter, got, err)
		}
		for _, a := range got.Release.Artifacts {
			if err := n.store.Fetch(ctx, artifact.Digest(a.Digest), a.Size, agent); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := c.Rotate(ctx, "timestamp"); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Refresh(ctx, agent); err != nil {
		t.Error(err)
	}
}

// floats looks like the weights of a model: it hardly packs.
func floats(size int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, size)
	for i := 0; i+4 <= size; i += 4 {
		v := uint32(r.Int32N(1<<23)) | 0x3c<<24
		b[i], b[i+1], b[i+2], b[i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
	}
	return b
}

// BenchmarkArtifact10MB carries a model of 10 MB through the hub on loopback,
// alternating with NATS's own object store on the same hub. Ours packs and
// keeps it on both disks; the object store does neither on the node's side.
func BenchmarkArtifact10MB(b *testing.B) {
	h, central, agent := live(b)
	cfg := h.Link()
	nc, err := nats.Connect("", nats.Nkey(cfg.Public, cfg.Sign), nats.SetCustomDialer(dial(cfg.Dial)))
	if err != nil {
		b.Fatal(err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		b.Fatal(err)
	}
	objects, err := js.CreateObjectStore(b.Context(), jetstream.ObjectStoreConfig{Bucket: "peer"})
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	store, err := artifact.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	var put, get, peerPut, peerGet time.Duration
	clock := func(d *time.Duration, f func() error) {
		b.Helper()
		start := time.Now()
		if err := f(); err != nil {
			b.Fatal(err)
		}
		*d += time.Since(start)
	}
	n := 0
	for b.Loop() {
		n++
		data := floats(10<<20, uint64(n))
		digest := sha256.Sum256(data)
		r := &Repository{cfg: Config{Publisher: central}, store: store, pushed: map[string]bool{}}
		if _, err := store.Put(data); err != nil {
			b.Fatal(err)
		}
		clock(&put, func() error { return r.pushArtifact(b.Context(), digest) })
		store.GC(func(artifact.Digest) bool { return false })
		clock(&get, func() error { return store.Fetch(b.Context(), digest, uint64(len(data)), agent) })
		store.GC(func(artifact.Digest) bool { return false })
		name := fmt.Sprint(n)
		clock(&peerPut, func() error { _, err := objects.PutBytes(b.Context(), name, data); return err })
		clock(&peerGet, func() error { _, err := objects.GetBytes(b.Context(), name); return err })
		objects.Delete(b.Context(), name)
		central.Sweep(b.Context(), func([32]byte) bool { return false }, func(string) bool { return true })
	}
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 / float64(n) }
	b.ReportMetric(ms(put), "ms-publish")
	b.ReportMetric(ms(get), "ms-fetch")
	b.ReportMetric(ms(peerPut), "ms-publish-objectstore")
	b.ReportMetric(ms(peerGet), "ms-fetch-objectstore")
	b.ReportMetric(put.Seconds()/peerPut.Seconds(), "ratio-publish")
	b.ReportMetric(get.Seconds()/peerGet.Seconds(), "ratio-fetch")
}

type dial func(context.Context, string, string) (net.Conn, error)

func (d dial) Dial(network, address string) (net.Conn, error) {
	return d(context.Background(), network, address)
}
