package ingest

import (
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// The world of these tests: agents with logs, a hub that repeats, reorders and
// loses answers, a ledger that fails before and after it commits, and an oracle
// that reads the ledger row by row.

// writer is an agent's end: one log, and the key that signs it.
type writer struct {
	node    subject.Node
	epoch   [16]byte
	key     ed25519.PrivateKey
	records [][]byte // by sequence, from 1
}

func newWriter(t testing.TB, name string, epoch byte) *writer {
	t.Helper()
	node, err := subject.NewNode("site-"+name[:1], name)
	if err != nil {
		t.Fatal(err)
	}
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return &writer{node: node, epoch: [16]byte{epoch}, key: ed25519.NewKeyFromSeed(seed)}
}

func (w *writer) write(t testing.TB, r *wire.Record) {
	t.Helper()
	b, err := wire.Append(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	w.records = append(w.records, b)
}

// outcome writes a purchase under an idempotency id.
func (w *writer) outcome(t testing.TB, id string) {
	w.write(t, &wire.Record{AtMs: int64(len(w.records)), Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: id, EventId: "e", Item: "milk", Type: wire.OutcomeType_OUTCOME_PURCHASE}}})
}

// seal makes the segment of a range, both ends included.
func (w *writer) seal(t testing.TB, first, last uint64, revision uint32) []byte {
	t.Helper()
	return w.sealAs(t, w.node.Agent(), first, revision, w.records[first-1:last])
}

