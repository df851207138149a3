package profilebody

import (
	"encoding/binary"
	"slices"
	"time"
)

// MaxHistory is how many items a history holds.
const MaxHistory = 256

// Purchase is how an item was bought by a person.
type Purchase struct {
	Item  uint64 // xxhash64 of its id
	Day   uint16 // the last, since 1970-01-01 UTC
	Times uint16 // at least 1; 65535: as often or more
	Price uint32 // usual, of one, gross in minor units; 0: not known
}

// DayMs is how long a Purchase's day is.
const DayMs = 24 * 60 * 60 * 1000

// DayOf is the day of a time in Unix milliseconds; a time that no day stands for
// has the nearest.
func DayOf(ms int64) uint16 { return uint16(min(max(ms, 0)/DayMs, 1<<16-1)) }

// Fresh tells whether the day began less than ttl before a time in Unix
// milliseconds; 0 is no end.
func (p Purchase) Fresh(ms int64, ttl time.Duration) bool {
	return ttl == 0 || ms-int64(p.Day)*DayMs < ttl.Milliseconds()
}

func validHistory(all []Purchase) bool {
	for i, p := range all {
		if p.Times == 0 || i > 0 && p.Item <= all[i-1].Item {
			return false
		}
	}
	return len(all) <= MaxHistory
}

const purchaseSize = 16

func appendHistory(dst []byte, all []Purchase) []byte {
	dst = binary.LittleEndian.AppendUint16(slices.Grow(dst, 2+purchaseSize*len(all)), uint16(len(all)))
	for _, p := range all {
		dst = binary.LittleEndian.AppendUint64(dst, p.Item)
		dst = binary.LittleEndian.AppendUint16(dst, p.Day)
		dst = binary.LittleEndian.AppendUint16(dst, p.Times)
		dst = binary.LittleEndian.AppendUint32(dst, p.Price)
	}
	return dst
}

// history reads or, without build, steps over a history.
func (r *reader) history(build bool) []Purchase {
	n := int(r.uint16())
	if r.bad = r.bad || n > MaxHistory || len(r.rest) < purchaseSize*n; r.bad {
		r.rest = nil
		return nil
	}
	var all []Purchase
	if build && n > 0 {
		all = make([]Purchase, 0, n)
	}
	last := Purchase{}
	for i := range n {
		p := Purchase{r.uint64(), r.uint16(), r.uint16(), r.uint32()}
		r.bad = r.bad || p.Times == 0 || i > 0 && p.Item <= last.Item
		if last = p; build {
			all = append(all, p)
		}
	}
	return all
}
