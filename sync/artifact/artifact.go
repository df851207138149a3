// Package artifact moves and keeps content-addressed files: what a release
// names by SHA-256 is what a node gets, or nothing.
//
// An artifact travels as chunks of [ChunkSize] bytes (the last one may be
// shorter), each packed by package segment. A [Store] is a folder:
//
//	<digest in hex>        a whole artifact, synced before it got this name
//	<digest in hex>.part   the first whole chunks of one that is being fetched
//	<digest in hex>.new    one that is being put
//
// A crash leaves a part, which the next Fetch continues, or a .new, which GC
// removes. What is read is verified each time: bytes that do not have the digest are
// [ErrCorrupt], their file is removed and must be fetched again. What is not
// there is fs.ErrNotExist.
package artifact

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/aisle-edge/aisle/sync/segment"
)

const (
	// ChunkSize is the length of every chunk but the last, unpacked.
	ChunkSize = 256 << 10
	// MaxSize is the length of the largest artifact.
	MaxSize = segment.MaxArtifact
)

var (
	// ErrCorrupt: the bytes are not those that the digest names.
	ErrCorrupt = errors.New("artifact: wrong digest")
	// ErrSize: the artifact is larger than MaxSize.
	ErrSize = errors.New("artifact: larger than 64 MiB")
)

// Digest is the SHA-256 of an artifact, and its name.
type Digest = [sha256.Size]byte

// Chunks packs an artifact for the way, chunk by chunk.
func Chunks(data []byte) iter.Seq2[uint32, []byte] {
	return func(yield func(uint32, []byte) bool) {
		for i := uint32(0); len(data) > 0; i++ {
			n := min(ChunkSize, len(data))
			packed, err := segment.Pack(data[:n])
			if err != nil {
				panic(err) // a chunk is far below the limit
			}
			if !yield(i, packed) {
				return
			}
			data = data[n:]
		}
	}
}

// Store is a folder of artifacts. Its methods may be called from any goroutine.
type Store struct {
	dir     string
	writing sync.Mutex // one Put, Fetch or GC at a time: two would write one file
}

// Open makes the folder where there is none.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Store{dir: dir}, nil
}

func (s *Store) path(d Digest) string { return filepath.Join(s.dir, hex.EncodeToString(d[:])) }

// Put keeps data, on disk when it returns.
func (s *Store) Put(data []byte) (Digest, error) {
	d := sha256.Sum256(data)
	if len(data) > MaxSize {
		return d, fmt.Errorf("put artifact of %d bytes: %w", len(data), ErrSize)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if _, err := s.Read(d); err == nil {
		return d, nil
	}
	return d, Replace(s.path(d), data)
}

// Has tells whether there is a file for the digest; Read tells what it is worth.
func (s *Store) Has(d Digest) bool {
	_, err := os.Stat(s.path(d))
	return err == nil
}

// Read returns a verified artifact.
func (s *Store) Read(d Digest) ([]byte, error) {
	info, err := os.Stat(s.path(d))
	if err != nil {
		return nil, err
	}
	if info.Size() <= MaxSize {
		data, err := os.ReadFile(s.path(d))
		if err != nil || sha256.Sum256(data) == d {
			return data, err
		}
	}
	return nil, errors.Join(fmt.Errorf("read artifact %x: %w; it is removed and must be fetched again", d[:8], ErrCorrupt), os.Remove(s.path(d)))
}

// GC removes the artifacts that are not to be kept, and what is left of unfinished
// ones.
func (s *Store) GC(keep func(Digest) bool) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name, suffix, _ := strings.Cut(e.Name(), ".")
		raw, err := hex.DecodeString(name)
		if err != nil || len(raw) != sha256.Size || suffix != "new" && keep(Digest(raw)) {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Source gives chunk i of an artifact, packed. What it gives is not believed.
type Source interface {
	Chunk(ctx context.Context, digest Digest, i uint32) ([]byte, error)
}

// Replace makes data the content of a file in one step: after a crash it is
// the old content or the new, and it is the new once Replace has returned nil.
// The file is readable by its owner only. Meanwhile, and after a crash, there is
// a second file, path with ".new" behind it; one Replace of a path at a time.
func Replace(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes a rename durable. Windows has no such call and needs none:
// NTFS journals names.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
