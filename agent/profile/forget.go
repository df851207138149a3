package profile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Forget takes every part of a person out of the files, with what lies behind
// damage in them. Nothing of the person may be appended meanwhile; who appends of
// others waits for the end of a copy at most. After an error, or a crash, each file
// is as it was or without the person: the same call again does the rest.
func (r *Replay) Forget(who wire.Pseudonym) error {
	entries, err := os.ReadDir(r.dir)
	if err != nil {
		return fmt.Errorf("forget replay parts: %w", err)
	}
	for _, e := range entries {
		path := filepath.Join(r.dir, e.Name())
		if filepath.Ext(path) != ".part" { // left of a crash
			err = os.Remove(path)
		} else {
			err = r.forgetIn(path, who)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("forget replay parts: %w", err)
		}
	}
	return store.SyncFolder(r.dir)
}

// forgetIn copies what stays before it takes the lock, and under it what came
// since. The copy is synced; what came since may be lost by a crash, as any part.
func (r *Replay) forgetIn(path string, who wire.Pseudonym) error {
	from, err := os.Open(path)
	if err != nil {
		return err
	}
	defer from.Close() // and the next: once more does no harm
	to, err := os.OpenFile(path+unfinished, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer to.Close()
	c := copying{to: to, who: who}
	if err = c.copy(from); err == nil {
		err = to.Sync()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		err = c.copy(from)
	}
	info, serr := from.Stat()
	if err = errors.Join(err, serr, to.Close(), from.Close()); err != nil || c.left == 0 && c.end == info.Size() {
		return errors.Join(err, os.Remove(path+unfinished))
	}
	return r.swap(path)
}

const unfinished = ".new"

// swap puts the copy in a file's place. mu is held.
func (r *Replay) swap(path string) error {
	current := r.file != nil && r.path(r.hour) == path
	hour := r.hour
	if current {
		if err := r.let(); err != nil {
			return err
		}
	}
	if err := os.Rename(path+unfinished, path); err != nil || !current {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return errors.Join(err, f.Close())
	}
	r.file, r.hour = f, hour
	return nil
}

// copying takes the parts of all but one person from one file to another.
type copying struct {
	to    *os.File
	who   wire.Pseudonym
	begun bool
	end   int64 // of what was read
	left  int   // parts that were left out
	buf   []byte
}

// copy goes on where it ended.
func (c *copying) copy(from *os.File) error {
	if _, err := from.Seek(c.end, io.SeekStart); err != nil {
		return err
	}
	if c.end > 0 {
		end, err := scanParts(bufio.NewReaderSize(from, 64<<10), c.part)
		c.end += end
		return errors.Join(err, c.flush())
	}
	if !c.begun {
		c.buf, c.begun = le.AppendUint32([]byte(replayMagic), version), true
	}
	end, err := scan(from, c.part)
	c.end = end
	return errors.Join(err, c.flush())
}

func (c *copying) part(id [16]byte, who wire.Pseudonym, sealed []byte) error {
	if who == c.who {
		c.left++
		return nil
	}
	at := len(c.buf)
	c.buf = append(c.buf, make([]byte, 8)...)
	c.buf = append(append(append(c.buf, id[:]...), who[:]...), sealed...)
	frame(c.buf[at:])
	if len(c.buf) < 256<<10 {
		return nil
	}
	return c.flush()
}

func (c *copying) flush() error {
	_, err := c.to.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}
