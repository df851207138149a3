package rulebook

import (
	"math/bits"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

const (
	// StatusActive is the status of an item that may be shown; any other value
	// is not.
	StatusActive uint8 = 0
	// UnknownCost stands where nobody stated what an item costs.
	UnknownCost int64 = -1
)

// Columns is a catalogue by column: each slice has one value an item, in the
// order of the candidates' places. A rule reads only the columns of its kind.
type Columns struct {
	Status     []uint8
	NetPrice   []int64  // minor units, after the offer that applies
	NetCost    []int64  // minor units, or UnknownCost
	Category   []uint32 // into Categories
	Brand      []uint32 // into Brands
	Categories []string // paths with /
	Brands     []string
	Place      func(id string) (place int, ok bool) // of an item
}

// Apply takes out of allowed what the rule removes by c alone, and returns how
// many that were. Rules of kinds stock, cap and suppress depend on more than
// columns and remove nothing here.
func (r *Rule) Apply(c *Columns, allowed bitmap.Bits) (removed int) {
	before := allowed.Count()
	switch r.Kind {
	case Active:
		removeWhere(allowed, func(i int) bool { return c.Status[i] != StatusActive })
	case Margin:
		floor := uint64(float64(r.Floor*million) + 0.5)
		removeWhere(allowed, func(i int) bool { return belowFloor(c.NetPrice[i], c.NetCost[i], floor) })
	case Exclude:
		r.exclude(c, allowed)
	}
	return before - allowed.Count()
}

func removeWhere(allowed bitmap.Bits, drop func(i int) bool) {
	for i := range allowed.All() {
		if drop(i) {
			allowed.Clear(i)
		}
	}
}

const million = 1_000_000

// belowFloor compares (price - cost) / price with a floor in millionths, exactly.
func belowFloor(price, cost int64, floor uint64) bool {
	if price <= 0 || cost < 0 || cost > price {
		return true
	}
	hi, lo := bits.Mul64(uint64(price-cost), million)
	floorHi, floorLo := bits.Mul64(uint64(price), floor)
	return hi < floorHi || hi == floorHi && lo < floorLo
}

func (r *Rule) exclude(c *Columns, allowed bitmap.Bits) {
	if len(r.Categories) > 0 {
		out := covered(c.Categories, func(path string) bool { return within(path, r.Categories) })
		removeWhere(allowed, func(i int) bool { return out[c.Category[i]] })
	}
	if len(r.Brands) > 0 {
		out := covered(c.Brands, func(brand string) bool { return slices.Contains(r.Brands, brand) })
		removeWhere(allowed, func(i int) bool { return out[c.Brand[i]] })
	}
	for _, id := range r.Items {
		if i, ok := c.Place(id); ok {
			allowed.Clear(i)
		}
	}
}

// covered asks once for each entry of a dictionary.
func covered(dictionary []string, is func(string) bool) []bool {
	out := make([]bool, len(dictionary))
	for i, s := range dictionary {
		out[i] = is(s)
	}
	return out
}

// within tells whether path is one of categories or lies below one.
func within(path string, categories []string) bool {
	return slices.ContainsFunc(categories, func(c string) bool {
		rest, ok := strings.CutPrefix(path, strings.Trim(c, "/"))
		return ok && (rest == "" || rest[0] == '/')
	})
}
