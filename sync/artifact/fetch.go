package artifact

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/aisle-edge/aisle/sync/segment"
)

// window is how many chunks are asked for at once.
const window = 4

// Fetch gets an artifact of size bytes from a source, continuing where an
// earlier Fetch was cut off. Once it returns nil the artifact is verified, on
// disk, and Has it. The errors of the source come through; bytes that turn out
// wrong are ErrCorrupt.
func (s *Store) Fetch(ctx context.Context, d Digest, size uint64, from Source) error {
	if size > MaxSize {
		return fmt.Errorf("fetch artifact of %d bytes: %w", size, ErrSize)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if b, err := s.Read(d); err == nil && uint64(len(b)) == size {
		return nil
	}
	resumed, err := s.fetch(ctx, d, int(size), from)
	if resumed && errors.Is(err, ErrCorrupt) {
		// A power cut may have torn the part we continued. Begin anew, once.
		if err := os.Remove(s.path(d) + ".part"); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		_, err = s.fetch(ctx, d, int(size), from)
	}
	if err != nil {
		return fmt.Errorf("fetch artifact %x: %w", d[:8], err)
	}
	return nil
}

// fetch completes the part and gives it its name. It tells whether there was
// something to continue.
func (s *Store) fetch(ctx context.Context, d Digest, size int, from Source) (resumed bool, err error) {
	part := s.path(d) + ".part"
	f, err := os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return false, err
	}
	defer f.Close()
	sum := sha256.New()
	have, err := resume(f, size, sum)
	if err != nil {
		return have > 0, err
	}
	out := io.MultiWriter(f, sum)
	err = pull(ctx, d, have, size, from, func(b []byte) error {
		_, err := out.Write(b)
		return err
	})
	if err != nil {
		return have > 0, err // the part stays for the next time
	}
	if Digest(sum.Sum(nil)) != d {
		f.Close()
		return have > 0, errors.Join(ErrCorrupt, os.Remove(part))
	}
	if err := f.Sync(); err != nil {
		return have > 0, err
	}
	if err := f.Close(); err != nil { // before the rename: Windows insists
		return have > 0, err
	}
	if err := os.Rename(part, s.path(d)); err != nil {
		return have > 0, err
	}
	return have > 0, syncDir(filepath.Dir(part))
}

// resume cuts a part down to whole chunks, hashes them, and leaves the file
// positioned behind them.
func resume(f *os.File, size int, sum hash.Hash) (have int, err error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() <= int64(size) {
		have = int(info.Size()) / ChunkSize * ChunkSize
	}
	if err := f.Truncate(int64(have)); err != nil {
		return have, err
	}
	_, err = io.Copy(sum, f)
	return have, err
}

// pull asks for the chunks behind have, a few at a time, and writes them in
// order.
func pull(ctx context.Context, d Digest, have, size int, from Source, write func([]byte) error) error {
	var calls sync.WaitGroup
	defer calls.Wait() // the source is not called once Fetch has returned
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		chunk []byte
		err   error
	}
	asked := make(chan chan answer, window-1)
	calls.Go(func() {
		defer close(asked)
		for at := have; at < size; at += ChunkSize {
			c := make(chan answer, 1)
			select {
			case <-ctx.Done():
				return
			case asked <- c:
			}
			calls.Go(func() {
				b, err := chunk(ctx, d, at, size, from)
				c <- answer{b, err}
			})
		}
	})
	for c := range asked {
		a := <-c
		if a.err != nil {
			return a.err
		}
		if err := write(a.chunk); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// chunk gets and unpacks the one that begins at an offset.
func chunk(ctx context.Context, d Digest, at, size int, from Source) ([]byte, error) {
	i := at / ChunkSize
	packed, err := from.Chunk(ctx, d, uint32(i))
	if err != nil {
		return nil, fmt.Errorf("chunk %d: %w", i, err)
	}
	b, err := segment.Unpack(packed, int64(min(ChunkSize, size-at)))
	if err != nil {
		return nil, fmt.Errorf("chunk %d: %w: %w", i, ErrCorrupt, err)
	}
	return b, nil
}
