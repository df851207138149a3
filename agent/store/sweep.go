package store

import (
	"runtime/debug"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// sweep is how many rows of a table a flush looks at for expired ones: few, so
// that what it frees always fits the reserve.
const sweep = 256

// expired gives some expired rows of the file, going round. They have been
// invisible since they expired, so deleting them changes no View. The time is
// that of the last record in the file: what a replay would still see stays.
func (f *file) expired() (rows map[*Table][][]byte, err error) {
	defer f.rescue(&err, debug.SetPanicOnFault(true))
	rows = map[*Table][][]byte{}
	err = f.db.View(func(tx *bolt.Tx) error {
		for _, t := range f.tables {
			b := tx.Bucket(t.name)
			if b == nil || t.keep == 0 {
				continue
			}
			c, n := b.Cursor(), 0
			key, row := c.Seek(t.swept)
			for ; key != nil && n < sweep; key, row = c.Next() {
				if n++; t.expired(row, f.written.ms) {
					rows[t] = append(rows[t], slices.Clone(key))
				}
			}
			t.swept = slices.Clone(key) // nil at the end: from the beginning again
		}
		return nil
	})
	return rows, err
}

// sweep comes before put, which may write some of the rows anew.
func (f *file) sweep(tx *bolt.Tx, expired map[*Table][][]byte) error {
	for t, keys := range expired {
		for _, key := range keys {
			if err := tx.Bucket(t.name).Delete(key); err != nil {
				return err
			}
		}
	}
	return nil
}
