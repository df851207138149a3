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
	Regular    []int64  // price in minor units, with tax, without any offer
	Price      []int64  // with tax, after the offer that applies
	NetPrice   []int64  // without tax, after it
	NetCost    []int64  // minor units, or UnknownCost
	Category   []uint32 // into Categories
	Brand      []uint32 // into Brands
	Categories []string // paths with /
	Brands     []string
	Place      func(id string) (place int, ok bool) // of an item
}

// Apply takes out of allowed what the rule removes by c alone, whatever its
// conditions, and returns how many that were. Rules of kinds other than active,
// margin, price and exclude depend on more than columns and remove nothing here.
func (r *Rule) Apply(c *Columns, allowed bitmap.Bits) (removed int) {
	before := allowed.Count()
	switch r.Kind {
	case Active:
		removeWhere(allowed, func(i int) bool { return c.Status[i] != StatusActive })
	case Margin:
		floor := uint64(float64(r.Floor*million) + 0.5)
		removeWhere(allowed, func(i int) bool {
			return belowFloor(c.NetPrice[i], c.NetCost[i], floor) || c.NetPrice[i]-c.NetCost[i] < int64(r.FloorAmount)
		})
	case Price:
		removeWhere(allowed, func(i int) bool { return r.tooCheap(c.Regular[i], c.Price[i]) })
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

// tooCheap compares prices with what a rule of kind price demands, the share of
// the discount in millionths, exactly.
func (r *Rule) tooCheap(regular, price int64) bool {
	if price < int64(r.Least) || price < 0 {
		return true
	}
	if r.MaxDiscount == nil || price >= regular {
		return false
	}
	hi, lo := bits.Mul64(uint64(regular-price), million)
	mostHi, mostLo := bits.Mul64(uint64(regular), uint64(float64(*r.MaxDiscount*million)+0.5))
	return hi > mostHi || hi == mostHi && lo > mostLo
}

func (r *Rule) exclude(c *Columns, allowed bitmap.Bits) {
	if len(r.Categories)+len(r.Brands)+len(r.Items) == 0 {
		clear(allowed)
	}
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
