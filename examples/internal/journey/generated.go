package journey

import (
	"hash/fnv"
	"strconv"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Generated labels what the data lacks, on every screen that shows it.
const Generated = "stock, cost and consent are generated: The Complete Journey has none"

// chance is a number from 0 to 1 that belongs to some words.
func chance(words ...string) float64 {
	h := fnv.New64a()
	for _, w := range words {
		h.Write([]byte(w))
		h.Write([]byte{0})
	}
	// The last byte written barely moves FNV's upper bits; stir them.
	x := h.Sum64()
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	return float64(x>>11) / (1 << 53)
}

// cost leaves a margin of 3 to 45 % of the price; a few goods fall below a
// floor of 5 %.
func cost(product string, price int64) int64 {
	return int64(float64(price)*(0.55+0.42*chance("cost", product)) + 0.5)
}

// Agent is the place from 0 of the agent that a store is hashed onto.
func (d *Data) Agent(store string) int { return int(chance("agent", store) * float64(d.agents)) }

// Delivered is how many of an item truly stand at an agent when a week begins,
// and how many are counted: one in thirty is out of stock, one in a hundred is
// gone though it is counted. Both are generated.
func (d *Data) Delivered(agent int, item Item, week int) (shelf, counted int) {
	usual := 12 + 3*item.Sold/max(len(d.weeks), 1)
	switch u := chance("stock", strconv.Itoa(agent), item.ID, strconv.Itoa(week)); {
	case u < 1.0/30:
		return 0, 0
	case u < 1.0/30+0.01:
		return 0, usual
	}
	return usual, usual
}

// Granted is what a household grants. It is generated.
func Granted(household string) []wire.Purpose {
	all := []wire.Purpose{wire.DeviceStorage, wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent, wire.Measurement, wire.ModelTraining}
	switch u := chance("consent", household); {
	case u < 0.75:
		return all
	case u < 0.85:
		return all[:5]
	case u < 0.9:
		return []wire.Purpose{wire.Measurement}
	}
	return nil
}
