package rollout

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

var today = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

// shelf is a hub: what is put there is there at once. It may fail at a step.
type shelf struct {
	mu     sync.Mutex
	files  trust.Files
	chunks map[artifact.Digest]map[uint32][]byte
	steps  int
	fail   func(step int, what string) error // nil: never
	after  func(what string)                 // nil: nothing; called with the step done
}

func newShelf() *shelf {
	return &shelf{files: trust.Files{}, chunks: map[artifact.Digest]map[uint32][]byte{}}
}

func (s *shelf) step(what string, do func()) error {
	s.mu.Lock()
	s.steps++
	if s.fail != nil {
		if err := s.fail(s.steps, what); err != nil {
			s.mu.Unlock()
			return err
		}
	}
	do()
	s.mu.Unlock()
	if s.after != nil {
		s.after(what)
	}
	return nil
}

func (s *shelf) PutChunk(_ context.Context, d artifact.Digest, i uint32, chunk []byte) error {
	return s.step("chunk", func() {
		if s.chunks[d] == nil {
			s.chunks[d] = map[uint32][]byte{}
		}
		s.chunks[d][i] = chunk
	})
}

func (s *shelf) PutFile(_ context.Context, name string, data []byte) error {
	return s.step(name, func() { s.files[name] = data })
}

func (s *shelf) Sweep(_ context.Context, keepArtifact func(artifact.Digest) bool, keepFile func(string) bool) error {
	return s.step("sweep", func() {
		for d := range s.chunks {
			if !keepArtifact(d) {
				delete(s.chunks, d)
			}
		}
		for n := range s.files {
			if !keepFile(n) {
				delete(s.files, n)
			}
		}
	})
}

func (s *shelf) File(ctx context.Context, name string, limit int) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.files.File(ctx, name, limit)
}

func (s *shelf) Chunk(_ context.Context, d artifact.Digest, i uint32) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, ok := s.chunks[d][i]; ok {
		return b, nil
	}
	return nil, fs.ErrNotExist
}

// centre is a repository with its folders, clock and hub.
type centre struct {
	*Repository
	t   *testing.T
	cfg Config
	hub *shelf
	now time.Time
}

func newCentre(t *testing.T) *centre {
	c := &centre{t: t, hub: newShelf(), now: today}
	dir := t.TempDir()
	c.cfg = Config{Dir: filepath.Join(dir, "rollout"), Keys: filepath.Join(dir, "keys"), Publisher: c.hub, Now: func() time.Time { return c.now }}
	if err := CreateKeys(c.cfg.Keys); err != nil {
		t.Fatal(err)
	}
	c.restart()
	return c
}

