package link_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/central/hub"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// patience is how long a test waits for what must happen.
const patience = 30 * time.Second

var kiosk, _ = subject.NewNode("shop", "kiosk")

// site is a hub that can be stopped and started again at one address, and the
// key of one device.
type site struct {
	t       testing.TB
	dir     string
	address string
	key     nkeys.KeyPair
	public  string
	unknown atomic.Bool // the device's key, to the hub
	hub     *hub.Hub
}

func newSite(t testing.TB) *site {
	s := &site{t: t, dir: t.TempDir(), address: "127.0.0.1:0"}
	s.key, _ = nkeys.CreateUser()
	s.public, _ = s.key.PublicKey()
	s.start()
	s.address = strings.TrimPrefix(s.hub.URL(), "nats://")
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *site) start() {
	h, err := hub.Start(context.Background(), hub.Config{Dir: s.dir, Address: s.address,
		Lookup: func(public string) (string, string, bool) {
			return kiosk.Agent(), kiosk.Site(), public == s.public && !s.unknown.Load()
		}})
	if err != nil {
		s.t.Fatal(err)
	}
	s.hub = h
}

func (s *site) stop() {
	if s.hub != nil {
		s.hub.Close()
	}
	s.hub = nil
}

func (s *site) config() link.Config {
	return link.Config{URLs: []string{"nats://" + s.address}, Public: s.public, Sign: s.key.Sign,
		MinBackoff: 10 * time.Millisecond, MaxBackoff: 50 * time.Millisecond, Poll: time.Hour}
}

type end interface {
	Run(context.Context) error
	Wait(context.Context) error
}

func run(t testing.TB, e end) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- e.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
}

func (s *site) agent(cfg link.Config) *link.Agent {
	s.t.Helper()
	a := link.NewAgent(cfg, kiosk)
	run(s.t, a)
	wait(s.t, a)
	return a
}

func (s *site) central() *link.Central {
	s.t.Helper()
	c := link.NewCentral(s.hub.Link())
	run(s.t, c)
	wait(s.t, c)
	return c
}

func wait(t testing.TB, e end) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := e.Wait(ctx); err != nil {
		t.Fatal(err)
	}
}

// stored counts the messages of a stream, looking past our own code.
func (s *site) stored(name subject.Stream) uint64 {
	s.t.Helper()
	cfg := s.hub.Link()
	nc, err := nats.Connect("", nats.Nkey(cfg.Public, cfg.Sign), nats.SetCustomDialer(dial(cfg.Dial)))
	if err != nil {
		s.t.Fatal(err)
	}
	defer nc.Close()
	js, _ := jetstream.New(nc)
	stream, err := js.Stream(s.t.Context(), string(name))
	if err != nil {
		s.t.Fatal(err)
	}
	return stream.CachedInfo().State.Msgs
}

type dial func(context.Context, string, string) (net.Conn, error)

func (d dial) Dial(network, address string) (net.Conn, error) {
	return d(context.Background(), network, address)
}

func TestNothingIsSentLater(t *testing.T) {
	s := newSite(t)
	a := s.agent(s.config())
	s.stop()
	for i := range 20 {
		if err := a.Send(t.Context(), fmt.Sprint(i), []byte("offline")); !errors.Is(err, link.ErrOffline) && !errors.Is(err, link.ErrRefused) {
			t.Fatalf("offline: %v", err)
		}
	}
	if err := a.Status([]byte("offline")); !errors.Is(err, link.ErrOffline) {
		t.Errorf("status offline: %v", err)
	}
	s.start()
	wait(t, a)
	if err := a.Send(t.Context(), "online", []byte("online")); err != nil {
		t.Fatal(err)
	}
	if n := s.stored(subject.Up); n != 1 {
		t.Errorf("%d segments stored, one was sent while there was a connection", n)
	}
}

// lossy cuts a connection at the first answer after a segment or action went out: the hub
// has stored it, the agent never hears so.
type lossy struct {
	net.Conn
	cut  *atomic.Bool // armed: cut the next one
	sent atomic.Bool
}

