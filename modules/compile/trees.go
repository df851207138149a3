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
const EmitterTrees = "trees/0"

// Sizes up to which a model is written as code; a node is some 25 bytes of it.
const (
	branchNodes = 6000  // one row at a time, by branches
	laneNodes   = 60000 // a block at a time, without branches
	laneLeaves  = 256   // of a tree: a leaf's number fits a byte
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
	e.module()
	return e.m.Bytes(), nil
}

// forest is the state of one emission.
type forest struct {
	*plan
	model *scoring.Trees
	order []int   // trees by head, else as they were
	cuts  [][]cut // by tree
	nodes int     // of all trees
	most  int     // leaves of the largest tree

	m    wasm.Module
	fuel int // index of the fuel global
	data segment

	// addresses
	splatAt int
	bits    []int // of each set
	leaves  int
	leafAt  []int // first leaf of each tree
	termsAt int   // contributions
	binsAt  int
	frameAt int
	walk    walkData

	// entries of the tables of columns
	contextRanks, fewRanks, manyRanks span
	contextSets, rowSets              span

	search, member, contextBins, rowBins int // functions that fill bins
}

func newForest(t *scoring.Trees) *forest {
	e := &forest{plan: newPlan(t), model: t, data: segment{at: 64}, leafAt: make([]int, len(t.Trees))}
	for i := range t.Trees {
		e.order = append(e.order, i)
		tree := &t.Trees[i]
		e.nodes += len(tree.Nodes)
		e.most = max(e.most, len(tree.Leaves))
		var cuts []cut
		for j := range tree.Nodes {
			cuts = append(cuts, e.cut(&tree.Nodes[j]))
		}
		e.cuts = append(e.cuts, cuts)
	}
	slices.SortStableFunc(e.order, func(a, b int) int { return t.Trees[a].Head - t.Trees[b].Head })
	return e
}

// byHead is the trees of a head in order.
func (e *forest) byHead(head int) (trees []int) {
	for _, i := range e.order {
		if e.model.Trees[i].Head == head {
			trees = append(trees, i)
		}
	}
	return trees
}

func (e *forest) branches() bool { return e.nodes <= branchNodes }

func (e *forest) lanes() bool { return e.nodes <= laneNodes && e.most <= laneLeaves }

func (e *forest) module() {
	e.splats()
	e.columnsData()
	e.leavesData()
	e.walkTables()
	e.scratch()
	e.m.ImportFunc(abi.ImportModule, abi.ImportRefill, e.m.Type(nil, nil))
	e.fuel = e.m.GlobalI32(0)
	least, most := pages(e.frameAt), pages(e.frameAt+e.model.Frame.Size(abi.MaxRows))
	e.m.Memory(least, max(least, min(most, abi.MaxPages)))
	e.m.Data(e.data.at, e.data.b)
	e.m.Export(abi.ExportMemory, wasm.KindMemory, 0)
	e.m.Export(abi.ExportFuel, wasm.KindGlobal, e.fuel)
	e.m.Export(abi.ExportAlloc, wasm.KindFunc, e.alloc())
	e.m.Export(abi.ExportModel, wasm.KindFunc, e.noModel())
	e.binFuncs()
	e.m.Export(abi.ExportScore, wasm.KindFunc, e.score())
	e.m.Export(abi.ExportExplain, wasm.KindFunc, e.explain())
	e.m.Custom("aisle.emitter", []byte(EmitterTrees))
}

// end adds the function to the module and returns its index.
func (e *forest) end(f *fn) int {
	return e.m.Func(e.m.Type(f.params, f.results), f.locals, meter.Charged(&f.Code, e.fuel))
}

// loop appends a loop that charges at its head.
func (e *forest) loop(c *wasm.Code, body func(c *wasm.Code)) { meter.Loop(c, e.fuel, body) }

// alloc grows the memory until a frame of the size fits at its one place.
func (e *forest) alloc() int {
	const size = 0
	f := newFn(i32s, wasm.I32)
	missing := f.local(wasm.I32)
	f.Index(wasm.LocalGet, size)
	f.I32(int32(e.model.Frame.Size(abi.MaxRows)))
	f.Op(wasm.I32GtU)
	returnIf(f, 0)
	f.Index(wasm.LocalGet, size)
	f.I32(int32(e.frameAt + pageSize - 1))
	f.Op(wasm.I32Add)
	f.I32(16)
	f.Op(wasm.I32ShrU)
	f.Memory(wasm.MemorySize)
	f.Op(wasm.I32Sub)
	f.Index(wasm.LocalTee, missing)
	f.I32(0)
	f.Op(wasm.I32GtS)
	f.Begin(wasm.If)
	f.Index(wasm.LocalGet, missing)
	f.Memory(wasm.MemoryGrow)
	f.I32(-1)
	f.Op(wasm.I32Eq)
	returnIf(f, 0)
	f.Op(wasm.End)
	f.I32(int32(e.frameAt))
	return e.end(f)
}

func (e *forest) noModel() int {
	f := newFn(i32s, wasm.I32)
	f.I32(0)
	return e.end(f)
}

// checkFrame leaves on the stack whether the frame's header has another version
// or shape than this module's, and the number of rows in its local.
func (e *forest) checkFrame(f *fn, rows int) {
	expect := func(offset int, word uint32) {
		f.Index(wasm.LocalGet, frame)
		f.Mem(wasm.I32Load, offset)
		f.I32(int32(word))
		f.Op(wasm.I32Ne)
	}
	expect(abi.OffsetMagic, abi.Magic)
	for i, word := range e.model.Frame.Words() {
		expect(abi.OffsetShape+4*i, word)
		f.Op(wasm.I32Or)
	}
	f.Index(wasm.LocalGet, frame)
	f.Mem(wasm.I32Load, abi.OffsetRows)
	f.Index(wasm.LocalTee, rows)
	f.I32(abi.MaxRows)
	f.Op(wasm.I32GtU, wasm.I32Or)
}

// nan32 is what missing is.
var nan32 = float32(math.NaN())

// blockShift turns rows into blocks.
var blockShift = int32(bits.TrailingZeros(abi.BlockRows))
