package outbox

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/segment"
)

const secret = "PLANTED-MARKER"

func forget(p []byte) []byte {
	if bytes.Contains(p, []byte(secret)) {
		return []byte("erased")
	}
	return nil
}

// plant appends records of which each second holds the secret.
func (n *node) plant(count int) {
	n.t.Helper()
	for i := range count {
		p := fmt.Sprintf("%d of many", len(n.said)+1)
		if i%2 == 0 {
			p += secret
		}
		if _, err := n.log.Append(journal.Routine, []byte(p)); err != nil {
			n.t.Fatal(err)
		}
		n.said = append(n.said, p)
	}
	n.sync()
}

// kept counts the records with the secret in sealed segments, and the segments.
func (n *node) kept() (secrets, segments, revised int) {
	n.t.Helper()
	for _, path := range n.files("*") {
		b, err := os.ReadFile(path)
		if err != nil {
			n.t.Fatal(err)
		}
		s, err := segment.Open(b, key.Public().(ed25519.PublicKey))
		if err != nil {
			n.t.Fatal(path, err)
		}
		segments++
		if s.Header.Revision > 0 {
			revised++
		}
		for _, p := range s.Records() {
			secrets += bytes.Count(p, []byte(secret))
		}
	}
	return secrets, segments, revised
}

func (n *node) erase() {
	n.t.Helper()
	err := n.log.Rewrite(n.t.Context(), n.log.Last(), func(_ uint64, p []byte) []byte { return forget(p) })
	if err == nil {
		err = n.box.Rewrite(n.t.Context(), forget)
	}
	if err != nil {
		n.t.Fatal(err)
	}
	for i, p := range n.said {
		if strings.Contains(p, secret) {
			n.said[i] = "erased"
		}
	}
}

// TestRewrittenIsResealed: what is confirmed, waits, is under way or was only
// collected when records are rewritten is kept and sent rewritten, as a revision.
func TestRewrittenIsResealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, 1)
		n := newNode(t, h, config())
		n.plant(10)
		sleep(6 * time.Second)
		n.confirm() // one is done
		h.change(func() {
			h.fate = func(*hub) (int, time.Duration, error) { return 0, 9 * time.Second, errLost }
		})
		n.plant(10)
		sleep(6 * time.Second) // one is under way, and will be lost
		n.plant(10)
		sleep(time.Second) // these are collected
		if secrets, segments, _ := n.kept(); secrets != 10 || segments != 2 {
			t.Fatalf("%d secrets in %d segments before", secrets, segments)
		}
		n.erase()
		if secrets, segments, revised := n.kept(); secrets != 0 || segments != 2 || revised != 2 {
			t.Errorf("%d secrets in %d segments, %d of them revised", secrets, segments, revised)
		}
		h.change(func() {
			h.fate = well
			clear(h.rows[n.log.Epoch()]) // the oracle of this test is what comes from now on
			for seq := range uint64(10) {
				h.rows[n.log.Epoch()][seq+1] = row{said: n.said[seq]}
			}
		})
		n.restart()
		sleep(time.Minute)
		n.confirm()
		n.arrived()
		if secrets, _, _ := n.kept(); secrets != 0 {
			t.Errorf("%d secrets were sealed since", secrets)
		}
		if s := n.box.Stats(); s.Waiting+s.Stored != 0 || s.Confirmed != n.log.Last() {
			t.Errorf("%+v", s)
		}
		sleep(25 * time.Hour)
		if done := n.files("*.done"); len(done) > 1 {
			t.Errorf("resealing kept %v longer", done)
		}
	})
}

// TestTheHighestRevisionCounts: a crash may leave a segment beside its next
// revision.
func TestTheHighestRevisionCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHub(t, 1)
		h.fate = away
		n := newNode(t, h, config())
		n.plant(10)
		sleep(6 * time.Second)
		was := n.files("*.seg")
		b, err := os.ReadFile(was[0])
		if err != nil || len(was) != 1 {
			t.Fatal(was, err)
		}
		n.erase()
		n.stop()
		if err := os.WriteFile(was[0], b, 0o600); err != nil {
			t.Fatal(err)
		}
		n.start()
		if now := n.files("*.seg"); len(now) != 1 || filepath.Base(now[0]) == filepath.Base(was[0]) {
			t.Errorf("%v are left", now)
		}
		h.change(func() { h.fate = well })
		sleep(time.Minute)
		n.arrived()
	})
}
