package ingest

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/crashtest"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// TestMain lets the kill test run this binary again as its victim.
func TestMain(m *testing.M) {
	if dir := os.Getenv("INGEST_VICTIM"); dir != "" {
		if err := victim(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// victim runs ingest over a folder of segments until it is killed. It says each
// answer and each mark on its standard output.
func victim(dir string) error {
	db, err := store.Open(filepath.Join(dir, "central"), nil, ledger.Schema, Schema)
	if err != nil {
		return err
	}
	l, err := ledger.Open(context.Background(), filepath.Join(dir, "ledger"), db)
	if err != nil {
		return err
	}
	hub, err := openFolderHub(filepath.Join(dir, "hub"))
	if err != nil {
		return err
	}
	o := Options{CommitEvery: 3 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}
	return New(hub, l, db, hub.fleet, filepath.Join(dir, "dead"), o).Run(context.Background())
}

// folderHub hands out the files of a folder, again and again until they are
// done: NAME.EPOCH.N files of a segment each, KEY.NAME of a public key.
type folderHub struct {
	fleet    company
	messages []Delivery
}

func openFolderHub(dir string) (*folderHub, error) {
	h := &folderHub{fleet: company{}}
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			return nil, err
		}
		name, _, _ := strings.Cut(f.Name(), ".")
		if agent, ok := strings.CutPrefix(f.Name(), "KEY."); ok {
			h.fleet[agent] = append(h.fleet[agent], ed25519.PublicKey(data))
			continue
		}
		node, err := subject.NewNode("site-"+name[:1], name)
		if err != nil {
			return nil, err
		}
		h.messages = append(h.messages, Delivery{
			Node: node, Data: data,
			Done:  func(context.Context) error { _, err := fmt.Println("done", f.Name()); return err },
			Again: func(time.Duration) error { return nil },
		})
	}
	return h, nil
}

func (h *folderHub) Fetch(ctx context.Context) ([]Delivery, error) {
	if ctx.Err() != nil || len(h.messages) == 0 {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	some := make([]Delivery, 1+rand.IntN(4))
	for i := range some {
		some[i] = h.messages[rand.IntN(len(h.messages))]
	}
	return some, nil
}

func (h *folderHub) Mark(_ context.Context, node subject.Node, m *wire.Mark) error {
	_, err := fmt.Println("mark", node.Agent(), hex.EncodeToString(m.Epoch), m.Committed)
	return err
}

// TestKilledAtAnyMoment kills a process under load at random moments.
// After each blow the ledger must hold what was answered and what was marked,
// each record once; at the end everything.
func TestKilledAtAnyMoment(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(4, 4))
	hub := filepath.Join(dir, "hub")
	if err := os.Mkdir(hub, 0o700); err != nil {
		t.Fatal(err)
	}
	kills := crashtest.Kills(25)
	var writers []*writer
	last := make(map[string]uint64) // the last sequence of each file
	for _, name := range []string{"kiosk-1", "kiosk-2", "till-1"} {
		w := newWriter(t, name, byte(len(writers)))
		fill(t, rng, w, 28*kills)
		writers = append(writers, w)
		for i, s := range cut(t, rng, w) {
			file := fmt.Sprintf("%s.%x.%d", name, w.epoch, i)
			seg, why := (&Ingest{fleet: company{name: {w.key.Public().(ed25519.PublicKey)}}}).open(Delivery{Node: w.node, Data: s})
			if seg == nil {
				t.Fatal(why)
			}
			last[file] = seg.Header.Last
			if err := os.WriteFile(filepath.Join(hub, file), s, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(hub, "KEY."+name), w.key.Public().(ed25519.PublicKey), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	files := len(last)
	said := make(map[string]uint64) // how far each log was said to be, by answer or mark
	answered := make(map[string]bool)
	kill := 0
	for ; len(answered) < files || kill < kills; kill++ {
		if kill > 16*kills {
			t.Fatalf("%d of %d segments answered after %d kills", len(answered), files, kill)
		}
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "INGEST_VICTIM="+dir)
		lines, blow := 0, 1+rng.IntN(80)
		crashtest.Kill(t, cmd, func() bool { return lines > blow || len(answered) == files }, func(line string) {
			lines++
			var word, what, epoch string
			var committed uint64
			fmt.Sscan(line, &word, &what, &epoch, &committed)
			if word == "done" {
				answered[what] = true
				name, _, _ := strings.Cut(what, ".")
				said[name] = max(said[name], last[what])
				os.Remove(filepath.Join(hub, what)) // as a hub does; the next process is not offered it
			} else {
				said[what] = max(said[what], committed)
			}
		})
		judgeDir(t, dir, func(w *writer) uint64 { return said[w.node.Agent()] }, writers)
	}
	judgeDir(t, dir, everything, writers)
	t.Logf("%d kills, %d segments answered, each record once", kill, files)
}

func judgeDir(t *testing.T, dir string, marks func(*writer) uint64, writers []*writer) {
	t.Helper()
	db, err := store.Open(filepath.Join(dir, "central"), nil, ledger.Schema, Schema)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l, err := ledger.Open(t.Context(), filepath.Join(dir, "ledger"), db)
	if err != nil {
		t.Fatal(err)
	}
	(&centre{db: db, ledger: l}).judge(t, marks, writers...)
}
