package outbox

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/wire"
)

var key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, ed25519.SeedSize))

func config() Config {
	return Config{Agent: "store-7", Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(key, m), nil }}
}

var errLost = errors.New("connection lost")

// hub is the other end and the oracle: it opens what it is sent, keeps it by
// sequence, and complains about everything that may not be.
type hub struct {
	t    *testing.T
	fate func(h *hub) (stores int, wait time.Duration, err error) // of the next send

	mu      sync.Mutex
	r       *rand.Rand
	sent    map[string][]byte           // by id, what came first
	rows    map[[16]byte]map[uint64]row // by epoch and sequence
	flying  int
	sends   int
	stores  int
	largest int
}

// row is one record, and the segment that brought it.
type row struct{ said, id string }

func newHub(t *testing.T, seed uint64) *hub {
	return &hub{t: t, r: rand.New(rand.NewPCG(seed, 1)), sent: map[string][]byte{}, rows: map[[16]byte]map[uint64]row{},
		fate: well}
}

func (h *hub) Send(ctx context.Context, id string, sealed []byte) error {
	h.mu.Lock()
	h.sends++
	if h.flying++; h.flying > 4 {
		h.t.Errorf("%d sends at the same time", h.flying)
	}
	if was, ok := h.sent[id]; ok && !bytes.Equal(was, sealed) {
		h.t.Errorf("%s came again with other bytes", id)
	}
	h.sent[id] = bytes.Clone(sealed)
	stores, wait, err := h.fate(h)
	h.mu.Unlock()
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flying--
	for range stores {
		h.store(id, sealed)
	}
	return err
}

// faulty loses segments, loses the answer to stored ones, stores twice, answers
// late (so that later ones overtake) and cuts the connection.
func faulty(h *hub) (int, time.Duration, error) {
	wait := time.Duration(h.r.IntN(3000)) * time.Millisecond
	switch h.r.IntN(8) {
	case 0:
		return 0, 0, errLost
	case 1:
		return 1, 0, errLost
	case 2:
		return 1, time.Minute, nil // longer than the send may take
	case 3:
		return 2, wait, nil
	case 4:
		return 0, wait, nil // acknowledged and lost
	}
	return 1, wait, nil
}

func (h *hub) store(id string, sealed []byte) {
	s, err := segment.Open(sealed, key.Public().(ed25519.PublicKey))
	if err != nil {
		h.t.Errorf("%s: %v", id, err)
		return
	}
	if id != segment.ID(s.Header) {
		h.t.Errorf("%s came as %s", segment.ID(s.Header), id)
	}
	h.stores++
	h.largest = max(h.largest, len(sealed))
	epoch := [16]byte(s.Header.Epoch)
	if h.rows[epoch] == nil {
		h.rows[epoch] = map[uint64]row{}
	}
	for seq, p := range s.Records() {
		now := row{string(p), id}
		if was, ok := h.rows[epoch][seq]; ok && was != now {
			h.t.Errorf("record %d came as %.80q and as %.80q", seq, was, now)
		}
		h.rows[epoch][seq] = now
	}
}

// mark is what ingest would say: everything without a hole.
func (h *hub) mark(epoch [16]byte) *wire.Mark {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := &wire.Mark{Agent: "store-7", Epoch: epoch[:]}
	for h.rows[epoch][m.Committed+1] != (row{}) {
		m.Committed++
	}
	return m
}

// node is a log with its outbox.
type node struct {
	t    *testing.T
	dir  string
	log  *journal.Journal
	box  *Outbox
	hub  *hub
	cfg  Config
	stop func()
	said []string // what was appended, from sequence 1
}

func newNode(t *testing.T, h *hub, cfg Config) *node {
	n := &node{t: t, dir: t.TempDir(), hub: h, cfg: cfg}
	n.openLog()
	n.start()
	t.Cleanup(func() {
		n.stop()
		n.log.Close()
	})
	return n
}

