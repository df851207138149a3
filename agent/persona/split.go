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
	of      [MaxPurchases]int8 // the taste of each, or -1
	n       int
	sums    [Most][embedding.MaxDims]int64 // of the vectors of each taste, by weight
}

// Split finds at most so many tastes in what was bought, each item given once. Nil:
// none.
func Split(t *embedding.Table, bought []Purchase, most int) *Tastes {
	var s splitter
	s.take(t, bought)
	if s.n == 0 || most < 1 {
		return nil
	}
	k := s.begin(min(most, Most))
	for range rounds {
		if !s.assign(k) {
			break
		}
	}
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
// is just like these. Each item goes to the one it is most like.
func (s *splitter) begin(most int) (k int) {
	var nearest [MaxPurchases]int
	var of [MaxPurchases]int8
	at := 0
	for i := range s.n {
		nearest[i] = math.MinInt16
		if s.weights[i] > s.weights[at] {
			at = i
		}
	}
	for worst := int64(1); k < most && worst > 0; k++ {
		first := s.vectors[at]
		worst = 0
		for i := range s.n {
			if p := embedding.Product(first, s.vectors[i]); p > nearest[i] {
				nearest[i], of[i] = p, int8(k)
			}
			if away := s.weights[i] * int64(embedding.Unit*embedding.Unit-nearest[i]); away > worst && nearest[i] < nearEqual {
				worst, at = away, i
			}
		}
	}
	for i := range s.n {
		s.put(i, of[i])
	}
	return k
}

// nearEqual is the product of vectors that are as good as the same.
const nearEqual = embedding.Unit * embedding.Unit * 95 / 100

// put gives an item to a taste, and tells whether it was of another.
func (s *splitter) put(i int, to int8) (moved bool) {
	from, v, weight := s.of[i], s.vectors[i], s.weights[i]
	if from == to {
		return false
	}
	s.of[i] = to
	sum := s.sums[to][:len(v)]
	for d, x := range v {
		sum[d] += weight * int64(x)
	}
	if from >= 0 {
		sum = s.sums[from][:len(v)]
		for d, x := range v {
			sum[d] -= weight * int64(x)
		}
	}
	return true
}

// assign gives each item to the taste whose direction it is most like, and tells
// whether any moved.
func (s *splitter) assign(k int) (moved bool) {
	var quad embedding.Quad
	for c := range k {
		s.point(&quad, c, c)
	}
	for i := range s.n {
		best, _ := quad.Nearest(s.vectors[i], k)
		moved = s.put(i, int8(best)) || moved
	}
	return moved
}

// point makes a lane the direction of the items of a taste.
func (s *splitter) point(quad *embedding.Quad, lane, taste int) {
	var numbers [embedding.MaxDims]float64
	for d := range s.dims {
		numbers[d] = float64(s.sums[taste][d])
	}
	var v [embedding.MaxDims]int8
	embedding.Quantize(v[:s.dims], numbers[:s.dims])
	quad.Set(lane, v[:s.dims])
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
	t := new(Tastes)
	for lane, c := range order {
		if weight[c] > 0 {
			t.Shares = append(t.Shares, float64(weight[c])/float64(total))
			s.point(&t.quad, lane, c)
		}
	}
	return t
}

// Of is the taste that a vector is most like, or -1.
func (t *Tastes) Of(v []int8) int {
	best, product := t.quad.Nearest(v, len(t.Shares))
	if product <= 0 {
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
