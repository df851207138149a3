package compile

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/modules/scoring"
)

// A row is looked at once for each column: of all thresholds that nodes ask of
// it, how many does it exceed? That rank fits a byte, and then every node is a
// comparison of bytes, the same for all its kinds:
//
//	bin > k: right
//
// A rank r is kept as r-128. Missing is -128 in one bin, below every k, and 127
// in the next one, above every k: nodes read the one or the other. A set of
// categories is a bin of its own, 127 or -128. See cut.
const (
	rankMost  = 254 // thresholds of a bin; more of them take several
	countMost = 80  // thresholds that are counted for all rows of a block at once
	binLeast  = -128
	binMost   = 127
	binBytes  = 16 // the rows of a block
	binsLimit = 1 << 14
)

// ranks is a pair of bins: of a column, or of a part of its thresholds.
type ranks struct {
	source
	many       bool
	thresholds []float32
	bin        int // missing is low; in the next one it is high
}

// set is a bin of a set of categories.
type set struct {
	column      int
	words       []uint32
	missingLeft bool
	bin         int
}

// cut is a node in terms of bins. Left and Right are as the node's, but may have
// changed places.
type cut struct {
	bin, k      int
	left, right int
}

// source is what ranks depend on.
type source struct {
	column int
	zero   bool
}

// plan is how an ensemble reads its columns.
type plan struct {
	context int // columns of the context
	ranks   []ranks
	sets    []set
	bins    int // those of the context are first; ranks before sets, few thresholds before many

	sorted map[source][]float32
	first  map[source]int // bin of the first thresholds
	setBin map[string]int
}

func newPlan(t *scoring.Trees) *plan {
	p := &plan{context: t.Frame.ContextDense, sorted: map[source][]float32{}, first: map[source]int{}, setBin: map[string]int{}}
	for i := range t.Trees {
		for j := range t.Trees[i].Nodes {
			p.see(&t.Trees[i].Nodes[j])
		}
	}
	var sources []source
	for s, list := range p.sorted {
		slices.Sort(list)
		p.sorted[s] = slices.Compact(list)
		sources = append(sources, s)
	}
	slices.SortFunc(sources, func(a, b source) int {
		if a.column != b.column {
			return a.column - b.column
		}
		return flag(a.zero) - flag(b.zero)
	})
	slices.SortStableFunc(sources, func(a, b source) int { return flag(p.many(a)) - flag(p.many(b)) })
	slices.SortStableFunc(p.sets, func(a, b set) int { return a.column - b.column })
	p.number(sources, 0, p.context)
	p.number(sources, p.context, math.MaxInt)
	return p
}

// see notes what a node asks.
func (p *plan) see(n *scoring.Node) {
	if n.Test == scoring.Among {
		key := setKey(n)
		if _, ok := p.setBin[key]; !ok {
			p.setBin[key] = none
			p.sets = append(p.sets, set{column: n.Column, words: n.Set, missingLeft: n.MissingLeft})
		}
		return
	}
	s := source{n.Column, n.ZeroMissing}
	list := p.sorted[s]
	if t, ok := above(n); ok {
		list = append(list, t)
	}
	p.sorted[s] = list
}

// above is the threshold of "above it goes right", unless no value goes left.
func above(n *scoring.Node) (float32, bool) {
	t := n.Threshold
	if n.Test == scoring.Below {
		if math.IsInf(float64(t), -1) {
			return 0, false
		}
		t = math.Nextafter32(t, float32(math.Inf(-1)))
	}
	return t + 0, true // a zero of one sign
}

// many tells whether a column's thresholds are better searched than counted.
func (p *plan) many(s source) bool { return len(p.sorted[s]) > countMost }

// number gives bins to what reads columns from from up to to.
func (p *plan) number(sources []source, from, to int) {
	for _, s := range sources {
		if s.column < from || s.column >= to {
			continue
		}
		p.first[s] = p.bins
		list := p.sorted[s]
		for {
			n := min(rankMost, len(list))
			p.ranks = append(p.ranks, ranks{source: s, many: p.many(s), thresholds: list[:n], bin: p.bins})
			p.bins += 2
			if list = list[n:]; len(list) == 0 {
				break
			}
		}
	}
	for i := range p.sets {
		if s := &p.sets[i]; s.column >= from && s.column < to {
			s.bin = p.bins
			p.setBin[s.key()] = p.bins
			p.bins++
		}
	}
}

// cut is the node in terms of bins.
func (p *plan) cut(n *scoring.Node) cut {
	if n.Test == scoring.Among {
		return cut{p.setBin[setKey(n)], 0, n.Left, n.Right}
	}
	s := source{n.Column, n.ZeroMissing}
	t, ok := above(n)
	if !ok { // nothing but what is missing may go left
		if n.MissingLeft {
			return cut{p.first[s] + 1, binMost - 1, n.Right, n.Left}
		}
		return cut{p.first[s], binMost, n.Right, n.Left}
	}
	at, _ := slices.BinarySearch(p.sorted[s], t)
	return cut{p.first[s] + 2*(at/rankMost) + flag(!n.MissingLeft), at%rankMost + binLeast, n.Left, n.Right}
}

func setKey(n *scoring.Node) string {
	return (&set{column: n.Column, words: n.Set, missingLeft: n.MissingLeft}).key()
}

func (s *set) key() string {
	b := binary.LittleEndian.AppendUint32([]byte{byte(flag(s.missingLeft))}, uint32(s.column))
	for _, w := range s.words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return string(b)
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}
