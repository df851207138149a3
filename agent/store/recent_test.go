package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// Promise 3 needs it: a row that was read lately is read as it was written since, be
// it deleted, and through generations; and what is kept stays small.
func TestReadLatelyIsReadAsWritten(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var kept recent
	tables := []*Table{{}, {}}
	file := map[rowKey][]byte{}
	hits := 0
	for i := range 20_000 {
		k := rowKey{tables[r.IntN(2)], fmt.Sprint(r.IntN(60))}
		if r.IntN(3) == 0 {
			row := bytes.Repeat([]byte{byte(i), byte(i >> 8)}, r.IntN(64<<10))
			if r.IntN(5) == 0 {
				row = nil
			}
			file[k] = row
			kept.wrote(k.table, map[string][]byte{k.key: row})
			continue
		}
		row, ok := kept.get(k.table, []byte(k.key))
		if !ok {
			kept.put(k.table, []byte(k.key), file[k])
			continue
		}
		if hits++; !bytes.Equal(row, file[k]) || (row == nil) != (file[k] == nil) {
			t.Fatalf("step %d: a row of %d bytes is read, %d were written", i, len(row), len(file[k]))
		}
	}
	size := 0
	for _, rows := range []map[rowKey][]byte{kept.young, kept.old} {
		for _, row := range rows {
			size += len(row)
		}
	}
	if hits < 1000 || size > 2*maxYoung+256<<10 {
		t.Errorf("%d rows were read lately, %d bytes are kept", hits, size)
	}
}
