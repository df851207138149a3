package loop_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/examples/internal/loop"
	"github.com/aisle-edge/aisle/examples/internal/loop/looptest"
	"github.com/aisle-edge/aisle/examples/internal/world"
	"github.com/aisle-edge/aisle/sync/item"
)

var bin string // folder of the binaries

func TestMain(m *testing.M) { looptest.Main(m, &bin) }

// sites are the two stores.
var sites = world.Sites()[:2]

// options are those of a small system in a folder of its own.
func options(t *testing.T) loop.Options {
	return loop.Options{
		Bin: bin, Var: t.TempDir(), Port: looptest.Port(t), Release: os.DirFS("../../store/release"), Scheme: item.GTIN,
		Sites: []string{sites[0].Name, sites[1].Name}, Every: time.Second, Pause: 20 * time.Millisecond, Say: t.Logf,
	}
}

// start starts a system with goods and people, which ends with the test.
func start(t *testing.T, o loop.Options) *loop.Loop {
	t.Helper()
	l, err := loop.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			said(t, o.Var)
		}
	})
	w := world.New(1)
	for i, a := range l.Agents {
		bring(t, a, "items", func(out io.Writer) error { return w.WriteItems(out, sites[i]) })
		bring(t, a, "profiles", func(out io.Writer) error { return w.WriteProfiles(out, sites[i], time.Now()) })
	}
	return l
}

func bring(t *testing.T, a *loop.Agent, kind string, write func(io.Writer) error) {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), kind+".csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Command(t.Context(), "import", kind, f.Name()); err != nil {
		t.Fatal(err)
	}
}

// said shows what the children said.
func said(t *testing.T, dir string) {
	logs, _ := filepath.Glob(filepath.Join(dir, "log", "*.log"))
	for _, path := range logs {
		b, _ := os.ReadFile(path)
		t.Logf("%s:\n%s", filepath.Base(path), b[max(0, len(b)-4000):])
	}
}

// ports finds as many free ports in a row as a system needs.

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() (bool, error)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := is()
		if ok && err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s: not within two minutes (%v)", what, err)
		}
	}
}
