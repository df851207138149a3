package attribution

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Shown is the type of an Entry that says an item was shown.
const Shown = wire.OutcomeType_OUTCOME_UNSPECIFIED

// Entry is one thing that happened to a person, a session or a basket.
type Entry struct {
	Type  wire.OutcomeType // Shown, or that of an outcome
	Item  uint64           // xxhash64 of its id
	Slot  uint32           // as SlotKey gives it
	Times uint16           // how often; of goods that were sold or came back, how many
	At    int64            // node time, the latest of those
	Seq   uint64           // of the decision or outcome, the latest
}

var le = binary.LittleEndian

const (
	version = 0

	historyHeader = 2
	closed        = 1 // flag of a history
	groupHeader   = 24

	maxItems = 1024 // of a history
	fewer    = maxItems * 3 / 4
)

// appendEntries reads a history; what is not of this version is none.
func appendEntries(dst []Entry, row []byte) []Entry {
	if len(row) < historyHeader || row[0] != version {
		return dst
	}
	for b := row[historyHeader:]; len(b) >= groupHeader; {
		n := int(b[1])
		if len(b) < groupHeader+8*n {
			return dst
		}
		e := Entry{
			Type: wire.OutcomeType(b[0]), Times: le.Uint16(b[2:]), Slot: le.Uint32(b[4:]),
			At: int64(le.Uint64(b[8:])), Seq: le.Uint64(b[16:]),
		}
		b = b[groupHeader:]
		for ; n > 0; n-- {
			e.Item = le.Uint64(b)
			dst, b = append(dst, e), b[8:]
		}
	}
	return dst
}

// appendGroup appends items that have all but the item in common.
func appendGroup(dst []byte, e Entry, items []uint64) []byte {
	dst = append(dst, byte(e.Type), byte(len(items)))
	dst = le.AppendUint16(dst, e.Times)
	dst = le.AppendUint32(dst, e.Slot)
	dst = le.AppendUint64(dst, uint64(e.At))
	dst = le.AppendUint64(dst, e.Seq)
	for _, i := range items {
		dst = le.AppendUint64(dst, i)
	}
	return dst
}

// extend appends to dst a history with one more group, without what is older than
// keep, and short enough. It needs no more room than roomFor says.
func extend(dst, row []byte, e Entry, items []uint64, keep int64) []byte {
	from := len(dst)
	dst = append(append(dst, version, 0), recent(row, e.At-keep)...)
	dst = appendGroup(dst, e, items)
	if count(dst[from:]) <= maxItems {
		return dst
	}
	return appendAll(dst[:from+historyHeader], joined(appendEntries(nil, dst[from:])))
}

// roomFor is how long a history may get by one more group.
func roomFor(row []byte, items int) int {
	return max(len(row), historyHeader) + groupHeader + 8*items
}

// count is how many items there are in a history of whole groups.
func count(row []byte) (items int) {
	for b := row[historyHeader:]; len(b) > 0; b = b[groupHeader+8*int(b[1]):] {
		items += int(b[1])
	}
	return items
}

// recent are the whole groups of a history that are later than a time.
func recent(row []byte, after int64) []byte {
	if len(row) < historyHeader || row[0] != version {
		return nil
	}
	from, end := historyHeader, historyHeader
	for end+groupHeader <= len(row) && end+groupHeader+8*int(row[end+1]) <= len(row) {
		at := int64(le.Uint64(row[end+8:]))
		end += groupHeader + 8*int(row[end+1])
		if at <= after {
			from = end
		}
	}
	return row[from:end]
}

// appendAll writes entries, one to a group.
func appendAll(dst []byte, entries []Entry) []byte {
	for _, e := range entries {
		dst = appendGroup(dst, e, []uint64{e.Item})
	}
	return dst
}

// joined makes a history shorter, see the package's document. Entries are in the
// order of their times.
func joined(entries []Entry) []Entry {
	older := len(entries) / 2
	last := map[Entry]int{} // place in kept, by what entries have in common
	var kept []Entry
	for _, e := range entries[:older] {
		k := Entry{Type: e.Type, Item: e.Item, Slot: e.Slot}
		i, ok := last[k]
		if !ok {
			last[k] = len(kept)
			kept = append(kept, e)
			continue
		}
		kept[i].Times = uint16(min(int(kept[i].Times)+int(e.Times), math.MaxUint16))
		kept[i].At, kept[i].Seq = e.At, e.Seq
	}
	slices.SortStableFunc(kept, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
	kept = append(kept, entries[older:]...)
	return kept[max(0, len(kept)-fewer):]
}