func (l *lossy) Write(b []byte) (int, error) {
	if (bytes.Contains(b, []byte(kiosk.Segment())) || bytes.Contains(b, []byte("aisle.act."))) && l.cut.Load() {
		l.sent.Store(true)
	}
	return l.Conn.Write(b)
}

func (l *lossy) Read(b []byte) (int, error) {
	n, err := l.Conn.Read(b)
	if l.sent.Load() && (bytes.Contains(b[:n], []byte(subject.Up)) || bytes.Contains(b[:n], []byte(subject.Actions))) {
		l.cut.Store(false)
		l.Conn.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}

func TestAckLostAfterTheStore(t *testing.T) {
	s := newSite(t)
	var cut atomic.Bool
	cfg := s.config()
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		return &lossy{Conn: c, cut: &cut}, err
	}
	a := s.agent(cfg)
	for i := range 5 {
		cut.Store(true)
		id := fmt.Sprint(i)
		if err := a.Send(t.Context(), id, []byte("segment "+id)); !errors.Is(err, link.ErrOffline) {
			t.Fatalf("the lost acknowledgement of %d: %v", i, err)
		}
		wait(t, a)
		if err := a.Send(t.Context(), id, []byte("segment "+id)); err != nil {
			t.Fatalf("sent again: %v", err)
		}
		cut.Store(true)
		if err := a.Action(t.Context(), "stock_room", id, []byte("action "+id)); !errors.Is(err, link.ErrOffline) {
			t.Fatalf("the lost acknowledgement of action %d: %v", i, err)
		}
		wait(t, a)
		if err := a.Action(t.Context(), "stock_room", id, []byte("action "+id)); err != nil {
			t.Fatalf("action sent again: %v", err)
		}
	}
	if n := s.stored(subject.Actions); n != 5 {
		t.Errorf("%d actions stored of 5 sent twice", n)
	}
	if n := s.stored(subject.Up); n != 5 {
		t.Errorf("%d segments stored of 5 sent twice", n)
	}
}

// Whatever was acknowledged is fetched, in spite of a hub that goes away while
// segments are on their way up and out of it.
func TestSurvivesRestartsOfTheHub(t *testing.T) {
	const total, writers = 200, 4
	s := newSite(t)
	a := s.agent(s.config())
	var acked sync.WaitGroup
	var progress atomic.Int64
	acked.Add(total)
	for w := range writers {
		go func() {
			for i := w; i < total; i += writers {
				for a.Send(t.Context(), fmt.Sprint(i), fmt.Appendf(nil, "segment %d", i)) != nil {
					if a.Wait(t.Context()) != nil {
						return
					}
				}
				progress.Add(1)
				acked.Done()
			}
		}()
	}
	seen := map[string]int{}
	fetch := func(again bool, until func() bool) {
		ctx, cancel := context.WithCancel(t.Context())
		c := link.NewCentral(s.hub.Link())
		done := make(chan struct{})
		go func() { c.Run(ctx); close(done) }()
		defer func() { cancel(); <-done }()
		for !until() {
			batch, err := c.Fetch(ctx, 16)
			if err != nil {
				t.Fatal(err)
			}
			for i, d := range batch {
				if string(d.Data) != "segment "+d.ID || d.Node != kiosk {
					t.Errorf("%s of %v holds %q", d.ID, d.Node, d.Data)
				}
				if !again || i%2 == 0 { // the others are handed out again
					seen[d.ID]++
					if err := d.Done(ctx); err != nil {
						t.Errorf("done: %v", err)
					}
				} else if err := d.Again(0); err != nil {
					t.Errorf("again: %v", err)
				}
			}
		}
	}
	for _, part := range []int{total / 4, total / 2, 3 * total / 4} {
		fetch(false, func() bool { return len(seen) >= part/2 && progress.Load() >= int64(part/2) })
		s.stop()
		s.start()
	}
	fetch(true, func() bool { return len(seen) == total })
	acked.Wait()
}