func (w *writer) sealAs(t testing.TB, agent string, first uint64, revision uint32, records [][]byte) []byte {
	t.Helper()
	b, err := segment.Seal(&wire.SegmentHeader{Agent: agent, Epoch: w.epoch[:], First: first, Revision: revision}, records, w.sign)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (w *writer) sign(message []byte) ([]byte, error) { return ed25519.Sign(w.key, message), nil }

// company is a fleet of writers.
type company map[string][]ed25519.PublicKey

func (c company) Keys(agent string) []ed25519.PublicKey { return c[agent] }
func (c company) Heard(string)                          {}

func (c company) hire(w *writer) {
	c[w.node.Agent()] = append(c[w.node.Agent()], w.key.Public().(ed25519.PublicKey))
}

// message is a segment that the hub has stored.
type message struct {
	node subject.Node
	data []byte
	next time.Time // not handed out before
	done bool
}

// testHub hands each message out until it is done, again and again.
type testHub struct {
	repeat time.Duration // an unanswered message comes again after this
	onDone func(data []byte)

	now      time.Time
	rng      *rand.Rand // nil: no mischief
	messages []*message
	marks    map[logKey]uint64
	handed   int // messages handed out, repeats included
}

func newHub(rng *rand.Rand) *testHub {
	return &testHub{now: time.UnixMilli(1_700_000_000_000), repeat: 10 * time.Second, rng: rng, marks: make(map[logKey]uint64), onDone: func([]byte) {}}
}

func (h *testHub) put(node subject.Node, data []byte) {
	h.messages = append(h.messages, &message{node: node, data: data})
}

var errLost = errors.New("answer lost")

// mischief says whether something goes wrong before or after it took effect.
func (h *testHub) mischief() (before, after bool) {
	if h.rng == nil {
		return false, false
	}
	n := h.rng.IntN(10)
	return n == 0, n == 1
}

// Fetch is for Run; these tests call step themselves.
func (h *testHub) Fetch(ctx context.Context) ([]Delivery, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (h *testHub) due() (found []Delivery) {
	for _, m := range h.messages {
		if !m.done && !m.next.After(h.now) {
			m.next = h.now.Add(h.repeat)
			found = append(found, h.deliver(m))
			if h.rng != nil && h.rng.IntN(8) == 0 {
				found = append(found, h.deliver(m)) // twice at once
			}
		}
	}
	if h.rng != nil {
		h.rng.Shuffle(len(found), func(i, j int) { found[i], found[j] = found[j], found[i] })
	}
	h.handed += len(found)
	return found
}

func (h *testHub) deliver(m *message) Delivery {
	return Delivery{
		Node: m.node,
		Data: m.data,
		Done: func(context.Context) error {
			before, after := h.mischief()
			if before {
				return errLost
			}
			h.onDone(m.data)
			m.done = true
			if after {
				return errLost
			}
			return nil
		},
		Again: func(wait time.Duration) error {
			m.next = h.now.Add(wait)
			return nil
		},
	}
}

func (h *testHub) Mark(_ context.Context, node subject.Node, m *wire.Mark) error {
	before, after := h.mischief()
	if before {
		return errLost
	}
	if m.Agent != node.Agent() {
		return fmt.Errorf("mark of %s sent to %s", m.Agent, node.Agent())
	}
	h.marks[logKey{m.Agent, [16]byte(m.Epoch)}] = m.Committed
	if after {
		return errLost
	}
	return nil
}

func (h *testHub) unanswered() (n int) {
	for _, m := range h.messages {
		if !m.done {
			n++
		}
	}
	return n
}

func (h *testHub) mark(w *writer) uint64 {
	return h.marks[logKey{w.node.Agent(), w.epoch}]
}

// shakyLedger fails now and then, before its commit or after it.
type shakyLedger struct {
	*ledger.Ledger
	rng *rand.Rand // nil: never
}

func (s shakyLedger) Append(ctx context.Context, rows []ledger.Row, with func(*store.Tx) error) (ledger.File, error) {
	if s.rng == nil {
		return s.Ledger.Append(ctx, rows, with)
	}
	switch s.rng.IntN(4) {
	case 0:
		return ledger.File{}, errLost
	case 1:
		_, err := s.Ledger.Append(ctx, rows, with)
		return ledger.File{}, errors.Join(errLost, err)
	}
	return s.Ledger.Append(ctx, rows, with)
}

// centre is one process of central on a directory.
type centre struct {
	db     *store.DB
	ledger *ledger.Ledger
	*Ingest
}

func start(t testing.TB, dir string, hub *testHub, fleet Fleet, rng *rand.Rand, o Options) *centre {
	t.Helper()
	db, err := store.Open(dir, nil, ledger.Schema, Schema)
	if err != nil {
		t.Fatal(err)
	}
	l, err := ledger.Open(context.Background(), filepath.Join(dir, "ledger"), db)
	if err != nil {
		t.Fatal(err)
	}
	o.Log, o.Now = slog.New(slog.DiscardHandler), func() time.Time { return hub.now }
	c := &centre{db, l, New(hub, shakyLedger{l, rng}, db, fleet, filepath.Join(dir, "dead"), o)}
	if err := errors.Join(os.MkdirAll(c.dead, 0o700), c.load(context.Background())); err != nil {
		t.Fatal(err)
	}
	return c
}

// live does what Run does for some seconds of the hub's clock: a fetch and a
// tick a second, and a new beginning after each failure.
func (c *centre) live(t testing.TB, hub *testHub, seconds int) {
	t.Helper()
	ctx := context.Background()
	for range seconds {
		err := c.step(ctx, hub.due(), false)
		if err == nil {
			err = c.step(ctx, nil, true)
		}
		if err != nil {
			if err := c.load(ctx); err != nil {
				t.Fatal(err)
			}
		}
		hub.now = hub.now.Add(time.Second)
	}
}

// rows reads the whole ledger, by log.
func (c *centre) rows(t testing.TB) map[logKey][]ledger.Row {
	t.Helper()
	files, err := c.ledger.Files(context.Background(), 0)
	if err != nil {
		t.Fatal(err)
	}
	logs := make(map[logKey][]ledger.Row)
	for _, f := range files {
		err := c.ledger.Read(context.Background(), f, func(_ int64, r *ledger.Row) error {
			row := *r
			row.Record = slices.Clone(r.Record)
			row.Decision, row.Item, row.EventID, row.Slot = slices.Clone(r.Decision), slices.Clone(r.Item), slices.Clone(r.EventID), slices.Clone(r.Slot)
			key := logKey{r.Agent, r.Epoch}
			logs[key] = append(logs[key], row)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return logs
}

// judge demands that the ledger holds each record of each writer up to its mark
// exactly once and in order, each as it was written, and nothing else; and that
// each outcome id counts once in its site.
func (c *centre) judge(t testing.TB, marks func(*writer) uint64, writers ...*writer) {
	t.Helper()
	logs := c.rows(t)
	counted := make(map[string]int)
	for _, w := range writers {
		rows := logs[logKey{w.node.Agent(), w.epoch}]
		delete(logs, logKey{w.node.Agent(), w.epoch})
		if n := marks(w); uint64(len(rows)) < n || len(rows) > len(w.records) {
			t.Errorf("%s: %d rows, the mark was %d of %d", w.node.Agent(), len(rows), n, len(w.records))
		}
		for i, r := range rows {
			if r.Seq != uint64(i+1) || string(r.Record) != string(w.records[i]) || r.Site != w.node.Site() {
				t.Fatalf("%s: row %d has sequence %d, or another record or site", w.node.Agent(), i+1, r.Seq)
			}
			if rec, err := wire.Decode(r.Record); err == nil && rec.GetOutcome() != nil && !r.Duplicate {
				counted[r.Site+" "+rec.GetOutcome().Id]++
			}
		}
	}
	for key := range logs {
		t.Errorf("rows of %s, which nobody wrote", key.agent)
	}
	for id, n := range counted {
		if n != 1 {
			t.Errorf("outcome %q counts %d times", id, n)
		}
	}
}

// everything is the mark of a log that is in the ledger whole.
func everything(w *writer) uint64 { return uint64(len(w.records)) }

// cut seals a log in pieces of random length, some of them overlapping.
func cut(t testing.TB, rng *rand.Rand, w *writer) (segments [][]byte) {
	n := uint64(len(w.records))
	for first := uint64(1); first <= n; {
		last := min(n, first+rng.Uint64N(12))
		segments = append(segments, w.seal(t, first, last, 0))
		if rng.IntN(4) == 0 { // as a node does that was restarted before it noted the first
			segments = append(segments, w.seal(t, first, min(n, last+rng.Uint64N(5)), 0))
		}
		first = last + 1
	}
	return segments
}

// payload is a record that no version can read, so that a test can tell which.
func payload(revision uint32, seq uint64) []byte {
	return binary.LittleEndian.AppendUint64([]byte{99, byte(revision)}, seq)
}

func sorted[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