func (n *node) openLog() {
	log, err := journal.Open(filepath.Join(n.dir, "log"), journal.Options{FileBytes: 64 << 10, MinFree: 1})
	if err != nil {
		n.t.Fatal(err)
	}
	n.log = log
}

func (n *node) start() {
	box, err := Open(filepath.Join(n.dir, "outbox"), n.log, n.hub, n.cfg)
	if err != nil {
		n.t.Fatal(err)
	}
	n.box = box
	ctx, cancel := context.WithCancel(n.t.Context())
	ran := make(chan error, 1)
	go func() { ran <- box.Run(ctx) }()
	n.stop = func() {
		cancel()
		if err := <-ran; err != nil {
			n.t.Error(err)
		}
		n.stop = func() {}
	}
}

func (n *node) restart() {
	n.stop()
	n.start()
}

func (n *node) append(count, size int) {
	n.t.Helper()
	for range count {
		p := fmt.Sprintf("%0*d", 8+size, len(n.said)+1)
		seq, err := n.log.Append(journal.Routine, []byte(p))
		if err != nil || seq != uint64(len(n.said)+1) {
			n.t.Fatal(seq, err)
		}
		n.said = append(n.said, p)
	}
}

func (n *node) sync() {
	n.t.Helper()
	if err := n.log.Sync(n.t.Context(), n.log.Last()); err != nil {
		n.t.Fatal(err)
	}
}

// sleep lets time pass and everybody do what is due.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// change does something to the hub that its sends see.
func (h *hub) change(f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f()
}

// sendings is how often something was sent.
func (h *hub) sendings() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.sends
}

func away(*hub) (int, time.Duration, error) { return 0, 0, errLost }

func well(*hub) (int, time.Duration, error) { return 1, 0, nil }

func (n *node) confirm() {
	n.t.Helper()
	if err := n.box.Confirm(n.hub.mark(n.log.Epoch())); err != nil {
		n.t.Fatal(err)
	}
	synctest.Wait()
}

// arrived compares what the hub holds with what was said, row by row.
func (n *node) arrived() {
	n.t.Helper()
	rows := n.hub.rows[n.log.Epoch()]
	if len(rows) != len(n.said) {
		n.t.Errorf("%d records arrived, %d were said", len(rows), len(n.said))
	}
	for i, p := range n.said {
		if rows[uint64(i+1)].said != p {
			n.t.Fatalf("record %d arrived as %.20q", i+1, rows[uint64(i+1)].said)
		}
	}
}

func (n *node) files(pattern string) []string {
	names, err := filepath.Glob(filepath.Join(n.dir, "outbox", pattern))
	if err != nil {
		n.t.Fatal(err)
	}
	return names
}

// TestEverythingArrives: whatever the way does to segments, whenever the node
// starts anew, every record gets up once and unchanged, and the log may drop
// what is confirmed at any time.
func TestEverythingArrives(t *testing.T) {
	for seed := range uint64(12) {
		synctest.Test(t, func(t *testing.T) {
			h := newHub(t, seed)
			h.fate = faulty
			n := newNode(t, h, config())
			r := rand.New(rand.NewPCG(seed, 2))
			for range 60 {
				n.append(r.IntN(120), r.IntN(400))
				n.sync()
				sleep(time.Duration(r.IntN(8000)) * time.Millisecond)
				if r.IntN(3) == 0 {
					n.confirm()
				}
				if r.IntN(10) == 0 {
					n.restart()
				}
				if err := n.log.Drop(n.box.Confirmed()); err != nil {
					t.Fatal(err)
				}
			}
			for i := 0; n.box.Confirmed() < n.log.Last(); i++ {
				if i == 5000 {
					t.Fatalf("seed %d: stuck at %d of %d: %+v", seed, n.box.Confirmed(), n.log.Last(), n.box.Stats())
				}
				sleep(5 * time.Second)
				n.confirm()
			}
			n.arrived()
			if s := n.box.Stats(); s.Waiting+s.Stored != 0 || s.Sealed != n.log.Last() || s.Confirmed != s.Sealed {
				t.Errorf("after all is confirmed: %+v", s)
			}
		})
	}
}

