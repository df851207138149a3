package compile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// treesAgree scores and explains frames of an ensemble in an engine and with the
// reference, demands the same bits, and adds them to sum.
func treesAgree(t *testing.T, e *host.Engine, l *scoring.Trees, r *rand.Rand, sum hash.Hash) {
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
	for _, rows := range []int{0, 1, 15, 16, 17, 32 + r.IntN(300)} {
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
				explained(t, m, l, &want, r.IntN(rows), r.IntN(l.Frame.Heads))
			}
		}
	}
}

// explained demands the reference's contributions for a row of the frame.
func explained(t *testing.T, m *host.Module, l *scoring.Trees, want *abi.Frame, row, head int) {
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
}

// goldenTrees is what TestGoldenTrees must hash to on every machine. It changes
// only when the reference or the samples do.
const goldenTrees = "44903b873031f14b9829e9dca11924f1bfa7774be69a7cc1164b94be0dcda2f0"

// TestGoldenTrees hashes inputs and answers of many ensembles. The reference, the
// compiler and the interpreter must agree bit for bit, and machines too.
func TestGoldenTrees(t *testing.T) {
	for _, interpreter := range []bool{false, true} {
		e, sum := open(t, interpreter), sha256.New()
		for seed := range uint64(24) {
			r := sample.Rand(seed)
			treesAgree(t, e, sample.Trees(r), r, sum)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != goldenTrees {
			t.Errorf("interpreter %v: golden hash %s, want %s", interpreter, got, goldenTrees)
		}
	}
}
