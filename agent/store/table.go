package store

import (
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// File is one of the bbolt files, each with a life of its own.
type File uint8

const (
	State File = iota
	Profiles
	Catalogue
	files // how many there are
)

// Table is an ordered set of rows in one file.
type Table struct {
	// immutable
	file *file
	name []byte
	keep int64 // milliseconds a row lives from when it was written; 0: for ever

	// guarded by Store.mu; a nil row is a deleted one
	active map[string][]byte // since the last freeze
	frozen map[string][]byte // being written to the file, and not changed any more
	spare  map[string][]byte // empty, the memory of the next active; or nil

	// guarded by Store.flushing
	swept []byte // where the next sweep begins
}

// Table declares a table, before Recover. A row lives for keep from the node
// time of the record that wrote it; 0 is for ever. Another keep at the next
// start applies to the rows that are there.
func (s *Store) Table(f File, name string, keep time.Duration) *Table {
	t := &Table{file: s.files[f], name: []byte(name), keep: keep.Milliseconds(), active: map[string][]byte{}}
	t.file.tables = append(t.file.tables, t)
	return t
}

// stamp is the length of the time before a value in a table whose rows expire.
const stamp = 8

func (t *Table) row(value []byte, ms int64) []byte {
	return append(t.room(len(value), ms), value...)
}

// room is a row without its value, and where that goes.
func (t *Table) room(n int, ms int64) []byte {
	if t.keep == 0 {
		return make([]byte, 0, n)
	}
	return binary.BigEndian.AppendUint64(make([]byte, 0, stamp+n), uint64(ms))
}

// value is what of a row is visible at ms: nil when it is deleted or expired.
func (t *Table) value(row []byte, ms int64) []byte {
	switch {
	case row == nil || t.keep == 0:
		return row
	case t.expired(row, ms):
		return nil
	}
	return row[stamp:]
}

func (t *Table) expired(row []byte, ms int64) bool {
	return t.keep > 0 && (len(row) < stamp || int64(binary.BigEndian.Uint64(row))+t.keep <= ms)
}

// freeze sets the active rows apart. Whoever has none lets go of spare memory.
func (t *Table) freeze() {
	if len(t.active) == 0 {
		t.spare = nil
		return
	}
	t.frozen, t.active, t.spare = t.active, t.spare, nil
	if t.active == nil {
		t.active = map[string][]byte{}
	}
}

// thaw lets go of the frozen rows.
func (t *Table) thaw() {
	clear(t.frozen)
	t.frozen, t.spare = nil, t.frozen
}

// pending is the row as memory has it, and whether memory knows of it at all.
func (t *Table) pending(key string) (row []byte, ok bool) {
	if row, ok = t.active[key]; !ok {
		row, ok = t.frozen[key]
	}
	return row, ok
}

// pendingKeys are the keys memory knows of, in order.
func (t *Table) pendingKeys(prefix string) []string {
	var keys []string
	for _, rows := range []map[string][]byte{t.frozen, t.active} {
		for key := range rows {
			if strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}
