package fairness

import (
	"bytes"
	"hash/maphash"
	"log/slog"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Watch counts for one node. All methods may be called at the same time.
type Watch struct {
	// immutable after New
	store *store.Store
	table *store.Table
	path  string       // of the file of windows that are not over
	seed  maphash.Seed // of persons: what stands for them means nothing elsewhere

	mu sync.Mutex
	// guarded by mu, which is taken under the store's commit lock and never before it
	book    *rulebook.Rulebook
	windows map[string][]window // by slot, then by group of book
	memory  *memory             // nil: no groups were seen
	last    map[string]*wire.Fairness
	changed bool  // windows, since they were kept
	kept    *kept // nil: there is nothing to go on with
}

// New declares the table of what was told last. Windows that are not over are kept in a
// file, by Keep.
func New(st *store.Store, path string) *Watch {
	w := &Watch{store: st, path: path, table: st.Table(store.State, "fairness", told), seed: maphash.MakeSeed(), windows: map[string][]window{}, last: map[string]*wire.Fairness{}}
	st.Register(store.State, (*deriver)(w))
	return w
}

// told is how long a window is known after a restart.
const told = 62 * 24 * time.Hour

// Seen is a recorded decision, with what its record does not say of the groups of the
// rulebook that it was made by.
type Seen struct {
	Book      *rulebook.Rulebook
	Record    *wire.Decision // with all its ids
	At        int64          // node time
	Share     []float64      // by group of items: its share of the allowed candidates
	Positions []Position
	In, Rest  uint16 // a bit a group of customers: on which side the request is
}

// Position is one of a decision's.
type Position struct {
	Groups uint16 // a bit a group of items: it is in those
	Placed bool   // by people: pinned, or out of the promoted share
	Common int64  // the gross price that everybody has
}

// Count takes in a decision, after its record. It keeps nothing of s.
func (w *Watch) Count(s *Seen) {
	if len(s.Book.Fairness) == 0 {
		return
	}
	var buffer [2]*wire.Fairness
	for _, f := range w.take(s, buffer[:0]) {
		w.tell(f)
	}
}

// take counts, and gives what there is to tell of windows that are over.
func (w *Watch) take(s *Seen, over []*wire.Fairness) []*wire.Fairness {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.follow(s.Book, s.At)
	windows, ok := w.windows[s.Record.Slot]
	if !ok {
		windows = make([]window, len(s.Book.Fairness))
		w.windows[s.Record.Slot] = windows
	}
	for k := range windows {
		if f := w.turn(&windows[k], s, k); f != nil {
			over = append(over, f)
		}
	}
	d := w.remember(s, windows)
	if !d.waits {
		w.count(d)
	}
	return over
}

// follow begins anew with another rulebook.
func (w *Watch) follow(book *rulebook.Rulebook, at int64) {
	if w.book == book {
		return
	}
	if w.book == nil || w.book.Digest != book.Digest {
		w.windows, w.memory = map[string][]window{}, newMemory()
		w.resume(book, at)
	}
	w.book = book
}

// turn ends group k's window if it is over.
func (w *Watch) turn(n *window, s *Seen, k int) (f *wire.Fairness) {
	g := &s.Book.Fairness[k]
	until := n.From + g.Window.Milliseconds()
	switch {
	case n.From == 0:
		n.From = s.At
	case s.At >= until:
		before := w.last[key(s.Record.Slot, g.ID)]
		if !of(before, s.Book) {
			before = nil
		}
		f = &wire.Fairness{Slot: s.Record.Slot, Group: g.ID, Rulebook: s.Book.Digest[:], FromMs: n.From, UntilMs: until}
		if !n.judge(g, f, before) && before.GetGroupSide() == nil {
			f = nil // nothing was told, and nothing is
		}
		*n = window{totals: totals{From: s.At}}
	}
	return f
}

// tell records what a window came to, and says what changed. A log that takes nothing
// costs what a restart would know.
func (w *Watch) tell(f *wire.Fairness) {
	w.mu.Lock()
	before := w.last[key(f.Slot, f.Group)]
	w.mu.Unlock()
	if _, err := w.store.Commit(&wire.Record{Body: &wire.Record_Fairness{Fairness: f}}, nil); err != nil {
		w.mu.Lock()
		w.last[key(f.Slot, f.Group)] = f
		w.mu.Unlock()
	}
	for _, measure := range measures {
		now, was := alarmOf(f, measure), alarmOf(before, measure)
		switch {
		case now != nil && (was == nil || was.Cause != now.Cause):
			slog.Warn("a group gets less or more than the rest", "slot", f.Slot, "group", f.Group, "measure", measure, "cause", now.Cause, "why", words(f, now))
		case now == nil && was != nil:
			slog.Info("a group gets what the rest gets again, or is too small to tell", "slot", f.Slot, "group", f.Group, "measure", measure)
		}
	}
}

func key(slot, group string) string { return slot + "\x00" + group }

// of tells whether what was told last was counted by a rulebook.
func of(f *wire.Fairness, book *rulebook.Rulebook) bool {
	return f != nil && bytes.Equal(f.Rulebook, book.Digest[:])
}

func alarmOf(f *wire.Fairness, measure string) *wire.Unfair {
	for _, u := range f.GetUnfair() {
		if u.Measure == measure {
			return u
		}
	}
	return nil
}
