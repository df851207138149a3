package attribution

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/sync/wire"
)

// The bytes of a history never change for version 0.
func TestHistoryFormat(t *testing.T) {
	row := extend(nil, nil, Entry{Type: Shown, Slot: 7, Times: 1, At: 1000, Seq: 5}, []uint64{11, 12}, 1<<40)
	row = extend(nil, row, Entry{Type: wire.OutcomeType_OUTCOME_PURCHASE, Slot: 7, Times: 1, At: 2000, Seq: 6}, []uint64{12}, 1<<40)
	want := "0000" +
		"00020100" + "07000000" + "e803000000000000" + "0500000000000000" + "0b00000000000000" + "0c00000000000000" +
		"04010100" + "07000000" + "d007000000000000" + "0600000000000000" + "0c00000000000000"
	if got := fmt.Sprintf("%x", row); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	s := showing{decision: [16]byte{1}, person: wire.Pseudonym{2}, session: wire.Pseudonym{3}, basket: wire.Pseudonym{4}, slot: 5, seq: 6, items: []uint64{7, 9}, offers: []uint64{8, 0}, counted: true}
	back, ok := parseShowing(s.append(nil))
	if d := cmp.Diff(s, back, cmp.AllowUnexported(showing{})); d != "" || !ok {
		t.Error(d)
	}
}

// However long a history gets, what it says of the last things stays true, and of
// earlier ones it never says less than there was of an item it still has.
func TestHistoryIsBounded(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var row []byte
		var all []Entry
		items := rapid.Uint64Range(1, 300).Draw(r, "items")
		const keep = 1 << 20
		now := int64(1)
		for seq := range uint64(rapid.IntRange(1, 700).Draw(r, "entries")) {
			now += int64(seq % 3)
			e := Entry{Type: Shown, Slot: uint32(seq % 2), Times: 1, At: now, Seq: seq + 1}
			if seq%7 == 0 {
				e.Type = wire.OutcomeType_OUTCOME_PURCHASE
			}
			var some []uint64
			for k := range seq%4 + 1 {
				some = append(some, (seq*31+k*17)%items)
				e.Item = some[len(some)-1]
				all = append(all, e)
			}
			before := slices.Clone(row)
			next := extend(nil, row, e, some, keep)
			if !slices.Equal(row, before) {
				r.Fatal("extending a history changed it")
			}
			row = next
		}
		got := appendEntries(nil, row)
		if len(got) > maxItems || len(all) <= maxItems && len(got) != len(all) {
			r.Fatalf("%d entries of %d", len(got), len(all))
		}
		if !slices.IsSortedFunc(got, func(a, b Entry) int { return int(a.At - b.At) }) {
			r.Fatal("not in the order of times")
		}
		recent := min(len(all), 200)
		if d := cmp.Diff(all[len(all)-recent:], got[len(got)-recent:]); d != "" {
			r.Fatal(d)
		}
		count := func(entries []Entry, item uint64, slot uint32) (n int) {
			for _, e := range entries {
				if e.Item == item && e.Slot == slot && e.Type == Shown {
					n += int(e.Times)
				}
			}
			return n
		}
		if items < 60 { // few enough that none had to go
			for item := range items {
				for slot := range uint32(2) {
					if count(got, item, slot) != count(all, item, slot) {
						r.Fatalf("item %d was shown %d times, the history has %d", item, count(all, item, slot), count(got, item, slot))
					}
				}
			}
		}
	})
}

// What is older than a history goes back is not kept.
func TestHistoryForgets(t *testing.T) {
	var row []byte
	for at := range int64(100) {
		row = extend(nil, row, Entry{Type: Shown, Times: 1, At: at}, []uint64{1, 2}, 10)
	}
	if got := appendEntries(nil, row); len(got) != 20 || got[0].At != 90 {
		t.Errorf("%d entries from %d on", len(got), got[0].At)
	}
}

// FuzzHistory reads what may be anything.
func FuzzHistory(f *testing.F) {
	f.Add([]byte{0, 0})
	f.Add(extend(nil, nil, Entry{At: 1}, []uint64{1, 2, 3}, 1))
	f.Fuzz(func(t *testing.T, row []byte) {
		entries := appendEntries(nil, row)
		if len(entries) > len(row)/8 {
			t.Fatalf("%d entries of %d bytes", len(entries), len(row))
		}
		next := appendEntries(nil, extend(nil, row, Entry{Type: Shown, Times: 1, At: 1 << 40}, []uint64{9}, 1<<50))
		if len(next) == 0 || next[len(next)-1].Item != 9 && len(entries) == 0 {
			t.Fatal("what was added is not there")
		}
		parseShowing(row)
		new(Events).parse(row)
	})
}
