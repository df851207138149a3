package training

import (
	"slices"

	"github.com/aisle-edge/aisle/sync/wire"
)

// maxBaskets is how many baskets are remembered, the newest.
const maxBaskets = 50_000

// baskets are what was bought together, whoever bought it: a basket's pseudonym
// stands for no person.
type baskets struct {
	line  []basket // in the order in which they began, from the front on
	front int      // place of line[0] since the ledger began
	byID  map[wire.Pseudonym]int
}

// basket is one; its fields are saved.
type basket struct {
	ID    wire.Pseudonym
	Items []uint64 // hashes of their ids, each once
}

// take takes in what became of an item in a basket.
func (b *baskets) take(kind wire.OutcomeType, id []byte, item uint64) {
	if len(id) != len(wire.Pseudonym{}) || item == 0 {
		return
	}
	place, known := b.byID[wire.Pseudonym(id)]
	switch {
	case kind == wire.OutcomeType_OUTCOME_PURCHASE && !known:
		b.begin(basket{wire.Pseudonym(id), []uint64{item}})
	case kind == wire.OutcomeType_OUTCOME_PURCHASE:
		if g := &b.line[place-b.front]; len(g.Items) < maxGroup && !slices.Contains(g.Items, item) {
			g.Items = append(g.Items, item)
		}
	case kind == wire.OutcomeType_OUTCOME_VOID && known:
		g := &b.line[place-b.front]
		g.Items = slices.DeleteFunc(g.Items, func(x uint64) bool { return x == item })
	}
}

func (b *baskets) begin(g basket) {
	if b.byID == nil {
		b.byID = make(map[wire.Pseudonym]int)
	}
	if len(b.line) == maxBaskets {
		b.line = slices.Delete(b.line, 0, b.drop(maxBaskets/8)) // seldom, for all that are left move
	}
	b.byID[g.ID] = b.front + len(b.line)
	b.line = append(b.line, g)
}

// drop forgets the first of the line.
func (b *baskets) drop(n int) int {
	for _, g := range b.line[:n] {
		delete(b.byID, g.ID)
	}
	b.front += n
	return n
}

// copied are the items of baskets that hold more than one, the later the newer.
func (b *baskets) copied() (groups [][]uint64) {
	for _, g := range b.line {
		if len(g.Items) > 1 {
			groups = append(groups, slices.Clone(g.Items))
		}
	}
	return groups
}

// saved are the baskets of a checkpoint.
func (b *baskets) saved() (all []basket) {
	for _, g := range b.line {
		all = append(all, basket{g.ID, slices.Clone(g.Items)})
	}
	return all
}
