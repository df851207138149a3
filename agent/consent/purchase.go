package consent

import (
	"time"

	"github.com/aisle-edge/aisle/sync/profilebody"
)

// Purchase is how a person bought an item.
type Purchase = profilebody.Purchase

// History is the kind of a Value that holds purchases.
const History = profilebody.History

// Day is that of a Purchase: days since 1970-01-01 UTC.
type Day uint16

// DayOf is the day of a time in Unix milliseconds.
func DayOf(ms int64) Day { return Day(profilebody.DayOf(ms)) }

// String is the day as 2026-03-01.
func (d Day) String() string {
	return time.UnixMilli(int64(d) * profilebody.DayMs).UTC().Format(time.DateOnly)
}

// ParseHistory reads a history as people write it in a file of profiles:
// item@2026-03-01*times:price|…; id makes of an item what the catalogue calls it.
// Its error says how one is written, and nothing of this one.
func ParseHistory(text string, id func(string) string) ([]Purchase, error) {
	return profilebody.ParseHistory(text, id)
}
