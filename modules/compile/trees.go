package compile

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/wasm"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// EmitterTrees names the version of the code that Trees writes.
const EmitterTrees = "trees/1"

// What a model is written as. A node is some 25 bytes of code as a branch or in a
// patch, 40 as lanes and 16 of tables for the walk, which every module has for
// contributions.
const (
	branchNodes = 6000  // of a model whose single rows are answered by branches, else by patches or the walk
	patchNodes  = 20000 // of a model whose single rows are answered by patches below few branches, else by the walk
	laneNodes   = 60000 // of a model whose blocks are answered by lanes, else row by row
	laneLeaves  = 256   // of a tree of such a model: a leaf's number is a byte
)

// Trees is the module that scores the ensemble, which it carries: it reads no
// model. It returns the error of the ensemble's Validate, or scoring.ErrModel for
// one that is too large.
func Trees(t *scoring.Trees) ([]byte, error) {
	if err := t.Validate(); err != nil {
		return nil, err
	}
	e := newForest(t)
	if e.bins > binsLimit {
		return nil, fmt.Errorf("%w: %d columns and sets of categories after splitting, at most %d", scoring.ErrModel, e.bins, binsLimit)
	}
	return e.emit(), nil
}

// forest is the state of one emission.
type forest struct {
	*shell
	*plan
	trees  *scoring.Trees
	order  []int   // trees by head, else as they were
	places [][]int // of leaves, by tree
	cuts   [][]cut // by tree
	nodes  int     // of all trees
	most   int     // leaves of the largest tree
	others int     // nodes that no patch decides

	data segment

	// addresses
	splatAt int
	bits    []int // of each set
	leaves  int
	leafAt  []int // first leaf of each tree
	binsAt  int
	frameAt int
	walk    walkData

	// entries of the tables of columns
	contextRanks, fewRanks, manyRanks span
	contextSets, rowSets              span

	search, member, contextBins, rowBins int // functions that fill bins
	walkTrees                            int // function that adds trees to a sum, see walkSum
}

func newForest(t *scoring.Trees) *forest {
	e := &forest{shell: newShell(t.Frame, 0, 0), plan: newPlan(t), trees: t, leafAt: make([]int, len(t.Trees))}
	e.data.at = e.frameAt
	for i := range t.Trees {
		e.order = append(e.order, i)
		tree := &t.Trees[i]
		e.nodes += len(tree.Nodes)
		e.most = max(e.most, len(tree.Leaves))
		places := places(tree)
		var cuts []cut
		for j := range tree.Nodes {
			n := e.cut(&tree.Nodes[j])
			for _, child := range [...]*int{&n.left, &n.right} {
				if *child < 0 {
					*child = ^places[^*child]
				}
			}
			cuts = append(cuts, n)
			e.others += flag(!compares(&tree.Nodes[j]))
		}
		e.places = append(e.places, places)
		e.cuts = append(e.cuts, cuts)
	}
	slices.SortStableFunc(e.order, func(a, b int) int { return t.Trees[a].Head - t.Trees[b].Head })
	return e
}

// byHead is the trees of a head in order.
func (e *forest) byHead(head int) (trees []int) {
	for _, i := range e.order {
		if e.trees.Trees[i].Head == head {
			trees = append(trees, i)
		}
	}
	return trees
}

// branches tells whether single rows are answered by branches and patches: by both
// in a small model, in a larger one if it has few branches outside patches.
func (e *forest) branches() bool {
	return e.nodes <= branchNodes || e.nodes <= patchNodes && e.lanes() && e.others <= e.nodes/16
}

func (e *forest) lanes() bool { return e.nodes <= laneNodes && e.most <= laneLeaves }

func (e *forest) emit() []byte {
	e.splats()
	e.columnsData()
	e.leavesData()
	e.walkTables()
	e.scratch()
	e.m.Data(e.data.at, e.data.b)
	e.binFuncs()
	return e.module(EmitterTrees, e.score(), e.explain())
}

// loop appends a loop that charges at its head.
func (e *forest) loop(c *wasm.Code, body func(c *wasm.Code)) { meter.Loop(c, e.fuel, body) }

// nan32 is what missing is.
var nan32 = float32(math.NaN())

// blockShift turns rows into blocks.
var blockShift = int32(bits.TrailingZeros(abi.BlockRows))
