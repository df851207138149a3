package artifact

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// made is an artifact that neither packs away nor repeats itself.
func made(size int) []byte {
	b := make([]byte, size)
	var seed [32]byte
	rand.NewChaCha8(seed).Read(b)
	return b
}

// shelf is a source that remembers what it was asked for, and may go wrong.
type shelf struct {
	chunks map[uint32][]byte
	wrong  func(i uint32, chunk []byte) ([]byte, error) // nil: nothing does

	mu    sync.Mutex
	asked []uint32
}

func shelve(data []byte) *shelf {
	s := &shelf{chunks: map[uint32][]byte{}}
	for i, c := range Chunks(data) {
		s.chunks[i] = c
	}
	return s
}

func (s *shelf) Chunk(_ context.Context, _ Digest, i uint32) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, i)
	c, ok := s.chunks[i]
	if !ok {
		return nil, fs.ErrNotExist
	}
	if s.wrong != nil {
		return s.wrong(i, c)
	}
	return c, nil
}

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWhatIsFetchedIsWhatWasPut(t *testing.T) {
	for _, size := range []int{0, 1, ChunkSize - 1, ChunkSize, ChunkSize + 1, 5*ChunkSize + 7} {
		data := made(size)
		node, centre := open(t, t.TempDir()), open(t, t.TempDir())
		d, err := centre.Put(data)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time there is nothing to do
			if err := node.Fetch(t.Context(), d, uint64(size), shelve(data)); err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
		}
		for _, s := range []*Store{node, centre} {
			if got, err := s.Read(d); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%d bytes: got %d, %v", size, len(got), err)
			}
			if got := files(t, s.dir); !slices.Equal(got, []string{hex.EncodeToString(d[:])}) {
				t.Errorf("%d bytes: left %v", size, got)
			}
		}
	}
}

func TestFetchContinuesWhereItWasCut(t *testing.T) {
	const n = 9
	data := made(n*ChunkSize - 100)
	d := sha256.Sum256(data)
	cut := errors.New("cut")
	for at := range uint32(n) {
		dir := t.TempDir()
		first := shelve(data)
		first.wrong = func(i uint32, c []byte) ([]byte, error) {
			if i >= at {
				return nil, cut
			}
			return c, nil
		}
		if err := open(t, dir).Fetch(t.Context(), d, uint64(len(data)), first); !errors.Is(err, cut) {
			t.Fatalf("cut at %d: %v", at, err)
		}
		again := shelve(data)
		s := open(t, dir)
		if err := s.Fetch(t.Context(), d, uint64(len(data)), again); err != nil {
			t.Fatalf("continued at %d: %v", at, err)
		}
		slices.Sort(again.asked)
		if again.asked[0] != at || len(again.asked) != n-int(at) {
			t.Errorf("cut at %d, asked again for %v", at, again.asked)
		}
		if got, err := s.Read(d); err != nil || !bytes.Equal(got, data) {
			t.Errorf("cut at %d: %v", at, err)
		}
	}
}

