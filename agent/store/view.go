package store

import (
	"bytes"
	"iter"
	"runtime/debug"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// View reads the tables as of one record: all of its effects, and nothing of
// the next. It is valid inside the function it was given to. What it gives may
// be kept for ever, and not changed.
type View struct {
	s   *Store
	txs [files]*bolt.Tx
	err error // the first read that failed; after it every row is absent
}

// View calls read with a view of the tables. Its error is read's, or
// [ErrCorrupt] when a file could not be read: then rows were missing, so what
// read concluded does not count. Views do not nest, and hold up every Commit:
// nothing that takes long belongs into one.
func (s *Store) View(read func(*View) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	v := View{s: s}
	defer v.close()
	err := read(&v)
	if v.err != nil {
		s.fail(v.err)
		return v.err
	}
	return err
}

// Get gives the value of a key, nil when there is none.
func (v *View) Get(t *Table, key []byte) []byte {
	row, ok := t.pending(string(key))
	if !ok {
		row, ok = v.s.recent.get(t, key)
	}
	if !ok {
		if row = v.stored(t, key); v.err == nil {
			v.s.recent.put(t, key, row)
		}
	}
	return t.value(row, v.s.at.ms)
}

func (v *View) stored(t *Table, key []byte) (row []byte) {
	defer t.file.rescue(&v.err, debug.SetPanicOnFault(true))
	if b := v.bucket(t); b != nil {
		row = slices.Clone(b.Get(key))
	}
	return row
}

// Scan gives the rows whose key begins with prefix, in the order of keys.
func (v *View) Scan(t *Table, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		give := func(key, row []byte) bool {
			value := t.value(row, v.s.at.ms)
			return value == nil || yield(key, value)
		}
		memory := t.pendingKeys(string(prefix))
		giveBefore := func(key []byte) bool { // up to and with key; all of them when it is nil
			for ; len(memory) > 0 && (key == nil || memory[0] <= string(key)); memory = memory[1:] {
				if row, _ := t.pending(memory[0]); !give([]byte(memory[0]), row) {
					return false
				}
			}
			return true
		}
		for key, row := range v.storedFrom(t, prefix) {
			if !giveBefore(key) {
				return
			}
			if _, ok := t.pending(string(key)); !ok && !give(key, row) {
				return
			}
		}
		giveBefore(nil)
	}
}

func (v *View) storedFrom(t *Table, prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, row []byte) bool) {
		c := v.cursor(t)
		if c == nil {
			return
		}
		key, row := v.step(t.file, func() ([]byte, []byte) { return c.Seek(prefix) })
		for key != nil && bytes.HasPrefix(key, prefix) && yield(key, row) {
			key, row = v.step(t.file, c.Next)
		}
	}
}

// cursor is nil when the file has no such table yet.
func (v *View) cursor(t *Table) (c *bolt.Cursor) {
	defer t.file.rescue(&v.err, debug.SetPanicOnFault(true))
	if b := v.bucket(t); b != nil {
		c = b.Cursor()
	}
	return c
}

func (v *View) step(f *file, move func() (key, row []byte)) (key, row []byte) {
	defer f.rescue(&v.err, debug.SetPanicOnFault(true))
	if v.err == nil {
		key, row = move()
	}
	return slices.Clone(key), slices.Clone(row)
}

func (v *View) bucket(t *Table) *bolt.Bucket {
	if v.err != nil {
		return nil
	}
	tx := &v.txs[t.file.id]
	if *tx == nil {
		if *tx, v.err = t.file.db.Begin(false); v.err != nil {
			return nil
		}
	}
	return (*tx).Bucket(t.name)
}

// rescue turns what a damaged file makes of a read, a panic or a fault in its
// mapping, into an error.
func (f *file) rescue(err *error, onFault bool) {
	debug.SetPanicOnFault(onFault)
	if r := recover(); r != nil {
		*err = f.suspect(r)
	}
}

func (v *View) close() {
	for _, tx := range v.txs {
		if tx != nil {
			_ = tx.Rollback()
		}
	}
}

// Tx is the view of a record being applied, which can also write.
type Tx struct {
	View
	file *file
}

// Put writes a row; key and value stay the caller's.
func (tx *Tx) Put(t *Table, key, value []byte) { tx.set(t, key, t.row(value, tx.s.at.ms)) }

// Room is memory for a row whose value has about n bytes: who appends the value to it
// and gives it to PutRow spares a copy.
func (tx *Tx) Room(t *Table, n int) []byte { return t.room(n, tx.s.at.ms) }

// PutRow writes a row that began as Room, which is not the caller's any more; key
// stays the caller's.
func (tx *Tx) PutRow(t *Table, key, row []byte) { tx.set(t, key, row) }

// Delete removes a row if it is there.
func (tx *Tx) Delete(t *Table, key []byte) { tx.set(t, key, nil) }

func (tx *Tx) set(t *Table, key, row []byte) {
	if t.file != tx.file {
		panic("store: a deriver wrote to a table of another file, which may stand at another record")
	}
	if _, ok := t.active[string(key)]; !ok {
		tx.file.rows++
	}
	t.active[string(key)] = row
}
