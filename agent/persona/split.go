package persona

import (
	"cmp"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/embedding"
)

const (
	// Most is how many tastes there can be.
	Most = embedding.Lanes
	// MaxPurchases is how many items are looked at, those bought most.
	MaxPurchases = 256

	rounds = 6
)

// Purchase is how often an item was bought.
type Purchase struct {
	Item  uint64 // xxhash64 of its id
	Times int    // from 1 on
}

// Tastes are what somebody buys, the largest first. They do not change, and belong to
// the table they were found in.
type Tastes struct {
	Shares []float64 // of their purchases; they sum to 1, but for rounding
	quad   embedding.Quad
}

// Pools are candidates by taste.
type Pools [Most]bitmap.Bits

// splitter is the memory of a split.
type splitter struct {
	dims    int
	vectors [MaxPurchases][]int8
	weights [MaxPurchases]int64
	of      [MaxPurchases]int8
	n       int
}

// Split finds at most so many tastes in what was bought, each item given once. Nil:
// none.
func Split(t *embedding.Table, bought []Purchase, most int) *Tastes {
	var s splitter
	s.take(t, bought)
	if s.n == 0 || most < 1 {
		return nil
	}
	quad, k := s.begin(min(most, Most))
	for range rounds {
		moved := s.assign(&quad, k)
		quad = s.center(k)
		if !moved {
			break
		}
	}
	s.assign(&quad, k)
	return s.tastes(k)
}

// take takes in the items that have a vector, ascending: sums of whole numbers come out
// the same in any order, but equals go by it.
func (s *splitter) take(t *embedding.Table, bought []Purchase) {
	if len(bought) > MaxPurchases {
		bought = slices.Clone(bought)
		bought = slices.DeleteFunc(bought, func(p Purchase) bool { return t.Row(p.Item) == embedding.Nowhere })
		slices.SortFunc(bought, func(a, b Purchase) int { return cmp.Or(cmp.Compare(b.Times, a.Times), cmp.Compare(a.Item, b.Item)) })
		bought = bought[:min(len(bought), MaxPurchases)]
	}
	if !slices.IsSortedFunc(bought, byItem) {
		bought = slices.SortedFunc(slices.Values(bought), byItem)
	}
	s.dims = t.Dims()
	for _, p := range bought {
		if row := t.Row(p.Item); row != embedding.Nowhere && p.Times > 0 {
			s.vectors[s.n], s.weights[s.n], s.of[s.n] = t.Vector(row), int64(min(p.Times, math.MaxUint16)), -1
			s.n++
		}
	}
}

func byItem(a, b Purchase) int { return cmp.Compare(a.Item, b.Item) }

// begin chooses the items that tastes begin with: k of them, or fewer where the rest
// is just like these.
func (s *splitter) begin(most int) (quad embedding.Quad, k int) {
	var nearest [MaxPurchases]int
	for i := range s.n {
		nearest[i] = math.MinInt16
	}
	at := 0
	for i := range s.n {
		if s.weights[i] > s.weights[at] {
			at = i
		}
	}
	for ; k < most; k++ {
		first := s.vectors[at]
		quad.Set(k, first)
		worst := int64(0)
		for i := range s.n {
			nearest[i] = max(nearest[i], embedding.Product(first, s.vectors[i]))
			if away := s.weights[i] * int64(embedding.Unit*embedding.Unit-nearest[i]); away > worst && nearest[i] < nearEqual {
				worst, at = away, i
			}
		}
		if worst == 0 {
			return quad, k + 1
		}
	}
	return quad, k
}

// nearEqual is the product of vectors that are as good as the same.
const nearEqual = embedding.Unit * embedding.Unit * 95 / 100

// assign gives each item to the taste it is most like, and tells whether any moved.
func (s *splitter) assign(quad *embedding.Quad, k int) (moved bool) {
	for i := range s.n {
		p := quad.Products(s.vectors[i])
		best := 0
		for c := 1; c < k; c++ {
			if p[c] > p[best] {
				best = c
			}
		}
		moved = moved || s.of[i] != int8(best)
		s.of[i] = int8(best)
	}
	return moved
}

// center gives each taste the direction of its items.
func (s *splitter) center(k int) (quad embedding.Quad) {
	var sums [Most][embedding.MaxDims]int64
	for i, v := range s.vectors[:s.n] {
		to, weight := sums[s.of[i]][:len(v)], s.weights[i]
		for d, x := range v {
			to[d] += weight * int64(x)
		}
	}
	for c := range k {
		var numbers [embedding.MaxDims]float64
		for d := range s.dims {
			numbers[d] = float64(sums[c][d])
		}
		var v [embedding.MaxDims]int8
		embedding.Quantize(v[:s.dims], numbers[:s.dims])
		quad.Set(c, v[:s.dims])
	}
	return quad
}

// tastes are the groups as they are, without empty ones, the largest first.
func (s *splitter) tastes(k int) *Tastes {
	var weight [Most]int64
	total := int64(0)
	for i := range s.n {
		weight[s.of[i]] += s.weights[i]
		total += s.weights[i]
	}
	order := []int{0, 1, 2, 3}[:k]
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight[b], weight[a]) })
	var place [Most]int8
	t := new(Tastes)
	for to, c := range order {
		if place[c] = int8(to); weight[c] > 0 {
			t.Shares = append(t.Shares, float64(weight[c])/float64(total))
		}
	}
	for i := range s.n {
		s.of[i] = place[s.of[i]]
	}
	t.quad = s.center(len(t.Shares))
	return t
}

// Of is the taste that a vector is most like, or -1.
func (t *Tastes) Of(v []int8) int {
	p := t.quad.Products(v)
	best := 0
	for c := 1; c < len(t.Shares); c++ {
		if p[c] > p[best] {
			best = c
		}
	}
	if p[best] <= 0 {
		return -1
	}
	return best
}

// Pool makes p the candidates of each taste, whose rows in the table these are.
func (t *Tastes) Pool(p *Pools, table *embedding.Table, rows []int32) {
	words := (len(rows) + 63) / 64
	for c := range p {
		p[c] = slices.Grow(p[c][:0], words)[:words]
		clear(p[c])
	}
	for i, row := range rows {
		if row == embedding.Nowhere {
			continue
		}
		if c := t.Of(table.Vector(int(row))); c >= 0 {
			p[c].Set(i)
		}
	}
}
