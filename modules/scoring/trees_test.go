package scoring_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math"
	"os"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// stump is an ensemble of one node: 1 to the left, 2 to the right.
func stump(n scoring.Node) *scoring.Trees {
	n.Left, n.Right = ^0, ^1
	return &scoring.Trees{
		Frame: abi.Shape{Dense: 1, Heads: 1}, Base: []float64{0}, Divisor: 1,
		Trees: []scoring.Tree{{Nodes: []scoring.Node{n}, Leaves: []float64{1, 2}, Expect: []float64{1.5}}},
	}
}

func TestNodesDecideAsDocumented(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	above := math.Nextafter32(1e-35, 1)
	at := func(x float32) scoring.Node { return scoring.Node{Test: scoring.AtMost, Threshold: x} }
	below := func(x float32) scoring.Node { return scoring.Node{Test: scoring.Below, Threshold: x} }
	with := func(n scoring.Node, missing, zero bool) scoring.Node {
		n.MissingLeft, n.ZeroMissing = missing, zero
		return n
	}
	set := scoring.Node{Test: scoring.Among, Set: []uint32{1 | 1<<31, 1 << 1}}
	for _, c := range []struct {
		name string
		node scoring.Node
		x    float32
		left bool
	}{
		{"at most, at it", at(2), 2, true}, {"at most, above", at(2), math.Nextafter32(2, 3), false}, {"at most, missing", at(2), nan, false},
		{"at most, missing left", with(at(-2), true, false), nan, true}, {"at most, zero is a number", with(at(-2), true, false), 0, false},
		{"at most, zero is missing", with(at(-2), true, true), 0, true}, {"at most, almost zero", with(at(-2), true, true), -1e-35, true},
		{"at most, almost zero, to the right", with(at(2), false, true), 1e-35, false}, {"at most, not that near", with(at(2), false, true), above, true},
		{"below, at it", below(2), 2, false}, {"below, below", below(2), math.Nextafter32(2, 0), true}, {"below infinity", below(inf), 1e30, true},
		{"below, infinite", below(inf), inf, false}, {"below, missing left", with(below(2), true, false), nan, true}, {"below, missing", below(2), nan, false},
		{"in the set", set, 31, true}, {"in the set, cut", set, 31.9, true}, {"in the second word", set, 33, true}, {"not in the set", set, 30, false},
		{"past the set", set, 64, false}, {"far past the set", set, 1e30, false}, {"negative", set, -1, false}, {"cut to zero", set, -0.5, true},
		{"infinite category", set, inf, false}, {"least category", set, -inf, false}, {"missing category", set, nan, false},
		{"missing category left", with(set, true, false), nan, true},
	} {
		trees := stump(c.node)
		if err := trees.Validate(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		row := scoring.Row{Dense: []float32{c.x}}
		want, delta := 2.0, 0.5
		if c.left {
			want, delta = 1, -0.5
		}
		if got := trees.Mean(0, row); got != want {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
		if got := trees.Contributions(0, row); got[0] != 1.5 || got[1] != delta {
			t.Errorf("%s: contributions %v", c.name, got)
		}
	}
}

func TestTreesOfOtherHeadsAreNotCounted(t *testing.T) {
	leaf := func(head int, v float64) scoring.Tree { return scoring.Tree{Head: head, Leaves: []float64{v}} }
	trees := &scoring.Trees{
		Frame: abi.Shape{Heads: 2}, Base: []float64{100, 200}, Divisor: 4,
		Trees: []scoring.Tree{leaf(0, 1), leaf(1, 2), leaf(0, 4), leaf(1, 8)},
	}
	for head, want := range []float64{105.0 / 4, 210.0 / 4} {
		if got := trees.Mean(head, scoring.Row{}); got != want {
			t.Errorf("head %d: %v, want %v", head, got, want)
		}
		if got := trees.Contributions(head, scoring.Row{}); got[0] != want {
			t.Errorf("head %d: bias %v, want %v", head, got[0], want)
		}
	}
}

// TestNarrowSumsAreF32: what f32 loses is lost in narrow sums, in the order of
// the trees, and kept in the others.
func TestNarrowSumsAreF32(t *testing.T) {
	trees := &scoring.Trees{Frame: abi.Shape{Heads: 1}, Base: []float64{1 << 24}, Divisor: 1}
	for _, v := range []float64{1, 1, -1 << 24, 1} {
		trees.Trees = append(trees.Trees, scoring.Tree{Leaves: []float64{v}})
	}
	if got := trees.Mean(0, scoring.Row{}); got != 3 {
		t.Errorf("wide sum %v", got)
	}
	trees.Narrow = true
	if got := trees.Mean(0, scoring.Row{}); got != 1 {
		t.Errorf("narrow sum %v", got)
	}
}

func TestContributionsOfTreesSumToTheMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := sample.Rand(rapid.Uint64().Draw(t, "seed"))
		trees := sample.Trees(r)
		f, err := abi.New(trees.Frame, 1+r.IntN(20))
		if err != nil {
			t.Fatal(err)
		}
		sample.FillNear(&f, trees, r, 0.2)
		if err := trees.Score(&f); err != nil {
			t.Fatal(err)
		}
		for i := range f.Rows() {
			row := scoring.Row{ContextDense: f.ContextDense(), Dense: f.DenseRow(nil, i)}
			for h := range trees.Frame.Heads {
				sum := 0.0
				for _, c := range trees.Contributions(h, row) {
					sum += c
				}
				if math.Abs(sum-f.Mean(h)[i]) > 2e-5 {
					t.Fatalf("row %d of head %d: contributions sum to %v, the mean is %v", i, h, sum, f.Mean(h)[i])
				}
			}
		}
	})
}