// TestSealing: segments are as large and as old as promised, of durable records
// of one file, and sealed once.
func TestSealing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, 1)
		n := newNode(t, h, config())
		n.append(5, 10)
		sleep(time.Hour)
		if h.stores != 0 {
			t.Error("a record left before it was durable")
		}
		n.sync()
		n.append(5, 10)
		sleep(5*time.Second + time.Millisecond)
		if rows := h.rows[n.log.Epoch()]; len(rows) != 5 {
			t.Errorf("%d records left of 5 durable ones", len(rows))
		}
		n.sync()
		sleep(5*time.Second + time.Millisecond)
		n.arrived()

		n.append(2000, 300) // ten files
		n.sync()
		sleep(6 * time.Second)
		n.arrived()
		for seq := uint64(1); seq < n.log.Last(); seq++ {
			id := h.rows[n.log.Epoch()][seq].id
			if end, err := n.log.FileEnd(seq); err != nil || end == seq && id == h.rows[n.log.Epoch()][seq+1].id {
				t.Fatalf("segment %s goes over the end of a file at %d (%v)", id, seq, err)
			}
		}
		if len(h.sent) > 16 {
			t.Errorf("%d segments for 11 files", len(h.sent))
		}
	})
}

// TestSealsFullSegments: incompressible records fill segments to their limit
// and never over it.
func TestSealsFullSegments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, 1)
		n := &node{t: t, dir: t.TempDir(), hub: h, cfg: config()}
		log, err := journal.Open(filepath.Join(n.dir, "log"), journal.Options{MinFree: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		n.log = log
		random := rand.NewChaCha8([32]byte{1})
		for i := range 1500 {
			p := make([]byte, 1000)
			random.Read(p)
			if i%100 == 0 {
				p = make([]byte, journal.MaxRecord)
				random.Read(p)
			}
			if _, err := log.Append(journal.Routine, p); err != nil {
				t.Fatal(err)
			}
			n.said = append(n.said, string(p))
		}
		n.sync()
		n.start()
		defer func() { n.stop() }()
		sleep(6 * time.Second)
		n.arrived()
		if h.largest > segment.MaxBytes || h.largest < segment.MaxBytes*9/10 {
			t.Errorf("largest segment has %d bytes", h.largest)
		}
	})
}

// TestHubAway: while nothing can be sent, the records stay in the log, attempts
// get rare, and everything goes in few segments afterwards.
func TestHubAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, 1)
		h.fate = away
		n := newNode(t, h, config())
		for range 600 {
			n.append(3, 200)
			n.sync()
			sleep(time.Minute)
		}
		if names := n.files("*.seg"); len(names) != 8 {
			t.Errorf("%d segments sealed while nothing could be sent", len(names))
		}
		// Pauses are drawn from 0 to 30 s: 15 s on average, four sends each.
		if h.sendings() < 4*1200 || h.sendings() > 4*4800 {
			t.Errorf("%d attempts in ten hours", h.sendings())
		}
		if s := n.box.Stats(); !errors.Is(s.Err, errLost) || s.Waiting != 8 {
			t.Errorf("while away: %+v", s)
		}
		h.change(func() { h.fate = well })
		sleep(2 * time.Minute)
		n.arrived()
		if len(h.sent) > 8+20 {
			t.Errorf("%d segments after ten hours", len(h.sent))
		}
		if s := n.box.Stats(); s.Err != nil || s.Waiting != 0 {
			t.Errorf("afterwards: %+v", s)
		}
	})
}

