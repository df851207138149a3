package peers

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// A forest as gradient boosting grows it, so that paths are as skewed as those of
// real models. It is grown here because all peers must score the same one and no
// library reads the others' files.

const (
	forestTrees   = 100
	forestLeaves  = 31
	forestColumns = 50
)

// grown is a tree: a child is a node, or ^i for leaf i.
type grown struct {
	nodes  []split
	leaves []float32
	rows   []int // at each leaf while growing
}

type split struct {
	column, left, right int
	threshold           float32 // at most this goes left
}

// randomRows are rows of the forest's columns, one after the other.
func randomRows(seed uint64, rows int) []float32 {
	r := rand.New(rand.NewPCG(seed, 0))
	x := make([]float32, rows*forestColumns)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// forest is least-squares boosting of a function with steps, waves and products.
var forest = sync.OnceValue(func() []grown {
	const rows, rate = 8000, 0.1
	g := newGrower(randomRows(1, rows), rows)
	r := rand.New(rand.NewPCG(2, 0))
	weights := make([]float64, forestColumns)
	for c := range weights {
		weights[c] = r.NormFloat64()
	}
	for i := range g.residual {
		x := widened(g.x[i*forestColumns:][:forestColumns])
		y := 2*math.Sin(2*x[0])*x[1] + r.NormFloat64()/2
		if x[2] > 0.3 {
			y += 3 * x[3]
		}
		for c, w := range weights {
			y += w * x[c]
			if c%2 == 0 {
				y += 0.7 * x[c] * x[c+1]
			}
		}
		g.residual[i] = y
	}
	var trees []grown
	for range forestTrees {
		trees = append(trees, g.tree(rate))
	}
	return trees
})

// grower has each value's bin, column by column, and the bins' upper ends.
type grower struct {
	x        []float32
	bins     [][]uint8
	ends     [][]float32
	residual []float64
}

const binCount = 255

func newGrower(x []float32, rows int) *grower {
	g := &grower{x: x, residual: make([]float64, rows)}
	for c := range forestColumns {
		column := make([]float32, rows)
		for i := range column {
			column[i] = x[i*forestColumns+c]
		}
		sorted, ends := slices.Sorted(slices.Values(column)), make([]float32, binCount)
		for b := range ends {
			ends[b] = sorted[(b+1)*(rows-1)/binCount]
		}
		bins := make([]uint8, rows)
		for i, v := range column {
			b, _ := slices.BinarySearch(ends, v)
			bins[i] = uint8(b)
		}
		g.bins, g.ends = append(g.bins, bins), append(g.ends, ends)
	}
	return g
}

// leaf is one that may still be split, and the best way to do it.
type leaf struct {
	rows        []int
	parent      int // node whose child it is
	right       bool
	gain        float64
	column, bin int
}

// tree grows the leaf whose split gains most until there are enough, and takes
// what the tree says from the residuals.
func (g *grower) tree(rate float64) grown {
	all := make([]int, len(g.residual))
	for i := range all {
		all[i] = i
	}
	var t grown
	leaves := []leaf{g.best(leaf{rows: all, parent: -1})}
	for len(leaves) < forestLeaves {
		at := 0
		for i, l := range leaves {
			if l.gain > leaves[at].gain {
				at = i
			}
		}
		l := leaves[at]
		n := len(t.nodes)
		t.nodes = append(t.nodes, split{column: l.column, threshold: g.ends[l.column][l.bin]})
		t.hang(l, n)
		left, right := leaf{parent: n}, leaf{parent: n, right: true}
		for _, i := range l.rows {
			if int(g.bins[l.column][i]) <= l.bin {
				left.rows = append(left.rows, i)
			} else {
				right.rows = append(right.rows, i)
			}
		}
		leaves[at] = g.best(left)
		leaves = append(leaves, g.best(right))
	}
	for i, l := range leaves {
		value := float32(rate * mean(g.residual, l.rows))
		t.hang(l, ^i)
		t.leaves, t.rows = append(t.leaves, value), append(t.rows, len(l.rows))
		for _, row := range l.rows {
			g.residual[row] -= float64(value)
		}
	}
	return t
}

func (t *grown) hang(l leaf, child int) {
	switch {
	case l.parent < 0:
	case l.right:
		t.nodes[l.parent].right = child
	default:
		t.nodes[l.parent].left = child
	}
}

// best finds the split that lessens the squares most, with 20 rows a side.
func (g *grower) best(l leaf) leaf {
	total := mean(g.residual, l.rows) * float64(len(l.rows))
	for c, bins := range g.bins {
		var sums [binCount + 1]float64
		var counts [binCount + 1]int
		for _, i := range l.rows {
			sums[bins[i]] += g.residual[i]
			counts[bins[i]]++
		}
		sum, count := 0.0, 0
		for b := range binCount {
			sum, count = sum+sums[b], count+counts[b]
			rest := len(l.rows) - count
			if count < 20 || rest < 20 {
				continue
			}
			gain := sum*sum/float64(count) + (total-sum)*(total-sum)/float64(rest) - total*total/float64(len(l.rows))
			if gain > l.gain {
				l.gain, l.column, l.bin = gain, c, b
			}
		}
	}
	return l
}

func mean(values []float64, rows []int) float64 {
	sum := 0.0
	for _, i := range rows {
		sum += values[i]
	}
	return sum / float64(max(1, len(rows)))
}
