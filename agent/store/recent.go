package store

import "sync"

// recent are rows as they are in the files, those that were read last: who reads a
// row to decide on a record mostly has it read again to apply that, and whoever
// stands before a screen is decided for several times. A page of a file is let go
// of sooner than that.
//
// There are two generations: what is read goes into the young one, and when that is
// full it becomes the old one, which is emptied for it.
type recent struct {
	mu         sync.Mutex // views read beside each other
	young, old map[rowKey][]byte
	size       int // bytes of the young ones
}

type rowKey struct {
	table *Table
	key   string
}

const (
	maxYoung = 2 << 20 // bytes, so that all of it stays below 4 MiB
	rowBytes = 96      // what a row takes beside its key and value
)

func (r *recent) get(t *Table, key []byte) (row []byte, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if row, ok = r.young[rowKey{t, string(key)}]; ok {
		return row, true
	}
	if row, ok = r.old[rowKey{t, string(key)}]; ok {
		r.keep(rowKey{t, string(key)}, row)
	}
	return row, ok
}

func (r *recent) put(t *Table, key []byte, row []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keep(rowKey{t, string(key)}, row)
}

func (r *recent) keep(k rowKey, row []byte) {
	if r.size > maxYoung {
		r.young, r.old, r.size = r.old, r.young, 0
		clear(r.young)
	}
	if r.young == nil {
		r.young = map[rowKey][]byte{}
	}
	r.young[k] = row
	r.size += len(k.key) + len(row) + rowBytes
}

// wrote takes rows that are in the file now in place of those that were.
func (r *recent) wrote(t *Table, rows map[string][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, row := range rows {
		k := rowKey{t, key}
		_, young := r.young[k]
		_, old := r.old[k]
		if delete(r.old, k); young || old {
			r.keep(k, row)
		}
	}
}