func (c *centre) restart() {
	c.t.Helper()
	r, err := Open(c.cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.Repository = r
}

// made is a release with a rule file and a model, and its artifacts.
func made(counter uint64, rules, model string) ([]byte, [][]byte) {
	sum := func(s string) []byte { d := sha256.Sum256([]byte(s)); return d[:] }
	b, err := wire.AppendMessage(nil, &wire.Release{Counter: counter, MinCounter: 1, Artifacts: []*wire.Artifact{
		{Name: "rules.yaml", Digest: sum(rules), Size: uint64(len(rules))},
		{Name: "model/home", Digest: sum(model), Size: uint64(len(model))},
	}})
	if err != nil {
		panic(err)
	}
	return b, [][]byte{[]byte(rules), []byte(model)}
}

func (c *centre) publish(role Role, counter uint64, rules, model string) {
	c.t.Helper()
	b, parts := made(counter, rules, model)
	if err := c.Publish(c.t.Context(), role, b, parts...); err != nil {
		c.t.Fatal(err)
	}
}

// node is the other end: a verifier and a store of artifacts.
type node struct {
	*trust.Verifier
	store *artifact.Store
	t     *testing.T
}

func (c *centre) node() *node {
	c.t.Helper()
	return c.nodeWith(c.Root())
}

func (c *centre) nodeWith(root []byte) *node {
	c.t.Helper()
	v, err := trust.Open(trust.Options{Path: filepath.Join(c.t.TempDir(), "trust"), Root: root, Now: func() time.Time { return c.now }})
	if err != nil {
		c.t.Fatal(err)
	}
	s, err := artifact.Open(c.t.TempDir())
	if err != nil {
		c.t.Fatal(err)
	}
	return &node{v, s, c.t}
}

// installs fetches the newest release whole and gives its counter and model.
func (n *node) installs(from *shelf) (uint64, string, error) {
	c, err := n.Refresh(n.t.Context(), from)
	if err != nil {
		return 0, "", err
	}
	var model []byte
	for _, a := range c.Release.Artifacts {
		d := artifact.Digest(a.Digest)
		if err := n.store.Fetch(n.t.Context(), d, a.Size, from); err != nil {
			return 0, "", err
		}
		if model, err = n.store.Read(d); err != nil {
			return 0, "", err
		}
	}
	return c.Release.Counter, string(model), nil
}

func (n *node) expect(from *shelf, counter uint64, model string) {
	n.t.Helper()
	got, m, err := n.installs(from)
	if err != nil || got != counter || m != model {
		n.t.Fatalf("installed %d with %q, %v; want %d with %q", got, m, err, counter, model)
	}
}

func TestNodesTakeWhatIsPublished(t *testing.T) {
	c := newCentre(t)
	n := c.node()
	if full, last, err := c.Newest(); full != nil || last != nil || err != nil {
		t.Errorf("before the first: %v, %v, %v", full, last, err)
	}
	c.publish(Full, 1, "rules", "m1")
	n.expect(c.hub, 1, "m1")
	c.publish(Refresh, 2, "rules", "m2")
	n.expect(c.hub, 2, "m2")
	c.publish(Full, 3, "rules, newer", "m2")
	n.expect(c.hub, 3, "m2")
	c.restart()
	c.publish(Refresh, 4, "rules, newer", "m4")
	n.expect(c.hub, 4, "m4")
	full, last, err := c.Newest()
	if full.GetCounter() != 3 || last.GetCounter() != 4 || err != nil {
		t.Errorf("newest: %v, %v, %v", full, last, err)
	}
	c.node().expect(c.hub, 4, "m4")
}

func TestOnlyWhatNodesTakeIsSigned(t *testing.T) {
	c := newCentre(t)
	try := func(role Role, class error, manifest []byte, parts ...[]byte) {
		t.Helper()
		before, _ := os.ReadFile(c.path)
		if err := c.Publish(t.Context(), role, manifest, parts...); !errors.Is(err, class) {
			t.Errorf("got %v, want %v", err, class)
		}
		if after, _ := os.ReadFile(c.path); !bytes.Equal(before, after) {
			t.Error("a refusal was signed")
		}
	}
	first, parts := made(5, "rules", "m")
	try(Refresh, trust.ErrNotApproved, first, parts...)
	try(Full, ErrArtifact, first, parts[0])
	try(Full, trust.ErrMalformed, []byte("x"))
	wrong, err := wire.AppendMessage(nil, &wire.Release{Counter: 5, Artifacts: []*wire.Artifact{{Name: "a", Digest: first[:32], Size: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	try(Full, ErrArtifact, wrong)
	sum := sha256.Sum256(parts[0])
	wrong, _ = wire.AppendMessage(nil, &wire.Release{Counter: 5, Artifacts: []*wire.Artifact{{Name: "a", Digest: sum[:], Size: 1}}})
	try(Full, ErrArtifact, wrong, parts[0])

	c.publish(Full, 5, "rules", "m")
	same, parts := made(5, "rules", "other")
	try(Full, ErrCounter, same, parts...)
	lower, parts := made(4, "rules", "m")
	try(Full, ErrCounter, lower, parts...)
	more, parts := made(6, "other rules", "m")
	try(Refresh, trust.ErrNotApproved, more, parts...)
	if err := c.Publish(t.Context(), "other", more, parts...); err == nil {
		t.Error("signed by a role that there is not")
	}
	// The same again is no fault, and signs nothing.
	before, _ := os.ReadFile(c.path)
	c.publish(Full, 5, "rules", "m")
	if after, _ := os.ReadFile(c.path); !bytes.Equal(before, after) {
		t.Error("the same release was signed twice")
	}
	c.node().expect(c.hub, 5, "m")
}

// Wherever the way to the hub breaks, or the process dies, a node sees the old
// release or the new one, whole; and what was signed comes out afterwards.
func TestPublishCutAnywhere(t *testing.T) {
	for role, rules := range map[Role]string{Full: "rules, newer", Refresh: "rules"} {
		for cut := 1; ; cut++ {
			c := newCentre(t)
			c.publish(Full, 1, "rules", "m1")
			n, late := c.node(), c.node()
			n.expect(c.hub, 1, "m1")
			b, parts := made(2, rules, strings.Repeat("m2", artifact.ChunkSize)) // two chunks
			broken := errors.New("broken")
			first := c.hub.steps
			c.hub.fail = func(step int, _ string) error {
				if step-first >= cut {
					return broken
				}
				return nil
			}
			c.hub.after = func(what string) {
				if got, _, err := n.installs(c.hub); err != nil || got != 1 && got != 2 || got == 2 && what != timestamp && what != "sweep" {
					t.Errorf("cut %d, after %s: a node installs %d, %v", cut, what, got, err)
				}
			}
			err := c.Publish(t.Context(), role, b, parts...)
			c.hub.after = nil
			if err == nil {
				if cut < 8 {
					t.Errorf("only %d steps", cut)
				}
				break // there was no such step
			}
			if !errors.Is(err, ErrNotPushed) || !errors.Is(err, broken) {
				t.Fatal(err)
			}
			c.hub.fail = nil
			c.restart() // the process died there
			if err := c.Push(t.Context()); err != nil {
				t.Fatal(err)
			}
			for _, n := range []*node{n, late, c.node()} {
				n.expect(c.hub, 2, string(parts[1]))
			}
			c.publish(Refresh, 3, rules, "m3")
			n.expect(c.hub, 3, "m3")
		}
	}
}

// Before the state is written nothing has happened, after it the release is out.
func TestCrashAroundTheCommit(t *testing.T) {
	crash := errors.New("crash")
	for _, saved := range []bool{false, true} {
		c := newCentre(t)
		c.publish(Full, 1, "rules", "m1")
		n := c.node()
		c.save = func(f trust.Files, path string) error {
			if saved {
				f.Save(path)
			}
			return crash
		}
		b, parts := made(2, "rules", "m2")
		if err := c.Publish(t.Context(), Full, b, parts...); !errors.Is(err, crash) {
			t.Fatal(err)
		}
		c.restart()
		if err := c.Push(t.Context()); err != nil {
			t.Fatal(err)
		}
		if saved {
			n.expect(c.hub, 2, "m2")
		} else {
			n.expect(c.hub, 1, "m1")
		}
		c.publish(Full, 2, "rules", "m2") // the caller tries again
		n.expect(c.hub, 2, "m2")
	}
}

func TestRotationIsFollowed(t *testing.T) {
	c := newCentre(t)
	c.publish(Full, 1, "rules", "m1")
	first := c.Root()
	old, n := c.nodeWith(first), c.node()
	n.expect(c.hub, 1, "m1")
	counter := uint64(1)
	for range 2 {
		for _, role := range roles {
			if err := c.Rotate(t.Context(), role); err != nil {
				t.Fatalf("%s: %v", role, err)
			}
			n.expect(c.hub, counter, fmt.Sprint("m", counter))
			c.restart()
			counter++
			c.publish(Refresh, counter, "rules", fmt.Sprint("m", counter))
			n.expect(c.hub, counter, fmt.Sprint("m", counter))
		}
	}
	old.expect(c.hub, counter, fmt.Sprint("m", counter)) // from the first root, through all of them
	if bytes.Equal(first, c.Root()) {
		t.Error("nodes that enrol now get an old root")
	}
	if err := c.Rotate(t.Context(), "nobody"); err == nil {
		t.Error("rotated a role that there is not")
	}
}

// A thief of the old keys gets no further once they were replaced.
func TestOldKeysAreWorthless(t *testing.T) {
	c := newCentre(t)
	c.publish(Full, 1, "rules", "m1")
	n := c.node()
	thief := newShelf()
	stolen := c.cfg
	stolen.Dir, stolen.Publisher = t.TempDir(), thief
	state, _ := os.ReadFile(c.path)
	os.WriteFile(filepath.Join(stolen.Dir, "repository"), state, 0o600)
	r, err := Open(stolen)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Rotate(t.Context(), "targets"); err != nil {
		t.Fatal(err)
	}
	n.expect(c.hub, 1, "m1")
	for i := range uint64(3) { // until its versions are above ours
		b, parts := made(2+i, "stolen", "m2")
		if err := r.Publish(t.Context(), Full, b, parts...); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := n.installs(thief); !errors.Is(err, trust.ErrSignature) {
		t.Errorf("%v", err)
	}
}

func TestFreshnessIsKept(t *testing.T) {
	c := newCentre(t)
	c.publish(Full, 1, "rules", "m1")
	n := c.node()
	n.expect(c.hub, 1, "m1")
	for range 800 { // half a day each: over a year
		c.now = c.now.Add(12 * time.Hour)
		if err := c.renew(); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.expect(c.hub, 1, "m1")
	if len(c.hub.files) > 20 {
		t.Errorf("%d files lie at the hub", len(c.hub.files))
	}
	state := c.state()
	if err := c.renew(); err != nil {
		t.Fatal(err)
	}
	if len(state) != len(c.state()) || !bytes.Equal(state[timestamp], c.state()[timestamp]) {
		t.Error("signed anew without need")
	}
}

// Years of releases leave no more behind than those that are listed.
func TestOldReleasesAreSweptAway(t *testing.T) {
	c := newCentre(t)
	n := c.node()
	counter := uint64(0)
	for range 3 * kept {
		counter++
		c.publish(Full, counter, fmt.Sprint("rules", counter), fmt.Sprint("model", counter))
		counter++
		c.publish(Refresh, counter, fmt.Sprint("rules", counter-1), fmt.Sprint("model", counter))
	}
	n.expect(c.hub, counter, fmt.Sprint("model", counter))
	if got, most := len(c.hub.chunks), 4*kept; got > most {
		t.Errorf("%d artifacts at the hub", got)
	}
	if got, most := len(c.hub.files), 2*kept+20; got > most {
		t.Errorf("%d files at the hub", got)
	}
	kept, err := os.ReadDir(filepath.Join(c.cfg.Dir, "artifacts"))
	if err != nil || len(kept) > len(c.hub.chunks) {
		t.Errorf("%d artifacts here, %v", len(kept), err)
	}
}

func TestHubThatLostEverythingGetsItAgain(t *testing.T) {
	c := newCentre(t)
	c.publish(Full, 1, "rules", "m1")
	c.publish(Refresh, 2, "rules", "m2")
	c.hub.files, c.hub.chunks = trust.Files{}, map[artifact.Digest]map[uint32][]byte{}
	c.restart()
	if err := c.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.node().expect(c.hub, 2, "m2")
}

// A centre whose clock ran ahead and was set right must not sign what every
// node takes for long expired.
func TestClockSetRightAgain(t *testing.T) {
	c := newCentre(t)
	n := c.node()
	c.now = today.AddDate(2, 0, 0)
	if err := c.renew(); err != nil {
		t.Fatal(err)
	}
	c.publish(Full, 1, "rules", "m1")
	n.expect(c.hub, 1, "m1")
	c.now = today
	c.publish(Full, 2, "rules", "m2")
	n.expect(c.hub, 2, "m2")
}

func TestKeysAreKeptPrivate(t *testing.T) {
	c := newCentre(t)
	files, _ := filepath.Glob(filepath.Join(c.cfg.Keys, "*.pem"))
	if len(files) != len(roles) {
		t.Fatalf("%d keys", len(files))
	}
	if err := CreateKeys(c.cfg.Keys); err != nil {
		t.Fatal(err)
	}
	if again, _ := filepath.Glob(filepath.Join(c.cfg.Keys, "*.pem")); len(again) != len(files) {
		t.Error("made keys anew")
	}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", f, info.Mode())
		}
	}
	if runtime.GOOS != "windows" {
		os.Chmod(files[0], 0o644)
		if _, err := Open(c.cfg); err == nil {
			t.Error("took a key that others may read")
		}
		os.Chmod(files[0], 0o600)
	}
	good, _ := os.ReadFile(files[0])
	for _, bad := range [][]byte{nil, []byte("x"), good[:len(good)/2]} {
		os.WriteFile(files[0], bad, 0o600)
		if _, err := Open(c.cfg); err == nil {
			t.Errorf("took %.20q for a key", bad)
		}
	}
}

// A key that is kept elsewhere: its role can't sign, the others go on.
func TestKeyKeptElsewhere(t *testing.T) {
	c := newCentre(t)
	c.publish(Full, 1, "rules", "m1")
	for _, role := range []string{"root", "targets"} {
		files, _ := filepath.Glob(filepath.Join(c.cfg.Keys, role+"-*.pem"))
		for _, f := range files {
			os.Remove(f)
		}
	}
	c.restart()
	b, parts := made(2, "rules", "m2")
	if err := c.Publish(t.Context(), Full, b, parts...); !errors.Is(err, ErrNoKey) {
		t.Errorf("%v", err)
	}
	c.publish(Refresh, 2, "rules", "m2")
	c.now = c.now.Add(200 * 24 * time.Hour)
	if err := c.renew(); err != nil { // targets is past its half, and can't be helped
		t.Fatal(err)
	}
	if err := c.Push(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.node().expect(c.hub, 2, "m2")
	cfg := c.cfg
	cfg.Dir = t.TempDir()
	if _, err := Open(cfg); !errors.Is(err, ErrNoKey) {
		t.Errorf("founded without a root: %v", err)
	}
}

func TestDamagedStateIsNotBegunAnew(t *testing.T) {
	c := newCentre(t)
	b, _ := os.ReadFile(c.path)
	os.WriteFile(c.path, b[:len(b)-1], 0o600)
	if _, err := Open(c.cfg); !errors.Is(err, trust.ErrDamaged) {
		t.Errorf("%v", err)
	}
}

// Run brings out what could not be pushed, and keeps signing.
func TestRunTriesUntilTheHubIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCentre(t)
		start := time.Now()
		c.cfg.Now = func() time.Time { return today.Add(time.Since(start)) }
		c.restart()
		away := errors.New("away")
		c.hub.fail = func(int, string) error { return away }
		b, parts := made(1, "rules", "m1")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.Run(ctx) }()
		if err := c.Publish(ctx, Full, b, parts...); !errors.Is(err, ErrNotPushed) {
			t.Error(err)
		}
		<-time.After(time.Hour) // of the bubble's time
		c.hub.mu.Lock()
		if c.hub.steps > 200 {
			t.Errorf("%d tries in an hour", c.hub.steps)
		}
		c.hub.fail = nil
		c.hub.mu.Unlock()
		<-time.After(2 * time.Minute)
		c.now = c.cfg.Now()
		c.node().expect(c.hub, 1, "m1")
		for range 60 {
			<-time.After(24 * time.Hour)
			c.now = c.cfg.Now()
			c.node().expect(c.hub, 1, "m1")
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
