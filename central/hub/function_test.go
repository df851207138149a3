package hub

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/subject"
)

// functions are two of one site, and one of the same name at another.
func functions(t *testing.T) (all []subject.Function) {
	t.Helper()
	for _, of := range [][2]string{{"shop", "stock_room"}, {"shop", "pricing"}, {"other", "stock_room"}} {
		f, err := subject.NewFunction(of[0], of[1])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// hubOf starts a hub whose functions have a key each.
func hubOf(t *testing.T, dir string, all []subject.Function) (*Hub, *fleet, []nkeys.KeyPair) {
	t.Helper()
	f := &fleet{keys: map[string]nkeys.KeyPair{}, of: map[string]string{}}
	keys, of := make([]nkeys.KeyPair, len(all)), map[string]subject.Function{}
	for i := range all {
		var err error
		if keys[i], err = nkeys.CreateUser(); err != nil {
			t.Fatal(err)
		}
		of[public(t, keys[i])] = all[i]
	}
	h, err := Start(t.Context(), Config{
		Dir: dir, Address: "127.0.0.1:0", Lookup: f.lookup, Functions: all,
		Function: func(key string) (subject.Function, bool) { one, ok := of[key]; return one, ok },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h, f, keys
}

// reader connects as a function does, with an official client.
func reader(t *testing.T, h *Hub, f subject.Function, key nkeys.KeyPair) device {
	t.Helper()
	d := device{errs: make(chan error, 100)}
	nc, err := nats.Connect(h.URL(), nats.Nkey(public(t, key), key.Sign), nats.CustomInboxPrefix(f.Inbox()), nats.NoReconnect(),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { d.errs <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	d.Conn = nc
	return d
}

// consumer is how a function's program gets at its actions.
func consumer(t *testing.T, d device, f subject.Function) jetstream.Consumer {
	t.Helper()
	js, err := jetstream.NewWithAPIPrefix(d.Conn, subject.Interface)
	if err != nil {
		t.Fatal(err)
	}
	c, err := js.Consumer(t.Context(), string(subject.Actions), f.Consumer())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// taken are the bodies of what a consumer hands out, acknowledged.
func taken(t *testing.T, c jetstream.Consumer, most int) (bodies []string) {
	t.Helper()
	batch, err := c.Fetch(most, jetstream.FetchMaxWait(2*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	for m := range batch.Messages() {
		bodies = append(bodies, m.Subject()+" "+string(m.Data()))
		if err := m.DoubleAck(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Error(); err != nil {
		t.Fatal(err)
	}
	return bodies
}

// publish has an agent publish actions.
func publish(t *testing.T, h *Hub, f *fleet, agent string, to ...string) {
	t.Helper()
	if f.keys[agent] == nil {
		f.enrol(t, agent)
	}
	key, node := f.keys[agent], must(subject.NewNode("shop", agent))
	a := running(t, link.NewAgent(link.Config{URLs: []string{h.URL()}, Public: public(t, key), Sign: key.Sign}, node))
	for _, function := range to {
		if err := a.Action(t.Context(), function, agent+function, []byte("for "+function)); err != nil {
			t.Fatal(err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestFunctionTakesItsOwnActions: of every agent of its site, those of its name, each
// until it says that it has it, whatever becomes of the hub meanwhile.
func TestFunctionTakesItsOwnActions(t *testing.T) {
	dir, all := t.TempDir(), functions(t)
	h, f, keys := hubOf(t, dir, all)
	publish(t, h, f, "a", "stock_room", "pricing")
	publish(t, h, f, "b", "stock_room", "service")

	c := consumer(t, reader(t, h, all[0], keys[0]), all[0])
	one, err := c.Fetch(1, jetstream.FetchMaxWait(5*time.Second))
	if err != nil {
		t.Fatal(err)
	}
	first := <-one.Messages()
	if first == nil || first.Subject() != "aisle.act.shop.a.stock_room" || first.Headers().Get(nats.MsgIdHdr) != "astock_room" {
		t.Fatalf("first came %v, %v", first, one.Error())
	}
	if err := first.Nak(); err != nil { // and again: it was not acknowledged
		t.Fatal(err)
	}
	got := taken(t, c, 2)
	slices.Sort(got)
	if want := []string{"aisle.act.shop.a.stock_room for stock_room", "aisle.act.shop.b.stock_room for stock_room"}; !slices.Equal(got, want) {
		t.Errorf("taken %q, want %q", got, want)
	}

	h.Close() // what was acknowledged stays so, and what was not taken stays there
	h, _, keys = hubOf(t, dir, all)
	if got := taken(t, consumer(t, reader(t, h, all[1], keys[1]), all[1]), 1); len(got) != 1 || got[0] != "aisle.act.shop.a.pricing for pricing" {
		t.Errorf("after a restart pricing took %q", got)
	}
	none, err := consumer(t, reader(t, h, all[0], keys[0]), all[0]).FetchNoWait(1)
	if err != nil {
		t.Fatal(err)
	}
	if m := <-none.Messages(); m != nil {
		t.Errorf("acknowledged, and handed out again: %s", m.Subject())
	}
}

// TestFunctionReadsNothingElse: not another function's, not another site's, no
// segment, mark or trust file, and it publishes nothing.
func TestFunctionReadsNothingElse(t *testing.T) {
	all := functions(t)
	h, f, keys := hubOf(t, t.TempDir(), all)
	publish(t, h, f, "a", "stock_room", "pricing")
	d := reader(t, h, all[0], keys[0])
	for subj, allowed := range map[string]bool{
		"aisle.api.CONSUMER.MSG.NEXT.AISLE_ACTIONS.shop-stock_room":  true,
		"aisle.api.CONSUMER.INFO.AISLE_ACTIONS.shop-stock_room":      true,
		"$JS.ACK.AISLE_ACTIONS.shop-stock_room.1.1.1.1.1":            true,
		"aisle.api.CONSUMER.MSG.NEXT.AISLE_ACTIONS.shop-pricing":     false,
		"aisle.api.CONSUMER.MSG.NEXT.AISLE_ACTIONS.other-stock_room": false,
		"aisle.api.CONSUMER.MSG.NEXT.AISLE_ACTIONS.*":                false,
		"$JS.API.CONSUMER.MSG.NEXT.AISLE_UP.ingest":                  false,
		"aisle.api.CONSUMER.INFO.AISLE_ACTIONS.shop-pricing":         false,
		"aisle.api.CONSUMER.CREATE.AISLE_ACTIONS":                    false,
		"$JS.API.CONSUMER.CREATE.AISLE_ACTIONS.x.aisle.act.>":        false,
		"$JS.API.CONSUMER.DELETE.AISLE_ACTIONS.shop-stock_room":      false,
		"$JS.API.CONSUMER.MSG.NEXT.AISLE_ACTIONS.shop-stock_room":    false,
		"$JS.API.STREAM.INFO.AISLE_ACTIONS":                          false,
		"$JS.API.STREAM.MSG.GET.AISLE_ACTIONS":                       false,
		"$JS.API.STREAM.PURGE.AISLE_ACTIONS":                         false,
		"$JS.API.DIRECT.GET.AISLE_ACTIONS":                           false,
		"$JS.API.DIRECT.GET.AISLE_TRUST.aisle.trust.1_root_json":     false,
		"$JS.ACK.AISLE_ACTIONS.shop-pricing.1.1.1.1.1":               false,
		"$JS.ACK.AISLE_UP.ingest.1.1.1.1.1":                          false,
		"aisle.act.shop.a.stock_room":                                false,
		"aisle.up.shop.a.seg":                                        false,
		"aisle.mark.a":                                               false,
		"_INBOX_shop-pricing.x":                                      false,
	} {
		if got := d.refusal(t, func() { d.PublishRequest(subj, all[0].Inbox()+".x", nil) }); (got == "") != allowed {
			t.Errorf("publish %s: allowed %v, hub said %q", subj, allowed, got)
		}
	}
	for _, subj := range []string{">", "aisle.>", "aisle.act.>", "aisle.act.shop.*.stock_room", "aisle.mark.a", "aisle.trust.timestamp_json", "_INBOX_shop-pricing.>", "_INBOX.>", "$JS.>"} {
		if got := d.refusal(t, func() { d.Subscribe(subj, func(*nats.Msg) {}) }); got == "" {
			t.Errorf("subscribed to %s", subj)
		}
	}
	if got := taken(t, consumer(t, reader(t, h, all[1], keys[1]), all[1]), 1); len(got) != 1 || !strings.HasSuffix(got[0], "for pricing") {
		t.Errorf("pricing was left %q", got)
	}
}

// TestFunctionsReplyReachesNothing: whatever a function names as its reply, what is
// stored stays as it was.
func TestFunctionsReplyReachesNothing(t *testing.T) {
	all := functions(t)
	h, f, keys := hubOf(t, t.TempDir(), all)
	publish(t, h, f, "a", "stock_room", "stock_room")
	central := running(t, link.NewCentral(h.Link()))
	if err := central.PutFile(t.Context(), "timestamp.json", []byte("true")); err != nil {
		t.Fatal(err)
	}
	d := reader(t, h, all[0], keys[0])
	for _, reply := range []string{"aisle.trust.timestamp_json", "aisle.mark.a", "aisle.up.shop.a.seg", "$JS.API.STREAM.DELETE.AISLE_ACTIONS"} {
		d.PublishRequest("aisle.api.CONSUMER.MSG.NEXT.AISLE_ACTIONS.shop-stock_room", reply, nil)
		d.PublishRequest("aisle.api.CONSUMER.INFO.AISLE_ACTIONS.shop-stock_room", reply, nil)
	}
	if _, err := d.Request("aisle.api.CONSUMER.INFO.AISLE_ACTIONS.shop-stock_room", nil, 10*time.Second); err != nil {
		t.Fatal(err) // and it passed through the same queues after all of those
	}
	key, node := f.keys["a"], must(subject.NewNode("shop", "a"))
	a := running(t, link.NewAgent(link.Config{URLs: []string{h.URL()}, Public: public(t, key), Sign: key.Sign}, node))
	if b, err := a.File(t.Context(), "timestamp.json", 100); err != nil || string(b) != "true" {
		t.Errorf("timestamp is now %q, %v", b, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if batch, err := central.Fetch(ctx, 1); err == nil && len(batch) > 0 {
		t.Errorf("a segment of %s was stored", batch[0].Node.Agent())
	}
}
