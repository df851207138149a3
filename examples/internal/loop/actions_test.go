package loop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/examples/internal/loop"
)

// TestActionsReachTheirFunctionAtTheHub: what the staff approves is handed to the
// function of its site, by the key that the centre gave it, at least once and under
// one id, while the agent and the hub are killed; what nobody approved is not, nor is
// anything of another site.
func TestActionsReachTheirFunctionAtTheHub(t *testing.T) {
	o := options(t)
	o.More = "functions: {stock_room: {hub: true}}\n"
	l := start(t, o)
	north, south, hub := l.Agents[0], l.Agents[1], len(l.Agents)
	read := newReader(t, l, o.Var, north.Site)

	want := map[string]string{} // approved: item by action
	serial := 0
	call := func(a *loop.Agent, accept bool) {
		serial++
		event := fmt.Sprintf("fetch-%d", serial)
		id := fetched(t, a, event)
		if !accept {
			return
		}
		if err := loop.Insist(t.Context(), func() error { return a.Act(t.Context(), id, "accept", says) }); err != nil {
			t.Fatal(err)
		}
		if a == north {
			want[id] = event
		}
	}
	for range 3 {
		call(north, true)
	}
	call(north, false) // nobody agrees
	call(south, true)
	read.until(t, 3)

	loop.Kill(l, hub)
	for range 3 {
		call(north, true) // while the hub is away
	}
	loop.Kill(l, 0)
	for _, i := range []int{0, hub} {
		if err := loop.Revive(l, i); err != nil {
			t.Fatal(err)
		}
	}
	if err := north.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	call(north, true)
	read.until(t, 7)

	got, repeated := read.taken()
	for id := range want {
		if got[id] == "" {
			t.Errorf("%s of %s was approved and never came", id, want[id])
		}
	}
	for id, body := range got {
		if want[id] == "" {
			t.Errorf("came, and nobody of this site approved it: %s", body)
		}
	}
	t.Logf("%d approved, %d came, %d of them again", len(want), len(got), repeated)
}

var says = localapi.ActionEdit{Deciding: localapi.Deciding{By: "stock-room"}}

// fetched has something fetched at an agent, and gives the id of what the staff is
// asked.
func fetched(t *testing.T, a *loop.Agent, event string) (id string) {
	t.Helper()
	before, err := a.Actions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	shelf, err := a.Decide(t.Context(), loop.Question{EventID: event + "-shelf", Slot: "home_hero", Context: map[string]string{"weather": "sun"}})
	if err != nil || len(shelf.Items) == 0 {
		t.Fatalf("%+v, %v", shelf, err)
	}
	kept, err := a.Decide(t.Context(), loop.Question{EventID: event, Slot: "pickup", Actions: []loop.Action{{ID: shelf.Items[0].ID}}})
	if err != nil || len(kept.Items) != 1 {
		t.Fatalf("nothing is kept: %+v, %v", kept, err)
	}
	after, err := a.Actions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range after {
		if one.EventID == event && one.State == "proposed" && !slices.ContainsFunc(before, func(b localapi.Action) bool { return b.ID == one.ID }) {
			return one.ID
		}
	}
	t.Fatalf("%s called for nothing: %+v", event, after)
	return ""
}

// reader is a function's own program: it takes actions and acknowledges them, and
// connects again when it must.
type reader struct {
	mu     sync.Mutex
	bodies map[string]string // by action
	again  int
	err    error
}

func newReader(t *testing.T, l *loop.Loop, dir, site string) *reader {
	t.Helper()
	seed := filepath.Join(dir, "stock_room.nk")
	said, err := l.Centre.Command(t.Context(), "function", "add", site, "stock_room", "--seed", seed, "--json")
	if err != nil {
		t.Fatal(err)
	}
	var f api.Function
	if err := json.Unmarshal([]byte(said), &f); err != nil {
		t.Fatalf("%s: %v", said, err)
	}
	b, err := os.ReadFile(seed)
	if err != nil {
		t.Fatal(err)
	}
	key, err := nkeys.ParseDecoratedNKey(b)
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{bodies: map[string]string{}}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			r.take(ctx, f, key)
		}
	}()
	t.Cleanup(func() { cancel(); <-done })
	return r
}

// take takes actions until the connection is lost.
func (r *reader) take(ctx context.Context, f api.Function, key nkeys.KeyPair) {
	nc, err := nats.Connect(f.Hub, nats.Nkey(f.PublicKey, key.Sign), nats.CustomInboxPrefix(f.Inbox), nats.NoReconnect())
	if err != nil {
		pause(ctx, 100*time.Millisecond)
		return
	}
	defer nc.Close()
	js, err := jetstream.NewWithAPIPrefix(nc, f.Prefix)
	if err != nil {
		r.fail(err)
		return
	}
	c, err := js.Consumer(ctx, f.Stream, f.Consumer)
	for err == nil && ctx.Err() == nil && nc.IsConnected() {
		var batch jetstream.MessageBatch
		if batch, err = c.Fetch(10, jetstream.FetchMaxWait(200*time.Millisecond)); err != nil {
			break
		}
		for m := range batch.Messages() {
			r.enter(m)
			m.Ack()
		}
	}
	pause(ctx, 50*time.Millisecond)
}

func (r *reader) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

func (r *reader) enter(m jetstream.Msg) {
	var said struct{ Data struct{ ID string } }
	if err := json.Unmarshal(m.Data(), &said); err != nil || said.Data.ID != m.Headers().Get(nats.MsgIdHdr) {
		r.fail(fmt.Errorf("no action under its id: %s (%v)", m.Data(), err))
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if was := r.bodies[said.Data.ID]; was != "" {
		if r.again++; was != string(m.Data()) {
			r.err = fmt.Errorf("%s, then %s", was, m.Data())
		}
	}
	r.bodies[said.Data.ID] = string(m.Data())
}

func (r *reader) taken() (bodies map[string]string, again int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bodies, r.again
}

// until waits for so many actions.
func (r *reader) until(t *testing.T, n int) {
	t.Helper()
	eventually(t, fmt.Sprint(n, " actions came"), func() (bool, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.err != nil {
			t.Fatal(r.err)
		}
		return len(r.bodies) >= n, nil
	})
}
