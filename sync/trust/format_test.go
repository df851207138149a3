package trust

import (
	"bytes"
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/sync/wire"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The store of version 0 opens for ever, and what opens is written the same.
func TestStoreGolden(t *testing.T) {
	const golden = "testdata/store.v0"
	r := newRepo(t)
	n := newNode(t, r)
	r.list("targets", release(1, "m"))
	r.list(RefreshRole, release(2, "n"))
	r.publish()
	n.takes(r.at(), 2)
	if *update {
		if err := os.WriteFile(golden, []byte(n.disk()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if n.disk() != string(want) {
		t.Error("the store is written otherwise")
	}
	n.path = filepath.Join(t.TempDir(), "trust")
	if err := os.WriteFile(n.path, want, 0o600); err != nil {
		t.Fatal(err)
	}
	n.restart()
	if n.counter() != 2 {
		t.Errorf("release %d", n.counter())
	}
	n.takes(r.at(), 2)
}

func FuzzStore(f *testing.F) {
	for _, s := range []Files{{}, {"a": nil}, {"1.root.json": []byte("{}"), "timestamp.json": make([]byte, 300)}} {
		b := s.encode()
		f.Add(b[:len(b)-32])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := decode(b); err != nil && !errors.Is(err, ErrDamaged) {
			t.Error(err)
		}
		// With its checksum right, what is read is what would be written, or
		// is refused.
		sum := digest(b)
		got, err := decode(append(bytes.Clone(b), sum...))
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Error(err)
			}
			return
		}
		again, err := decode(got.encode())
		if err != nil || !maps.EqualFunc(got, again, bytes.Equal) {
			t.Errorf("%q became %q, %v", got, again, err)
		}
	})
}

func FuzzManifest(f *testing.F) {
	b, err := wire.AppendMessage(nil, release(1, "m"))
	if err != nil {
		f.Fatal(err)
	}
	base, err := Parse(b)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Error(err)
			}
			return
		}
		if err := OnlyModels(base, r); err != nil && !errors.Is(err, ErrNotApproved) {
			t.Error(err)
		}
	})
}

// Whatever one file is replaced by, a release that nobody signed never comes
// out.
func FuzzTrustFile(f *testing.F) {
	t := new(testing.T)
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.publish()
	old := r.at()
	r.rotate("snapshot")
	r.list("targets", release(2, "m"))
	r.list(RefreshRole, release(3, "n"))
	r.publish()
	now := r.at()
	names := []string{"2.root.json", "timestamp.json", "3.snapshot.json", "3.targets.json", "3.refresh.json",
		ManifestFile(r.targets.Signed.Targets[Target(2)].Hashes["sha256"]), ManifestFile(r.refresh.Signed.Targets[Target(3)].Hashes["sha256"])}
	for i, n := range names {
		f.Add(byte(i), now[n])
	}
	known, err := verify(f.Context(), Files{"1.root.json": r.files["1.root.json"]}, old, today)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, i byte, b []byte) {
		file := names[int(i)%len(names)]
		s, err := verify(t.Context(), known.files, altered(now, file, b), today)
		if err == nil && !bytes.Equal(s.newest.Manifest, now[names[6]]) {
			t.Errorf("%s as %q gave release %v", file, b, s.newest.Release)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	t := new(testing.T)
	r := newRepo(t)
	r.list("targets", release(1, "m"))
	r.list(RefreshRole, release(2, "n"))
	r.publish()
	o := Options{Path: filepath.Join(b.TempDir(), "trust"), Root: r.files["1.root.json"], Now: func() time.Time { return today }}
	v, err := Open(o)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := v.Refresh(b.Context(), r.at()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Open(o); err != nil {
			b.Fatal(err)
		}
	}
}
