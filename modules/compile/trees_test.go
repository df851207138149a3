package compile_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"math"
	"math/rand/v2"
	"os/exec"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// treesAgree scores and explains frames of an ensemble in an engine and with the
// reference, demands the same bits, and adds them to sum.
func treesAgree(t *testing.T, e *host.Engine, l *scoring.Trees, r *rand.Rand, sum hash.Hash, rows ...int) {
	t.Helper()
	code, err := compile.Trees(l)
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Admit(code, nil, host.Limits{Instances: 1, Fuel: 1000})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, rows := range rows {
		for _, missing := range []float64{0, 0.1, 1} {
			want, err := abi.New(l.Frame, rows)
			if err != nil {
				t.Fatal(err)
			}
			sample.FillNear(&want, l, r, missing)
			if err := l.Score(&want); err != nil {
				t.Fatal(err)
			}
			v := bundle.Vector{Input: want.Input(), Output: bundle.Answers(nil, &want)}
			if err := m.Preflight([]bundle.Vector{v}); err != nil {
				t.Fatalf("%+v, %d trees, %d rows, %v missing: %v", l.Frame, len(l.Trees), rows, missing, err)
			}
			sum.Write(v.Input)
			sum.Write(v.Output)
			if rows > 0 {
				explained(t, m, l, &want, r.IntN(rows), r.IntN(l.Frame.Heads), sum)
			}
		}
	}
}

// explained demands the reference's contributions for a row of the frame.
func explained(t *testing.T, m *host.Module, l *scoring.Trees, want *abi.Frame, row, head int, sum hash.Hash) {
	t.Helper()
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	f, err := in.Frame(l.Frame, want.Rows())
	if err != nil {
		t.Fatal(err)
	}
	copy(f.Bytes(), want.Input())
	got, err := in.Explain(row, head, 1+l.Frame.Columns())
	if err != nil {
		t.Fatal(err)
	}
	wish := l.Contributions(head, scoring.Row{ContextDense: f.ContextDense(), Dense: f.DenseRow(nil, row)})
	if !slices.EqualFunc(got, wish, func(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }) {
		t.Fatalf("row %d, head %d: contributions %v, want %v", row, head, got, wish)
	}
	binary.Write(sum, binary.LittleEndian, wish)
}

// goldenTrees is what treesGolden must hash to on every machine. It changes
// only when the reference or the samples do.
const goldenTrees = "2bb2a098f0430fb0e498ba96a33da268bef54b2658d4c6279c62102f24d6b7e3"