// Each state that a crash may leave in the folder leads to the artifact.
func TestFetchAfterACrash(t *testing.T) {
	data := made(3*ChunkSize + 11)
	d := sha256.Sum256(data)
	name := hex.EncodeToString(d[:])
	torn := bytes.Clone(data)
	clear(torn[ChunkSize:])
	states := map[string]map[string][]byte{
		"nothing":           {},
		"empty part":        {name + ".part": nil},
		"part of a chunk":   {name + ".part": data[:100]},
		"one chunk":         {name + ".part": data[:ChunkSize]},
		"in the last chunk": {name + ".part": data[:len(data)-1]},
		"whole part":        {name + ".part": data},
		"named":             {name: data},
		"torn part":         {name + ".part": torn},
		"torn and short":    {name + ".part": torn[:2*ChunkSize]},
		"part too long":     {name + ".part": append(bytes.Clone(data), 1)},
		"new file of a put": {name + ".new": data[:7]},
		"flipped on disk":   {name: flip(data, 5)},
		"truncated on disk": {name: data[:len(data)-1]},
	}
	for what, state := range states {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			for f, b := range state {
				if err := os.WriteFile(filepath.Join(dir, f), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			s := open(t, dir)
			if got, err := s.Read(d); err == nil && !bytes.Equal(got, data) {
				t.Fatal("read what it is not")
			}
			if err := s.Fetch(t.Context(), d, uint64(len(data)), shelve(data)); err != nil {
				t.Fatal(err)
			}
			if got, err := s.Read(d); err != nil || !bytes.Equal(got, data) {
				t.Errorf("%v", err)
			}
			if err := s.GC(func(Digest) bool { return true }); err != nil {
				t.Fatal(err)
			}
			if got := files(t, dir); !slices.Equal(got, []string{name}) {
				t.Errorf("left %v", got)
			}
		})
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

func TestWrongBytesAreRefused(t *testing.T) {
	data := made(2*ChunkSize + 5)
	d := sha256.Sum256(data)
	other := shelve(flip(data, ChunkSize+1))
	bomb := bytes.Repeat([]byte{0}, ChunkSize+1)
	for what, wrong := range map[string]func(uint32, []byte) ([]byte, error){
		"flipped content": func(i uint32, _ []byte) ([]byte, error) { return other.chunks[i], nil },
		"flipped on way":  func(_ uint32, c []byte) ([]byte, error) { return flip(c, len(c)/2), nil },
		"truncated":       func(_ uint32, c []byte) ([]byte, error) { return c[:len(c)-1], nil },
		"empty":           func(uint32, []byte) ([]byte, error) { return nil, nil },
		"too much":        func(uint32, []byte) ([]byte, error) { return first(Chunks(append(bomb, bomb...))), nil },
		"another chunk":   func(i uint32, _ []byte) ([]byte, error) { return shelve(data).chunks[(i+1)%2], nil },
		"endless":         func(_ uint32, c []byte) ([]byte, error) { return append(bytes.Clone(c), make([]byte, 1<<20)...), nil },
	} {
		t.Run(what, func(t *testing.T) {
			s := open(t, t.TempDir())
			src := shelve(data)
			src.wrong = wrong
			if err := s.Fetch(t.Context(), d, uint64(len(data)), src); !errors.Is(err, ErrCorrupt) {
				t.Fatalf("%v", err)
			}
			if s.Has(d) {
				t.Error("kept")
			}
			src.wrong = nil // the way is good again
			if err := s.Fetch(t.Context(), d, uint64(len(data)), src); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func first(chunks func(func(uint32, []byte) bool)) (c []byte) {
	chunks(func(_ uint32, b []byte) bool { c = b; return false })
	return c
}

func TestWrongSizeIsRefused(t *testing.T) {
	data := made(ChunkSize + 5)
	d := sha256.Sum256(data)
	s := open(t, t.TempDir())
	for _, size := range []int{0, 5, ChunkSize, len(data) - 1, len(data) + 1, 2 * ChunkSize} {
		if err := s.Fetch(t.Context(), d, uint64(size), shelve(data)); !errors.Is(err, ErrCorrupt) && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d for %d bytes: %v", size, len(data), err)
		}
		if s.Has(d) {
			t.Fatalf("%d for %d bytes: kept", size, len(data))
		}
	}
	if err := s.Fetch(t.Context(), d, MaxSize+1, shelve(data)); !errors.Is(err, ErrSize) {
		t.Errorf("over the limit: %v", err)
	}
	if _, err := s.Put(make([]byte, MaxSize+1)); !errors.Is(err, ErrSize) {
		t.Errorf("put over the limit: %v", err)
	}
}

func TestCorruptFileIsRemovedAndCanBePutAgain(t *testing.T) {
	s := open(t, t.TempDir())
	data := made(1000)
	d, err := s.Put(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range [][]byte{flip(data, 0), data[:999], append(bytes.Clone(data), 0), nil} {
		if err := os.WriteFile(s.path(d), wrong, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Read(d); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%v", err)
		}
		if _, err := s.Read(d); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("still there: %v", err)
		}
		if _, err := s.Put(data); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGCKeepsWhatIsWanted(t *testing.T) {
	s := open(t, t.TempDir())
	var all []Digest
	for i := range 5 {
		d, err := s.Put(made(100 + i))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, d)
	}
	for _, d := range all {
		os.WriteFile(s.path(d)+".part", []byte("x"), 0o600)
	}
	os.WriteFile(filepath.Join(s.dir, "not-ours"), nil, 0o600)
	if err := s.GC(func(d Digest) bool { return d == all[1] || d == all[3] }); err != nil {
		t.Fatal(err)
	}
	for i, d := range all {
		if s.Has(d) != (i == 1 || i == 3) {
			t.Errorf("artifact %d: kept %v", i, s.Has(d))
		}
	}
	if got := len(files(t, s.dir)); got != 5 {
		t.Errorf("%d files left: two artifacts, their parts and a foreign one", got)
	}
}

func TestManyFetchAtOnce(t *testing.T) {
	data := made(4*ChunkSize + 1)
	d := sha256.Sum256(data)
	s := open(t, t.TempDir())
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := s.Fetch(t.Context(), d, uint64(len(data)), shelve(data)); err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if _, err := s.Put(data); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := s.Read(d); err != nil {
		t.Error(err)
	}
}

func TestFetchStopsWithItsContext(t *testing.T) {
	data := made(6 * ChunkSize)
	ctx, cancel := context.WithCancel(t.Context())
	src := shelve(data)
	src.wrong = func(i uint32, c []byte) ([]byte, error) {
		if i == 2 {
			cancel()
		}
		return c, nil
	}
	s := open(t, t.TempDir())
	if err := s.Fetch(ctx, sha256.Sum256(data), uint64(len(data)), src); err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestReplaceLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	for i := range 3 {
		if err := Replace(path, fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	if b, _ := os.ReadFile(path); string(b) != "2" || len(files(t, dir)) != 1 {
		t.Errorf("%q, %v", b, files(t, dir))
	}
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Replace(filepath.Join(dir, "d"), nil); err == nil || len(files(t, dir)) != 2 {
		t.Errorf("a failed rename left %v, %v", files(t, dir), err)
	}
}