// TestStoredIsNotConfirmed: a hub that stored everything and lost it gets it
// again; nothing is deleted before the mark, and for a day after it.
func TestStoredIsNotConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, 1)
		n := newNode(t, h, config())
		for range 6 {
			n.append(10, 10)
			n.sync()
			sleep(5 * time.Second)
		}
		h.change(func() { clear(h.rows) }) // the hub's disk is gone
		before := h.sendings()
		for range 40 {
			sleep(time.Minute)
			n.confirm()
		}
		n.arrived()
		if again := h.sendings() - before; again < 6 || again > 24 {
			t.Errorf("%d sends to bring 6 segments again", again)
		}
		if n.box.Stats().Resent == 0 {
			t.Error("resends are not told")
		}
		if done := n.files("*.done"); len(done) != 6 || len(n.files("*.seg")) != 0 {
			t.Errorf("%v after the mark", done)
		}
		sleep(23 * time.Hour)
		if len(n.files("*.done")) != 6 {
			t.Error("deleted before a day was over")
		}
		sleep(2 * time.Hour)
		if done := n.files("*.done"); len(done) != 1 {
			t.Errorf("%d files after a day, wanted the newest", len(done))
		}
		sends := h.sendings()
		n.restart()
		sleep(time.Hour)
		if h.sendings() != sends || n.box.Confirmed() != 60 {
			t.Errorf("a start sent %d confirmed segments again, confirmed to %d", h.sendings()-sends, n.box.Confirmed())
		}
		n.append(5, 5)
		n.sync()
		sleep(6 * time.Second)
		n.arrived()
	})
}

func TestKeepsWithinBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.KeepBytes = 1000
		n := newNode(t, newHub(t, 1), cfg)
		for range 10 {
			n.append(3, 10)
			n.sync()
			sleep(5 * time.Second)
			n.confirm()
		}
		done := n.files("*.done")
		kept := int64(0)
		for _, name := range done {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			kept += info.Size()
		}
		if kept > 1000 || kept < 600 || len(done) < 2 {
			t.Errorf("%d segments of %d bytes kept in 1000", len(done), kept)
		}
	})
}

func TestMarks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newHub(t, 1), config())
		n.append(20, 10)
		n.sync()
		sleep(6 * time.Second)
		epoch := n.log.Epoch()
		mark := func(agent string, epoch []byte, committed uint64) error {
			err := n.box.Confirm(&wire.Mark{Agent: agent, Epoch: epoch, Committed: committed})
			synctest.Wait()
			return err
		}
		for _, m := range []struct {
			agent string
			epoch []byte
		}{{"store-8", epoch[:]}, {"store-7", make([]byte, 16)}, {"store-7", nil}} {
			if err := mark(m.agent, m.epoch, 1<<40); err != nil || n.box.Confirmed() != 0 {
				t.Errorf("mark of %s/%x: %v, confirmed %d", m.agent, m.epoch, err, n.box.Confirmed())
			}
		}
		if err := mark("store-7", epoch[:], 21); !errors.Is(err, ErrBeyond) || n.box.Confirmed() != 0 {
			t.Errorf("mark beyond the end: %v, confirmed %d", err, n.box.Confirmed())
		}
		if err := errors.Join(mark("store-7", epoch[:], 12), mark("store-7", epoch[:], 7)); err != nil || n.box.Confirmed() != 12 {
			t.Errorf("after marks 12 and 7: %d, %v", n.box.Confirmed(), err)
		}
		if len(n.files("*.done")) != 0 {
			t.Error("a mark within a segment confirmed all of it")
		}
		if err := mark("store-7", epoch[:], 20); err != nil || len(n.files("*.done")) != 1 {
			t.Errorf("%v after the last mark, %v", n.files("*"), err)
		}
	})
}

// TestLogFromAnOldCopy: the outbox knows of more records than the log does.
func TestLogFromAnOldCopy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newHub(t, 1), config())
		n.append(20, 10)
		n.sync()
		n.stop()
		n.log.Close()
		old := filepath.Join(t.TempDir(), "log")
		if err := os.CopyFS(old, os.DirFS(filepath.Join(n.dir, "log"))); err != nil {
			t.Fatal(err)
		}
		n.openLog()
		n.start()
		n.append(20, 10)
		n.sync()
		sleep(6 * time.Second)
		n.stop()
		n.log.Close()
		log, err := journal.Open(old, journal.Options{MinFree: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer log.Close()
		if _, err := Open(filepath.Join(n.dir, "outbox"), log, n.hub, config()); !errors.Is(err, ErrBeyond) {
			t.Errorf("went on from a log that lost what was sent: %v", err)
		}
	})
}

