package fairness

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// kept are windows that were not over, as they were written down.
type kept struct {
	book    [32]byte
	windows map[string]totals
}

const version = 0

var rowSize = binary.Size(totals{})

// Keep writes down the sums of windows that are not over, if they changed. What they
// are of is durable in the log first, so that no decision is in them that could be
// made again.
func (w *Watch) Keep() error {
	b := w.write()
	if b == nil {
		return nil
	}
	err := w.store.Sync(context.Background(), w.store.Stats().Applied)
	if err == nil {
		err = store.Replace(w.path, func(f *os.File) error {
			_, err := f.Write(b)
			return err
		})
	}
	if err != nil {
		w.mu.Lock()
		w.changed = true
		w.mu.Unlock()
		return fmt.Errorf("keep what groups got: %w", err)
	}
	return nil
}

// write gives the file, nil if nothing changed. It lets decisions go on between windows.
func (w *Watch) write() []byte {
	w.mu.Lock()
	book, changed, slots := w.book, w.changed, slices.Sorted(maps.Keys(w.windows))
	w.changed = false
	w.mu.Unlock()
	if !changed {
		return nil
	}
	b := append([]byte{version}, book.Digest[:]...)
	for _, slot := range slots {
		for k := range book.Fairness {
			if t, ok := w.sums(book, slot, k); ok {
				name := key(slot, book.Fairness[k].ID)
				b = append(binary.LittleEndian.AppendUint16(b, uint16(len(name))), name...)
				b, _ = binary.Append(b, binary.LittleEndian, &t) // of a fixed size
			}
		}
	}
	return binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b))
}

// sums are those of a window which may be kept: nothing of few customers.
func (w *Watch) sums(book *rulebook.Rulebook, slot string, k int) (t totals, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.book.Digest != book.Digest || w.windows[slot] == nil {
		return t, false
	}
	n, g := &w.windows[slot][k], &book.Fairness[k]
	if n.From == 0 || !g.OfItems() && !(n.enough(g, group) && n.enough(g, rest)) {
		return t, false
	}
	t = n.totals
	if !t.Side[unknown].Enough {
		t.Side[unknown] = side{}
	}
	t.Persons, t.Items = t.Persons.past(&n.persons), t.Items.past(&n.items)
	return t, true
}

// read takes in what was kept. Without it, or where it can't be read, windows begin anew.
func (w *Watch) read() {
	b, err := os.ReadFile(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if err == nil {
		w.kept, err = parse(b)
	}
	if err != nil {
		slog.Warn("what groups got since the last full window is lost; they are counted anew", "file", w.path, "err", err)
	}
}

var errKept = errors.New("not as it was written")

func parse(b []byte) (*kept, error) {
	end := len(b) - 8
	if end < 0 || binary.LittleEndian.Uint64(b[end:]) != xxhash.Sum64(b[:end]) {
		return nil, errKept
	}
	return unpack(b[:end])
}

func unpack(b []byte) (*kept, error) {
	if len(b) < 33 || b[0] != version {
		return nil, errKept
	}
	k := &kept{book: [32]byte(b[1:]), windows: map[string]totals{}}
	for b = b[33:]; len(b) > 0; {
		if len(b) < 2 {
			return nil, errKept
		}
		n := int(binary.LittleEndian.Uint16(b))
		if len(b) < 2+n+rowSize {
			return nil, errKept
		}
		var t totals
		if _, err := binary.Decode(b[2+n:], binary.LittleEndian, &t); err != nil {
			return nil, errKept
		}
		k.windows[string(b[2:2+n])], b = t, b[2+n+rowSize:]
	}
	return k, nil
}

// resume goes on with the windows that were kept, but those that were told since.
func (w *Watch) resume(book *rulebook.Rulebook, at int64) {
	k := w.kept
	if w.kept = nil; k == nil || !bytes.Equal(k.book[:], book.Digest[:]) {
		return
	}
	for name, t := range k.windows {
		slot, id, _ := strings.Cut(name, "\x00")
		g := slices.IndexFunc(book.Fairness, func(g rulebook.Group) bool { return g.ID == id })
		if f := w.last[name]; g < 0 || t.From > at || of(f, book) && f.UntilMs > t.From {
			continue
		}
		if w.windows[slot] == nil {
			w.windows[slot] = make([]window, len(book.Fairness))
		}
		w.windows[slot][g].totals = t
	}
}