// TestUndoneComesAgainAtOnce: a centre that starts does not wait out what the one
// before it was handed.
func TestUndoneComesAgainAtOnce(t *testing.T) {
	s := newSite(t)
	a := s.agent(s.config())
	if err := a.Send(t.Context(), "1", []byte("x")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second) // the hub's own patience is 10 s
		c := link.NewCentral(s.hub.Link())
		done := make(chan struct{})
		go func() { c.Run(ctx); close(done) }()
		batch, err := c.Fetch(ctx, 16)
		if err != nil || len(batch) != 1 || batch[0].ID != "1" {
			t.Errorf("%v %v", batch, err)
		}
		cancel()
		<-done
		s.stop()
		s.start()
	}
}

func TestMarkIsFollowed(t *testing.T) {
	s := newSite(t)
	c := s.central()
	mark := func(n uint64) {
		t.Helper()
		m := &wire.Mark{Agent: kiosk.Agent(), Epoch: bytes.Repeat([]byte{1}, 16), Committed: n}
		if err := c.Mark(t.Context(), kiosk, m); err != nil {
			t.Fatal(err)
		}
	}
	mark(1)
	a := s.agent(s.config())
	got, released := make(chan uint64, 16), make(chan struct{}, 16)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- a.Follow(ctx, func(m *wire.Mark) { got <- m.Committed }, func() { released <- struct{}{} })
	}()
	expect := func(n uint64) {
		t.Helper()
		select {
		case v := <-got:
			if v != n {
				t.Fatalf("mark %d, want %d", v, n)
			}
		case <-time.After(patience):
			t.Fatalf("mark %d never came", n)
		}
	}
	hint := func() {
		t.Helper()
		select {
		case <-released:
		case <-time.After(patience):
			t.Fatal("no hint of a release")
		}
	}
	expect(1) // what was stored before
	hint()
	mark(2)
	expect(2) // as it happens
	if err := c.PutFile(t.Context(), link.Timestamp, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	hint()
	s.stop()
	s.start()
	expect(2) // after a restart
	hint()
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestForeignMarksAreDropped(t *testing.T) {
	s := newSite(t)
	c := s.central()
	foreign := &wire.Mark{Agent: "other", Committed: 9}
	if err := c.Mark(t.Context(), kiosk, foreign); err != nil {
		t.Fatal(err)
	}
	a := s.agent(s.config())
	ctx, cancel := context.WithCancel(t.Context())
	a.Follow(ctx, func(m *wire.Mark) { t.Errorf("took %v for its own", m) }, cancel)
}

func TestFilesAndChunksComeBack(t *testing.T) {
	s := newSite(t)
	c, a := s.central(), s.agent(s.config())
	digest := sha256.Sum256([]byte("artifact"))
	if _, err := a.Chunk(t.Context(), digest, 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such chunk: %v", err)
	}
	if _, err := a.File(t.Context(), "1.root.json", 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no such file: %v", err)
	}
	chunk := bytes.Repeat([]byte{7}, 257<<10)
	for range 2 { // to put again is nothing new
		if err := c.PutChunk(t.Context(), digest, 3, chunk); err != nil {
			t.Fatal(err)
		}
		if err := c.PutFile(t.Context(), "1.root.json", []byte("0123456789")); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := a.Chunk(t.Context(), digest, 3); err != nil || !bytes.Equal(b, chunk) {
		t.Errorf("chunk: %d bytes, %v", len(b), err)
	}
	if b, err := a.File(t.Context(), "1.root.json", 10); err != nil || string(b) != "0123456789" {
		t.Errorf("file: %q, %v", b, err)
	}
	if _, err := a.File(t.Context(), "1.root.json", 9); !errors.Is(err, link.ErrRefused) {
		t.Errorf("a file over its limit: %v", err)
	}
	if _, err := a.File(t.Context(), "../x", 9); !errors.Is(err, subject.ErrName) {
		t.Errorf("a name that is none: %v", err)
	}
	if err := c.PutFile(t.Context(), "2.root.json", make([]byte, 1<<20)); err == nil {
		t.Error("more than the hub's payload was stored")
	}
	wait(t, c)
	if s.stored(subject.Artifacts) != 1 || s.stored(subject.Trust) != 1 {
		t.Error("putting again stored again")
	}
	if err := c.Sweep(t.Context(), func([32]byte) bool { return true }, func(n string) bool { return n == "1.root.json" }); err != nil {
		t.Fatal(err)
	}
	if s.stored(subject.Artifacts) != 1 || s.stored(subject.Trust) != 1 {
		t.Error("swept what was to be kept")
	}
	if err := c.Sweep(t.Context(), func(d [32]byte) bool { return d != digest }, func(string) bool { return false }); err != nil {
		t.Fatal(err)
	}
	if s.stored(subject.Artifacts) != 0 || s.stored(subject.Trust) != 0 {
		t.Error("kept what was to be swept")
	}
}

func TestUnknownKeyKeepsTrying(t *testing.T) {
	s := newSite(t)
	s.unknown.Store(true)
	var tries atomic.Int64
	cfg := s.config()
	cfg.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if tries.Add(1) == 6 {
			s.unknown.Store(false)
		}
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	a := s.agent(cfg)
	if tries.Load() < 6 {
		t.Error("got in with an unknown key")
	}
	if st := a.State(); !st.Connected || !st.EverReached || st.LastContact.IsZero() || st.LastError == "" {
		t.Errorf("%+v", st)
	}
}

func TestStatusesReachTheCentre(t *testing.T) {
	s := newSite(t)
	c, a := s.central(), s.agent(s.config())
	got := make(chan string, 100)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- c.Statuses(ctx, func(n subject.Node, b []byte) { got <- n.Agent() + " " + string(b) })
	}()
	for deadline := time.After(patience); ; {
		if err := a.Status([]byte("well")); err != nil {
			t.Fatal(err)
		}
		select {
		case v := <-got:
			if v != "kiosk well" {
				t.Errorf("%q", v)
			}
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			return
		case <-deadline:
			t.Fatal("no status came")
		case <-time.After(time.Millisecond): // the centre may not listen yet
		}
	}
}

func TestWhatIsDoneLeavesTheStream(t *testing.T) {
	s := newSite(t)
	a := s.agent(s.config())
	cfg := s.hub.Link()
	var clock atomic.Int64
	cfg.Now = func() time.Time { return time.Unix(clock.Load(), 0) }
	c := link.NewCentral(cfg)
	run(t, c)
	for i := range 4 {
		if err := a.Send(t.Context(), fmt.Sprint(i), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	batch, err := c.Fetch(t.Context(), 3)
	if err != nil || len(batch) != 3 {
		t.Fatalf("%d, %v", len(batch), err)
	}
	for _, i := range []int{0, 2} {
		if err := batch[i].Done(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	clock.Add(61)
	if batch, err = c.Fetch(t.Context(), 3); err != nil || len(batch) != 1 || batch[0].ID != "3" {
		t.Fatalf("%v %v", batch, err)
	}
	if n := s.stored(subject.Up); n != 3 {
		t.Errorf("%d segments left: only the first has nothing undone before it", n)
	}
}

// The waits between connections double up to their bound and are spread.
func TestBackoffIsFullJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		ctx, cancel := context.WithCancel(t.Context())
		a := link.NewAgent(link.Config{Dial: func(context.Context, string, string) (net.Conn, error) {
			if at = append(at, time.Now()); len(at) == 200 {
				cancel()
			}
			return nil, errors.New("no route")
		}}, kiosk)
		a.Run(ctx)
		bound, spread := time.Second, map[time.Duration]bool{}
		var sum time.Duration
		for i := 1; i < len(at); i++ {
			gap := at[i].Sub(at[i-1])
			if gap > bound {
				t.Errorf("wait %d is %v, above %v", i, gap, bound)
			}
			if i > 20 {
				sum += gap
			}
			spread[gap] = true
			bound = min(2*bound, 5*time.Minute)
		}
		if mean := sum / 179; mean < 2*time.Minute || mean > 3*time.Minute {
			t.Errorf("mean wait %v, not half of the bound", mean)
		}
		if len(spread) < 190 {
			t.Errorf("only %d different waits", len(spread))
		}
		if st := a.State(); st.Connected || st.EverReached || st.LastError == "" || !st.Since.Equal(at[0]) {
			t.Errorf("%+v", st)
		}
	})
}