// TestEarlierEpoch: what was sealed before the log had to begin anew still
// arrives, and is confirmed by marks of its own epoch.
func TestEarlierEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, 1)
		h.fate = away
		n := newNode(t, h, config())
		n.append(30, 10)
		n.sync()
		sleep(6 * time.Second)
		n.stop()
		n.log.Close()
		epoch, said := n.log.Epoch(), n.said
		if err := os.RemoveAll(filepath.Join(n.dir, "log")); err != nil {
			t.Fatal(err)
		}
		h.fate = well
		n.said = nil
		n.openLog()
		n.start()
		n.append(7, 10)
		n.sync()
		sleep(time.Minute)
		n.arrived()
		if len(h.rows[epoch]) != len(said) {
			t.Errorf("%d of %d records of the earlier epoch arrived", len(h.rows[epoch]), len(said))
		}
		n.confirm()
		if err := n.box.Confirm(h.mark(epoch)); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		if n.box.Confirmed() != 7 || len(n.files("*.done")) != 2 {
			t.Errorf("confirmed to %d, files %v", n.box.Confirmed(), n.files("*"))
		}
	})
}

// TestHoleIsSealedAgain: a lost file, a torn one and a leftover cost nothing.
func TestHoleIsSealedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, 1)
		h.fate = away
		n := newNode(t, h, config())
		for range 5 {
			n.append(10, 10)
			n.sync()
			sleep(6 * time.Second)
		}
		n.stop()
		files := n.files("*.seg")
		if len(files) != 5 {
			t.Fatal(files)
		}
		torn := files[4] + unfinished
		if err := errors.Join(os.Remove(files[2]), os.WriteFile(torn, []byte("torn"), 0o600)); err != nil {
			t.Fatal(err)
		}
		h.fate = well
		h.sent = map[string][]byte{}
		n.start()
		sleep(time.Minute)
		n.arrived()
		n.confirm()
		if n.box.Confirmed() != 50 {
			t.Errorf("confirmed to %d", n.box.Confirmed())
		}
		if _, err := os.Stat(torn); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("what a crash left half written is still there (%v)", err)
		}
	})
}

// TestFailingDisk: what can't be kept is not sent; it goes on by itself.
func TestFailingDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, newHub(t, 1), config())
		folder := filepath.Join(n.dir, "outbox")
		if err := os.Rename(folder, folder+".away"); err != nil {
			t.Fatal(err)
		}
		n.append(10, 10)
		n.sync()
		sleep(time.Minute)
		if s := n.box.Stats(); n.hub.sendings() != 0 || s.Err == nil {
			t.Errorf("%d sends of what could not be kept, %+v", n.hub.sendings(), s)
		}
		if err := os.Rename(folder+".away", folder); err != nil {
			t.Fatal(err)
		}
		sleep(time.Second)
		n.arrived()
		if s := n.box.Stats(); s.Err != nil {
			t.Error(s.Err)
		}
	})
}

func TestNames(t *testing.T) {
	for _, e := range []*entry{{first: 1, last: 1}, {epoch: [16]byte{1, 255}, first: 10, last: 1 << 60, state: confirmed}} {
		got, ok := parseEntry(e.name())
		if !ok || *got != *e {
			t.Errorf("%s became %+v", e.name(), got)
		}
	}
	good := (&entry{first: 1, last: 2}).name()
	for _, name := range []string{"", "x.seg", good + unfinished, strings.ToUpper(good), good + ".seg", strings.Replace(good, "1", "0", 1), strings.Replace(good, "-", "", 1), good[1:]} {
		if _, ok := parseEntry(name); ok {
			t.Errorf("%q is taken for a segment", name)
		}
	}
}