// treesGolden is the part of TestGolden that hashes ensembles of trees.
func treesGolden(t *testing.T) {
	for _, interpreter := range []bool{false, true} {
		e, sum := open(t, interpreter), sha256.New()
		for seed := range uint64(24) {
			r := sample.Rand(seed)
			treesAgree(t, e, sample.Trees(r), r, sum, 0, 1, 2, 15, 16, 17, 33, 600)
		}
		for _, l := range []*scoring.Trees{woods(1, 80, 90), woods(2, 9, 1500), woods(3, 1, 300)} {
			treesAgree(t, e, l, sample.Rand(0), sum, 1, 7, 8, 19)
		}
		for _, l := range []*scoring.Trees{comparisons(1, 40), comparisons(2, 40), comparisons(3, 500)} {
			treesAgree(t, e, l, sample.Rand(0), sum, 1, 2, 4, 5)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != goldenTrees {
			t.Errorf("interpreter %v: golden hash %s, want %s", interpreter, got, goldenTrees)
		}
	}
}

// woods is an ensemble of so many trees of so many nodes with many thresholds.
func woods(seed uint64, trees, nodes int) *scoring.Trees {
	r := sample.Rand(seed)
	l := &scoring.Trees{
		Frame: abi.Shape{ContextDense: 2, Dense: 5, Heads: 2}, Base: []float64{0.5, -0.25}, Divisor: 3, Narrow: seed%2 == 0,
	}
	for i := range trees {
		l.Trees = append(l.Trees, grown(nodes, func(at int) (scoring.Node, int) {
			n := scoring.Node{Column: r.IntN(7), Threshold: float32(4*r.Float32()) - 2, MissingLeft: r.IntN(2) == 0, ZeroMissing: r.IntN(9) == 0}
			if n.Test = scoring.Test(r.IntN(12)); n.Test > scoring.Among {
				n.Test %= 2
			}
			if n.Test == scoring.Among {
				n.Threshold, n.ZeroMissing, n.Set = 0, false, []uint32{r.Uint32(), r.Uint32(), r.Uint32()}
			}
			return n, r.IntN(at + 1)
		}, func() float64 { return float64(float32(r.Float32()) - 0.5) }))
		l.Trees[i].Head = i % 2
	}
	return l
}

// comparisons is an ensemble of trees of up to 40 nodes that do nothing but compare,
// with every kind of bound: single rows find their leaves by patches.
func comparisons(seed uint64, trees int) *scoring.Trees {
	r, inf := sample.Rand(seed), float32(math.Inf(1))
	bounds := []float32{0, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32,
		math.MaxFloat32, -math.MaxFloat32, inf, -inf, 1, -1}
	l := &scoring.Trees{
		Frame: abi.Shape{ContextDense: 2, Dense: 5, Heads: 1}, Base: []float64{0.5}, Divisor: 1, Narrow: seed%2 == 0,
	}
	for i := range trees {
		l.Trees = append(l.Trees, grown(1+i%40, func(at int) (scoring.Node, int) {
			n := scoring.Node{Column: r.IntN(7), Test: scoring.Test(r.IntN(2)), Threshold: r.Float32() - 0.5, MissingLeft: r.IntN(2) == 0}
			if r.IntN(3) == 0 {
				n.Threshold = bounds[r.IntN(len(bounds))]
			}
			return n, r.IntN(at + 1)
		}, func() float64 { return float64(float32(r.Float32()) - 0.5) }))
	}
	return l
}

// grown is a tree whose nodes stand where node says: in one of the places that
// are free, of which there are one more than nodes so far.
func grown(nodes int, node func(at int) (scoring.Node, int), value func() float64) (out scoring.Tree) {
	out.Nodes = make([]scoring.Node, nodes)
	free := []*int{new(int)}
	for i := range out.Nodes {
		n, at := node(i)
		out.Nodes[i] = n
		*free[at] = i
		free[at] = &out.Nodes[i].Left
		free = append(free, &out.Nodes[i].Right)
		out.Expect = append(out.Expect, value())
	}
	for i, at := range free {
		*at = ^i
		out.Leaves = append(out.Leaves, value())
	}
	return out
}

// edge is a node in the last place that is free, so that trees become chains.
func edge(column int, test scoring.Test, threshold float64) func(at int) (scoring.Node, int) {
	return func(at int) (scoring.Node, int) {
		return scoring.Node{Column: column, Test: test, Threshold: float32(threshold), MissingLeft: at%2 == 0}, at
	}
}

// TestEdgesOfTrees: thresholds that nothing or everything passes, chains as deep
// as may be, sets as large as may be, no trees, no columns of rows, all heads.
func TestEdgesOfTrees(t *testing.T) {
	e, inf := open(t, false), math.Inf(1)
	one := func() float64 { return 1 }
	set := make([]uint32, scoring.MaxSet)
	set[len(set)-1], set[0] = 1<<31, 1
	for name, l := range map[string]*scoring.Trees{
		"no tree": {Frame: abi.Shape{Dense: 1, Heads: 3}, Base: []float64{1, 2, 3}, Divisor: 2},
		"infinite": {Frame: abi.Shape{Dense: 1, Heads: 1}, Base: []float64{0}, Divisor: 1, Trees: []scoring.Tree{
			grown(2, edge(0, scoring.Below, -inf), rand.Float64), grown(2, edge(0, scoring.AtMost, -inf), rand.Float64),
			grown(2, edge(0, scoring.Below, inf), rand.Float64), grown(2, edge(0, scoring.AtMost, inf), rand.Float64)}},
		"nothing but infinite": {Frame: abi.Shape{ContextDense: 1, Heads: 1}, Base: []float64{0}, Divisor: 1, Trees: []scoring.Tree{
			grown(2, edge(0, scoring.Below, -inf), rand.Float64)}},
		"minus nothing": {Frame: abi.Shape{Dense: 1, Heads: 1}, Base: []float64{math.Copysign(0, -1)}, Divisor: 1, Trees: []scoring.Tree{
			grown(0, nil, func() float64 { return math.Copysign(0, -1) })}},
		"chain": {Frame: abi.Shape{ContextDense: 1, Dense: 2, Heads: 1}, Base: []float64{0}, Divisor: 1, Trees: []scoring.Tree{
			grown(255, edge(1, scoring.AtMost, 0), rand.Float64), grown(scoring.MaxTreeDepth-1, edge(2, scoring.Below, 1), rand.Float64)}},
		"large set": {Frame: abi.Shape{Dense: 1, Heads: 1}, Base: []float64{0}, Divisor: 1, Trees: []scoring.Tree{
			grown(1, func(int) (scoring.Node, int) { return scoring.Node{Test: scoring.Among, Set: set}, 0 }, rand.Float64)}},
		"all heads":   manyHeads(abi.MaxHeads),
		"all columns": manyColumns(one),
	} {
		t.Run(name, func(t *testing.T) {
			treesAgree(t, e, l, sample.Rand(1), sha256.New(), 0, 1, 2, 5, 33)
		})
	}
}

func manyHeads(heads int) *scoring.Trees {
	l := woods(4, 3*heads, 5)
	l.Frame.Heads, l.Base = heads, make([]float64, heads)
	for i := range l.Trees {
		l.Trees[i].Head = i * 7 % heads
	}
	return l
}

func manyColumns(value func() float64) *scoring.Trees {
	l := &scoring.Trees{Frame: abi.Shape{ContextDense: abi.MaxColumns, Dense: abi.MaxColumns, Heads: 1}, Base: []float64{0}, Divisor: 1}
	r := sample.Rand(9)
	for range 40 {
		l.Trees = append(l.Trees, grown(50, func(at int) (scoring.Node, int) {
			return scoring.Node{Column: r.IntN(2 * abi.MaxColumns), Threshold: r.Float32()}, r.IntN(at + 1)
		}, r.Float64))
	}
	return l
}

// TestTreesOfAnySizeAgree: each way of writing an ensemble that its size decides on.
func TestTreesOfAnySizeAgree(t *testing.T) {
	e := open(t, false)
	for name, l := range map[string]*scoring.Trees{
		"branches and lanes": woods(10, 60, 30),
		"branches only":      woods(11, 4, 400),
		"small patches":      comparisons(15, 120),
		"small patches, f32": comparisons(16, 120),
		"large patches":      comparisons(17, 400),
		"large patches, f32": comparisons(18, 400),
		"walk and lanes":     woods(12, 60, 200),
		"walk only":          woods(13, 300, 210),
		"walk, far children": woods(14, 6, 4000),
	} {
		t.Run(name, func(t *testing.T) {
			treesAgree(t, e, l, sample.Rand(1), sha256.New(), 1, 2, 7, 16, 24, 70)
		})
	}
}

// TestLargeEnsemblesAreAdmitted: 1,000 trees of 255 leaves pass the check of every
// node.
func TestLargeEnsemblesAreAdmitted(t *testing.T) {
	l := woods(20, 100, 254)
	for len(l.Trees) < 1000 {
		l.Trees = append(l.Trees, l.Trees[:100]...)
	}
	code, err := compile.Trees(l)
	if err != nil {
		t.Fatal(err)
	}
	if err := meter.Check(code, meter.Limits{}); err != nil {
		t.Fatalf("%d bytes: %v", len(code), err)
	}
}

// ensemble is one of so many trees of so many leaves over 50 columns.
func ensemble(trees, leaves int) *scoring.Trees {
	r := sample.Rand(21)
	l := &scoring.Trees{Frame: abi.Shape{Dense: 50, Heads: 1}, Base: []float64{0}, Divisor: 1}
	for range trees {
		l.Trees = append(l.Trees, grown(leaves-1, func(at int) (scoring.Node, int) {
			return scoring.Node{Column: r.IntN(50), Threshold: float32(r.IntN(255)) / 255}, r.IntN(at + 1)
		}, r.Float64))
	}
	return l
}

// flown is the ensemble's module behind preflight, as a node has it, or the error of it.
func flown(t *testing.T, l *scoring.Trees, limits host.Limits) (*host.Module, error) {
	t.Helper()
	code, err := compile.Trees(l)
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := bundle.Golden(l)
	if err != nil {
		t.Fatal(err)
	}
	m, err := open(t, false).Admit(code, nil, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m, m.Preflight(vectors)
}

// TestFullFramesFitABudget: the most rows there are, by 500 trees of 31 leaves, take
// no more fuel than a host grants unasked; and by 500 of 255 no more than it
// grants when it has measured what a row takes, whatever the rows are.
func TestFullFramesFitABudget(t *testing.T) {
	for leaves, limits := range map[int]host.Limits{31: {Instances: 1}, 255: {Instances: 1, Ours: true}} {
		l := ensemble(500, leaves)
		m, err := flown(t, l, limits)
		if err != nil {
			t.Fatal(err)
		}
		for _, missing := range []float64{0, 0.3, 1} {
			in, err := m.Borrow()
			if err != nil {
				t.Fatal(err)
			}
			f, err := in.Frame(l.Frame, abi.MaxRows)
			if err != nil {
				t.Fatal(err)
			}
			sample.Fill(f, sample.Rand(7), missing)
			if err := in.Score(); err != nil {
				t.Errorf("%d leaves, %v missing: %v", leaves, missing, err)
			}
			in.Return()
		}
	}
}

// TestAModelTooLargeForAFullFrameIsRefused before anything is decided by it.
func TestAModelTooLargeForAFullFrameIsRefused(t *testing.T) {
	l := ensemble(500, 255)
	l.Trees = slices.Concat(l.Trees, l.Trees, l.Trees[:300])
	if _, err := flown(t, l, host.Limits{Instances: 1, Ours: true}); !errors.Is(err, host.ErrHeavy) {
		t.Fatalf("1,300 trees of 255 leaves: %v", err)
	}
}

// TestBytesOfTreesAreFixed: other bytes need another emitter.
func TestBytesOfTreesAreFixed(t *testing.T) {
	if compile.EmitterTrees != "trees/1" {
		t.Fatal("a new emitter: replace the digests")
	}
	for seed, want := range []string{
		"6509b03d6760636eed0261af6d817d54b8bffa0bbf41d71ba6a979263fa23bae",
		"b321c6d8639e158c4fca2931baf0e5ed1d93e2d300527276e3d2fce56755f7a0",
		"be2b93d909a5861a3aa915fc37a41de280affc0d422bd8c8e679f7ede15fc653",
	} {
		code, err := compile.Trees(woods(uint64(seed), 1+40*seed, 100))
		if err != nil {
			t.Fatal(err)
		}
		if got := compile.Digest(code); got != want {
			t.Errorf("ensemble %d: digest %s, want %s", seed, got, want)
		}
	}
}

// TestAnotherValidatorAgreesOnTrees asks wabt's wasm-validate.
func TestAnotherValidatorAgreesOnTrees(t *testing.T) {
	tool, err := exec.LookPath("wasm-validate")
	if err != nil {
		t.Skip("needs wasm-validate (Debian package wabt)")
	}
	for seed := range uint64(12) {
		code, err := compile.Trees(sample.Trees(sample.Rand(seed)))
		if err != nil {
			t.Fatal(err)
		}
		validated(t, tool, "trees", code)
	}
}

// TestWhatIsNoEnsembleIsRefused: cycles, indices outside and numbers that are none
// end in an error, before anything is written.
func TestWhatIsNoEnsembleIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(l *scoring.Trees){
		"cycle":           func(l *scoring.Trees) { l.Trees[0].Nodes[1].Left = 0 },
		"itself":          func(l *scoring.Trees) { l.Trees[0].Nodes[2].Right = 2 },
		"node twice":      func(l *scoring.Trees) { l.Trees[0].Nodes[0].Left, l.Trees[0].Nodes[0].Right = 1, 1 },
		"leaf outside":    func(l *scoring.Trees) { l.Trees[0].Nodes[29].Left = ^31 },
		"node outside":    func(l *scoring.Trees) { l.Trees[0].Nodes[29].Left = 30 },
		"column outside":  func(l *scoring.Trees) { l.Trees[0].Nodes[3].Column = 7 },
		"column below":    func(l *scoring.Trees) { l.Trees[0].Nodes[3].Column = -1 },
		"head outside":    func(l *scoring.Trees) { l.Trees[0].Head = 2 },
		"no leaves":       func(l *scoring.Trees) { l.Trees[0].Leaves = nil },
		"no expectations": func(l *scoring.Trees) { l.Trees[0].Expect = nil },
		"another test":    func(l *scoring.Trees) { l.Trees[0].Nodes[0].Test = 9 },
		"threshold no number": func(l *scoring.Trees) {
			l.Trees[0].Nodes[0].Test, l.Trees[0].Nodes[0].Threshold = scoring.Below, float32(math.NaN())
		},
		"leaf infinite": func(l *scoring.Trees) { l.Trees[0].Leaves[0] = math.Inf(1) },
		"no divisor":    func(l *scoring.Trees) { l.Divisor = 0 },
		"no base":       func(l *scoring.Trees) { l.Base = nil },
		"no heads":      func(l *scoring.Trees) { l.Frame.Heads = 0 },
		"categories":    func(l *scoring.Trees) { l.Frame.Categorical = 1 },
	} {
		l := woods(1, 2, 30)
		spoil(l)
		if code, err := compile.Trees(l); code != nil || !errors.Is(err, scoring.ErrModel) && !errors.Is(err, scoring.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