// TestGoldenTrees: testdata/v0.trees is version 0 and stays for ever.
func TestGoldenTrees(t *testing.T) {
	golden, err := os.ReadFile("testdata/v0.trees")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := scoring.DecodeTrees(golden); err != nil {
		t.Fatal(err)
	}
	if b, err := sample.Trees(sample.Rand(230)).Encode(); err != nil || !bytes.Equal(b, golden) {
		t.Fatalf("trees of version 0 have changed: %v", err)
	}
}

// TestGolden: one hash of means, contributions and predictions on every processor.
func TestGolden(t *testing.T) {
	const want = "8cf0df076519cdb9188e4947c5ecd29a7eec40020f4db567566ab8681625494d"
	h := sha256.New()
	for seed := range uint64(60) {
		r := sample.Rand(seed)
		trees := sample.Trees(r)
		f, _ := abi.New(trees.Frame, 1+r.IntN(40))
		sample.FillNear(&f, trees, r, 0.1)
		if err := trees.Score(&f); err != nil {
			t.Fatal(err)
		}
		h.Write(f.Bytes())
		for i := range f.Rows() {
			binary.Write(h, binary.LittleEndian, trees.Contributions(0, scoring.Row{ContextDense: f.ContextDense(), Dense: f.DenseRow(nil, i)}))
			means := []float64{f.Mean(0)[i], float64(i) / 7}
			for _, kind := range []string{"logistic", "softmax", "exp", "square", "log1pexp", "argmax", "step"} {
				binary.Write(h, binary.LittleEndian, scoring.Link{Kind: kind, Scale: 1.5}.Apply(nil, means))
			}
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("the answers hash to %s, want %s", got, want)
	}
}

func TestTreesReadBack(t *testing.T) {
	for seed := range uint64(100) {
		b, err := sample.Trees(sample.Rand(seed)).Encode()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		trees, err := scoring.DecodeTrees(b)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if again, err := trees.Encode(); err != nil || !bytes.Equal(b, again) {
			t.Fatalf("seed %d does not read back: %v", seed, err)
		}
		for cut := range len(b) {
			if cut%7 == 0 {
				if _, err := scoring.DecodeTrees(b[:cut]); !errors.Is(err, scoring.ErrModel) {
					t.Fatalf("seed %d, cut off at %d: %v", seed, cut, err)
				}
			}
		}
	}
}

func TestWhatIsNoTreeIsRefused(t *testing.T) {
	chain := func(n int) *scoring.Trees {
		trees := stump(scoring.Node{})
		tree := &trees.Trees[0]
		*tree = scoring.Tree{Nodes: make([]scoring.Node, n), Leaves: make([]float64, n+1), Expect: make([]float64, n)}
		for i := range tree.Nodes {
			tree.Nodes[i].Left, tree.Nodes[i].Right = ^i, i+1
		}
		tree.Nodes[n-1].Right = ^n
		return trees
	}
	if err := chain(scoring.MaxTreeDepth).Validate(); err != nil {
		t.Fatalf("the deepest tree: %v", err)
	}
	for name, spoil := range map[string]func(t *scoring.Trees, n *scoring.Node){
		"column":             func(t *scoring.Trees, n *scoring.Node) { n.Column = 1 },
		"negative column":    func(t *scoring.Trees, n *scoring.Node) { n.Column = -1 },
		"test":               func(t *scoring.Trees, n *scoring.Node) { n.Test = 3 },
		"NaN threshold":      func(t *scoring.Trees, n *scoring.Node) { n.Threshold = float32(math.NaN()) },
		"set with threshold": func(t *scoring.Trees, n *scoring.Node) { n.Set = []uint32{1} },
		"no set":             func(t *scoring.Trees, n *scoring.Node) { n.Test = scoring.Among },
		"set too large": func(t *scoring.Trees, n *scoring.Node) {
			n.Test, n.Set = scoring.Among, make([]uint32, scoring.MaxSet+1)
		},
		"own child":           func(t *scoring.Trees, n *scoring.Node) { n.Left = 0 },
		"child out of range":  func(t *scoring.Trees, n *scoring.Node) { n.Left = 1 },
		"leaf out of range":   func(t *scoring.Trees, n *scoring.Node) { n.Left = ^2 },
		"leaf twice":          func(t *scoring.Trees, n *scoring.Node) { n.Left = n.Right },
		"leaf unused":         func(t *scoring.Trees, n *scoring.Node) { t.Trees[0].Leaves = make([]float64, 3) },
		"leaf NaN":            func(t *scoring.Trees, n *scoring.Node) { t.Trees[0].Leaves[0] = math.NaN() },
		"narrow leaf in f64":  func(t *scoring.Trees, n *scoring.Node) { t.Trees[0].Leaves[0], t.Narrow = 0.1, true },
		"no expectation":      func(t *scoring.Trees, n *scoring.Node) { t.Trees[0].Expect = nil },
		"infinite expected":   func(t *scoring.Trees, n *scoring.Node) { t.Trees[0].Expect[0] = math.Inf(1) },
		"head":                func(t *scoring.Trees, n *scoring.Node) { t.Trees[0].Head = 1 },
		"base":                func(t *scoring.Trees, n *scoring.Node) { t.Base = nil },
		"infinite base":       func(t *scoring.Trees, n *scoring.Node) { t.Base[0] = math.Inf(-1) },
		"divisor":             func(t *scoring.Trees, n *scoring.Node) { t.Divisor = 0 },
		"too many trees":      func(t *scoring.Trees, n *scoring.Node) { t.Trees = make([]scoring.Tree, scoring.MaxTrees+1) },
		"too deep":            func(t *scoring.Trees, n *scoring.Node) { *t = *chain(scoring.MaxTreeDepth + 1) },
		"node of two parents": func(t *scoring.Trees, n *scoring.Node) { *t = *chain(3); t.Trees[0].Nodes[0].Left = 1 },
		"node of no parent":   func(t *scoring.Trees, n *scoring.Node) { *t = *chain(3); t.Trees[0].Nodes[0].Right = 2 },
	} {
		trees := stump(scoring.Node{})
		spoil(trees, &trees.Trees[0].Nodes[0])
		if _, err := trees.Encode(); !errors.Is(err, scoring.ErrModel) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, frame := range map[string]abi.Shape{
		"no heads": {Dense: 1}, "variance": {Dense: 1, Heads: 1, Variance: true}, "categorical": {Dense: 1, Categorical: 1, Heads: 1},
	} {
		trees := stump(scoring.Node{})
		trees.Frame = frame
		if err := trees.Validate(); !errors.Is(err, scoring.ErrShape) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzDecodeTrees(f *testing.F) {
	for seed := range uint64(10) {
		b, err := sample.Trees(sample.Rand(seed)).Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		trees, err := scoring.DecodeTrees(b)
		if err != nil {
			if !errors.Is(err, scoring.ErrModel) {
				t.Fatal(err)
			}
			return
		}
		if again, err := trees.Encode(); err != nil || !bytes.Equal(b, again) {
			t.Fatalf("accepted bytes that do not read back: %v", err)
		}
		if f, err := abi.New(trees.Frame, 3); err == nil {
			sample.FillNear(&f, trees, sample.Rand(1), 0.2)
			if err := trees.Score(&f); err != nil {
				t.Fatal(err)
			}
		}
	})
}
