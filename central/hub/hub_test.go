package hub

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// fleet is the test's register of devices.
type fleet struct {
	mu   sync.Mutex
	keys map[string]nkeys.KeyPair // by agent
	of   map[string]string        // agent by public key
}

func (f *fleet) lookup(public string) (agent, site string, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	agent, ok = f.of[public]
	return agent, "shop", ok
}

func (f *fleet) enrol(t *testing.T, agents ...string) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, a := range agents {
		key, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		f.keys[a] = key
		f.of[public(t, key)] = a
	}
}

func public(t *testing.T, key nkeys.KeyPair) string {
	t.Helper()
	p, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func start(t *testing.T, dir string, limits link.Limits) (*Hub, *fleet) {
	t.Helper()
	f := &fleet{keys: map[string]nkeys.KeyPair{}, of: map[string]string{}}
	h, err := Start(t.Context(), Config{Dir: dir, Address: "127.0.0.1:0", Limits: limits, Lookup: f.lookup})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h, f
}

// running runs an end of the link for the length of the test, and waits until
// it is connected.
func running[T interface {
	Run(context.Context) error
	Wait(context.Context) error
}](t *testing.T, end T) T {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { end.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	connected, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	if err := end.Wait(connected); err != nil {
		t.Fatal(err)
	}
	return end
}

// device is a bare client with an agent's key: what a thief would write.
type device struct {
	*nats.Conn
	errs chan error
}

func (f *fleet) device(t *testing.T, h *Hub, agent string) device {
	t.Helper()
	d := device{errs: make(chan error, 100)}
	key := f.keys[agent]
	nc, err := nats.Connect(h.URL(), nats.Nkey(public(t, key), key.Sign), nats.CustomInboxPrefix("_INBOX_"+agent), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { d.errs <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	d.Conn = nc
	return d
}

// refusal does something and gives the hub's complaint about it, or "".
func (d device) refusal(t *testing.T, do func()) string {
	t.Helper()
	do()
	// The hub answers in order: this complaint comes after the one we look for.
	d.Publish("forbidden.barrier", nil)
	d.Flush()
	var seen string
	for {
		select {
		case err := <-d.errs:
			if strings.Contains(err.Error(), "forbidden.barrier") {
				return seen
			}
			seen += err.Error()
		case <-time.After(10 * time.Second):
			t.Fatal("the hub did not even refuse the barrier")
		}
	}
}

func TestDevicesAreKeptApart(t *testing.T) {
	h, f := start(t, t.TempDir(), link.Limits{})
	f.enrol(t, "a", "b")
	a := f.device(t, h, "a")
	digest := strings.Repeat("0a", 32)

	for _, m := range []struct {
		publish string
		allowed bool
	}{
		{"aisle.up.shop.a.seg", true},
		{"aisle.up.shop.a.status", true},
		{"aisle.act.shop.a.stock_room", true},
		{"aisle.act.shop.b.stock_room", false},
		{"aisle.act.other.a.stock_room", false},
		{"$JS.API.DIRECT.GET.AISLE_ACTIONS.aisle.act.shop.a.stock_room", false},
		{"$JS.API.DIRECT.GET.AISLE_MARKS.aisle.mark.a", true},
		{"$JS.API.DIRECT.GET.AISLE_TRUST.aisle.trust.1_root_json", true},
		{"$JS.API.DIRECT.GET.AISLE_ARTIFACTS.aisle.art." + digest + ".0", true},

		{"aisle.up.shop.b.seg", false},
		{"aisle.up.shop.b.status", false},
		{"aisle.up.other.a.seg", false},
		{"aisle.mark.a", false},
		{"aisle.mark.b", false},
		{"aisle.trust.timestamp_json", false},
		{"aisle.art." + digest + ".0", false},
		{"$JS.API.DIRECT.GET.AISLE_MARKS.aisle.mark.b", false},
		{"$JS.API.DIRECT.GET.AISLE_MARKS.aisle.mark.*", false},
		{"$JS.API.DIRECT.GET.AISLE_MARKS", false},
		{"$JS.API.DIRECT.GET.AISLE_TRUST", false},
		{"$JS.API.DIRECT.GET.AISLE_UP.aisle.up.shop.b.seg", false},
		{"$JS.API.STREAM.CREATE.X", false},
		{"$JS.API.STREAM.DELETE.AISLE_UP", false},
		{"$JS.API.STREAM.PURGE.AISLE_MARKS", false},
		{"$JS.API.STREAM.MSG.GET.AISLE_UP", false},
		{"$JS.API.STREAM.INFO.AISLE_UP", false},
		{"$JS.API.STREAM.NAMES", false},
		{"$JS.API.CONSUMER.CREATE.AISLE_UP", false},
		{"$JS.API.CONSUMER.MSG.NEXT.AISLE_UP.ingest", false},
		{"$JS.API.INFO", false},
		{"$JS.ACK.AISLE_UP.ingest.1.1.1.1.1", false},
		{"$SYS.REQ.SERVER.PING", false},
		{"_INBOX_b.x", false},
		{"_INBOX.x", false},
	} {
		got := a.refusal(t, func() { a.Publish(m.publish, nil) })
		if (got == "") != m.allowed {
			t.Errorf("publish %s: allowed %v, hub said %q", m.publish, m.allowed, got)
		}
	}
	for _, m := range []struct {
		subscribe string
		allowed   bool
	}{
		{"_INBOX_a.x.*", true},
		{"aisle.mark.a", true},
		{"aisle.trust.timestamp_json", true},
		{">", false},
		{"*", false},
		{"aisle.>", false},
		{"aisle.mark.*", false},
		{"aisle.mark.b", false},
		{"aisle.up.>", false},
		{"aisle.up.shop.b.seg", false},
		{"aisle.up.shop.a.seg", false},
		{"aisle.trust.>", false},
		{"aisle.art.>", false},
		{"_INBOX_b.>", false},
		{"_INBOX.>", false},
		{"_INBOX_*.>", false},
		{"$SYS.>", false},
		{"$JS.>", false},
	} {
		for _, queue := range []string{"", "q"} {
			got := a.refusal(t, func() { a.QueueSubscribe(m.subscribe, queue, func(*nats.Msg) {}) })
			if (got == "") != m.allowed {
				t.Errorf("subscribe %s queue %q: allowed %v, hub said %q", m.subscribe, queue, m.allowed, got)
			}
		}
	}
}

func TestOnlyKnownKeysGetIn(t *testing.T) {
	h, f := start(t, t.TempDir(), link.Limits{})
	f.enrol(t, "a", "b")
	a, b := f.keys["a"], f.keys["b"]
	stranger, _ := nkeys.CreateUser()
	account, _ := nkeys.CreateAccount()
	for name, opts := range map[string][]nats.Option{
		"nobody":            nil,
		"a stranger":        {nats.Nkey(public(t, stranger), stranger.Sign)},
		"b's signature":     {nats.Nkey(public(t, a), b.Sign)},
		"no user key":       {nats.Nkey(public(t, account), account.Sign)},
		"a password":        {nats.UserInfo("a", "a")},
		"the centre's name": {nats.Nkey(h.public, stranger.Sign)},
		"signed nothing":    {nats.Nkey(public(t, a), func([]byte) ([]byte, error) { return a.Sign(nil) })},
	} {
		if nc, err := nats.Connect(h.URL(), opts...); err == nil {
			nc.Close()
			t.Errorf("%s got in", name)
		}
	}
}

func TestRevokedDeviceIsThrownOut(t *testing.T) {
	h, f := start(t, t.TempDir(), link.Limits{})
	f.enrol(t, "a", "b")
	closed := make(chan struct{})
	a := f.device(t, h, "a")
	a.SetClosedHandler(func(*nats.Conn) { close(closed) })
	b := f.device(t, h, "b")
	key := public(t, f.keys["a"])
	f.mu.Lock()
	delete(f.of, key)
	f.mu.Unlock()
	if err := h.Disconnect(key); err != nil {
		t.Fatal(err)
	}
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Fatal("still connected")
	}
	if err := b.Flush(); err != nil || !b.IsConnected() {
		t.Errorf("b was thrown out too: %v", err)
	}
}

// A reply subject is not checked by the server. Whatever a device names there,
// nothing that is stored may change, and the centre may not be talked to.
func TestReplySubjectReachesNothing(t *testing.T) {
	h, f := start(t, t.TempDir(), link.Limits{})
	f.enrol(t, "a", "b")
	central := running(t, link.NewCentral(h.Link()))
	nodeB, _ := subject.NewNode("shop", "b")
	mark := &wire.Mark{Agent: "b", Epoch: bytes.Repeat([]byte{1}, 16), Committed: 7}
	if err := central.Mark(t.Context(), nodeB, mark); err != nil {
		t.Fatal(err)
	}
	if err := central.PutFile(t.Context(), "timestamp.json", []byte("true")); err != nil {
		t.Fatal(err)
	}
	if err := central.PutFile(t.Context(), "1.snapshot.json", []byte("old")); err != nil {
		t.Fatal(err)
	}

	a := f.device(t, h, "a")
	ask := []string{"aisle.up.shop.a.seg", "$JS.API.DIRECT.GET.AISLE_TRUST.aisle.trust.1_snapshot_json", "$JS.API.DIRECT.GET.AISLE_MARKS.aisle.mark.a"}
	for _, reply := range []string{"aisle.mark.b", "aisle.trust.timestamp_json", "aisle.up.shop.b.seg", "aisle.up.shop.b.status",
		"aisle.art." + strings.Repeat("0a", 32) + ".0", "$JS.API.STREAM.DELETE.AISLE_UP", "$JS.API.STREAM.PURGE.AISLE_MARKS"} {
		for _, s := range ask {
			a.PublishRequest(s, reply, []byte("x"))
		}
	}
	a.Flush()
	// A request of its own passes through the same queues after all of those.
	if _, err := a.Request("aisle.up.shop.a.seg", []byte("barrier"), 10*time.Second); err != nil {
		t.Fatal(err)
	}

	key := f.keys["b"]
	b := running(t, link.NewAgent(link.Config{URLs: []string{h.URL()}, Public: public(t, key), Sign: key.Sign}, nodeB))
	if file, err := b.File(t.Context(), "timestamp.json", 100); err != nil || string(file) != "true" {
		t.Errorf("timestamp is now %q, %v", file, err)
	}
	// What was reached may never answer again.
	within, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	ctx, cancel := context.WithCancel(within)
	defer cancel()
	var last *wire.Mark
	b.Follow(ctx, func(m *wire.Mark) { last = m }, cancel)
	if last.GetCommitted() != 7 {
		t.Errorf("mark is now %v", last)
	}
	for range 8 { // seven segments of a, and the barrier
		batch, err := central.Fetch(within, 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := batch[0].Node.Agent(); got != "a" {
			t.Errorf("a segment of %s was stored", got)
		}
		if err := batch[0].Done(within); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Chunk(t.Context(), [32]byte(bytes.Repeat([]byte{10}, 32)), 0); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a chunk appeared: %v", err)
	}
}

func TestFullStreamRefusesWhatIsNew(t *testing.T) {
	h, f := start(t, t.TempDir(), link.Limits{Up: 1 << 20})
	f.enrol(t, "a")
	key := f.keys["a"]
	node, _ := subject.NewNode("shop", "a")
	a := running(t, link.NewAgent(link.Config{URLs: []string{h.URL()}, Public: public(t, key), Sign: key.Sign}, node))
	segment := bytes.Repeat([]byte{1}, 256<<10)
	err := a.Send(t.Context(), "0", segment)
	for i := 0; i < 8 && err == nil; i++ {
		err = a.Send(t.Context(), string(rune('1'+i)), segment)
	}
	if !errors.Is(err, link.ErrRefused) {
		t.Fatalf("a full stream said %v", err)
	}
	if err := h.Ready(); err != nil {
		t.Errorf("full is not broken: %v", err)
	}
	central := running(t, link.NewCentral(h.Link()))
	first, err := central.Fetch(t.Context(), 1)
	if err != nil || first[0].ID != "0" {
		t.Errorf("the oldest segment gave way: %v %v", first, err)
	}
}

func TestBrokenDiskIsNotReady(t *testing.T) {
	dir := t.TempDir()
	h, f := start(t, dir, link.Limits{})
	f.enrol(t, "a")
	key := f.keys["a"]
	node, _ := subject.NewNode("shop", "a")
	a := running(t, link.NewAgent(link.Config{URLs: []string{h.URL()}, Public: public(t, key), Sign: key.Sign, Timeout: time.Second}, node))
	segment := bytes.Repeat([]byte{1}, 500<<10)
	if err := a.Send(t.Context(), "0", segment); err != nil {
		t.Fatal(err)
	}
	if err := h.Ready(); err != nil {
		t.Fatalf("a healthy hub: %v", err)
	}
	found, _ := filepath.Glob(filepath.Join(dir, "jetstream/CENTRAL/streams/AISLE_UP/msgs"))
	if len(found) != 1 {
		t.Fatal("the stream does not lie where this test breaks it")
	}
	if err := os.RemoveAll(found[0]); err != nil {
		t.Fatal(err)
	}
	var err error
	for i := 0; i < 100 && err == nil; i++ { // until it wants another file
		err = a.Send(t.Context(), "", segment)
	}
	if err == nil {
		t.Fatal("segments were acknowledged without a disk")
	}
	if err := h.Ready(); err == nil {
		t.Error("a hub without its disk calls itself ready")
	}
	if err := a.Send(t.Context(), "", segment); err == nil {
		t.Error("a frozen stream acknowledged")
	}
}

func TestRefusesToListenBeyondTheMachine(t *testing.T) {
	for _, address := range []string{"0.0.0.0:4222", ":4222", "[::]:0", "192.0.2.1:4222", "example.com:4222", "4222", "127.0.0.1:x"} {
		h, err := Start(t.Context(), Config{Dir: t.TempDir(), Address: address, Lookup: (&fleet{}).lookup})
		if err == nil {
			h.Close()
			t.Errorf("%q: listens", address)
		}
	}
}

func TestStreamsSurviveARestart(t *testing.T) {
	dir := t.TempDir()
	h, f := start(t, dir, link.Limits{})
	central := running(t, link.NewCentral(h.Link()))
	if err := central.PutFile(t.Context(), "1.root.json", []byte("root")); err != nil {
		t.Fatal(err)
	}
	h.Close()
	h2, err := Start(t.Context(), Config{Dir: dir, Address: "127.0.0.1:0", Lookup: f.lookup})
	if err != nil {
		t.Fatal(err)
	}
	defer h2.Close()
	f.enrol(t, "a")
	key := f.keys["a"]
	node, _ := subject.NewNode("shop", "a")
	a := running(t, link.NewAgent(link.Config{URLs: []string{h2.URL()}, Public: public(t, key), Sign: key.Sign}, node))
	if b, err := a.File(t.Context(), "1.root.json", 10); err != nil || string(b) != "root" {
		t.Errorf("%q, %v", b, err)
	}
}
