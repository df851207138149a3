package compile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// agree scores frames of a random model in an engine and with the reference,
// demands the same bits, and adds them to sum.
func agree(t *testing.T, e *host.Engine, s scoring.Shape, r *rand.Rand, sum hash.Hash) {
	t.Helper()
	l := sample.Linear(s, r)
	blob, err := l.Encode()
	if err != nil {
		t.Fatal(err)
	}
	code, err := compile.Linear(s)
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Admit(code, blob, host.Limits{Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, rows := range []int{0, 1, 16, 16 + r.IntN(80)} {
		for _, missing := range []float64{0, 0.1, 1} {
			want, err := abi.New(s.Frame, rows)
			if err != nil {
				t.Fatal(err)
			}
			sample.Fill(&want, r, missing)
			if err := l.Score(&want); err != nil {
				t.Fatal(err)
			}
			v := bundle.Vector{Input: want.Input(), Output: bundle.Answers(nil, &want)}
			if err := m.Preflight([]bundle.Vector{v}); err != nil {
				t.Fatalf("%+v, %d rows, %v missing: %v", s, rows, missing, err)
			}
			sum.Write(v.Input)
			sum.Write(v.Output)
		}
	}
}

func open(t *testing.T, interpreter bool) *host.Engine {
	t.Helper()
	e, err := host.Open(host.Options{Interpreter: interpreter})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// golden is what TestGolden must hash to on every machine. It changes only when
// the reference or the samples do.
const golden = "72346c55a4050c1ae72eb990b10af56d8c1f0aded8a1b314bfadcda907865ca9"

// TestGolden hashes inputs and answers of many models. The reference, the
// compiler and the interpreter must agree bit for bit, and machines too.
func TestGolden(t *testing.T) {
	for _, interpreter := range []bool{false, true} {
		e, sum := open(t, interpreter), sha256.New()
		for seed := range uint64(24) {
			r := sample.Rand(seed)
			agree(t, e, sample.Shape(r), r, sum)
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != golden {
			t.Errorf("interpreter %v: golden hash %s, want %s", interpreter, got, golden)
		}
	}
}

// TestEdgesOfShapes: passes that are cut, entries wider than a vector, rows
// without columns, crosses of every kind of columns.
func TestEdgesOfShapes(t *testing.T) {
	var crosses []scoring.Cross
	for i := range 80 {
		crosses = append(crosses, scoring.Cross{A: i % 5, B: i / 5 % 5})
	}
	e := open(t, false)
	for i, s := range []scoring.Shape{
		{Frame: abi.Shape{Heads: 1}},
		{Frame: abi.Shape{Heads: 8, Variance: true}},
		{Frame: abi.Shape{ContextDense: 70, Heads: 2, Variance: true}},
		{Frame: abi.Shape{Dense: 100, Heads: 1, Variance: true}},
		{Frame: abi.Shape{Dense: abi.MaxColumns, Heads: 1}},
		{Frame: abi.Shape{Dense: 33, Heads: 5, Variance: true}},
		{Frame: abi.Shape{Dense: 33, Categorical: 5, Heads: 3}, Bits: 1, Crosses: crosses},
		{Frame: abi.Shape{ContextCategorical: 2, Categorical: 3, Heads: 1}, Bits: 12, Crosses: crosses},
		{Frame: abi.Shape{ContextCategorical: 5, Heads: 4, Variance: true}, Bits: 5, Crosses: crosses},
		{Frame: abi.Shape{ContextDense: 2, ContextCategorical: 2, Dense: 40, Categorical: 3, Heads: 8, Variance: true}, Bits: 9, Crosses: crosses},
	} {
		agree(t, e, s, sample.Rand(uint64(i)), sha256.New())
	}
}

// TestBytesAreFixed: a release names modules by digest and nodes make them
// anew, so other bytes need another Emitter.
func TestBytesAreFixed(t *testing.T) {
	if compile.Emitter != "linear/2" {
		t.Fatal("a new emitter: replace the digests")
	}
	for seed, want := range []string{
		"db6fdc6be8df1d4b910374be09836532de24903fdceb5601bbf822b45d91256e",
		"aeafecf152ba6e80306d8d3a1f15e2caf27225c8cbd3ed7bea010cde87585498",
		"f93916975a6681fffb29a10636ccef9cc9a187e80e0d18569da90f8db2784f31",
	} {
		s := sample.Shape(sample.Rand(uint64(seed)))
		code, err := compile.Linear(s)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := compile.Linear(s)
		if !bytes.Equal(code, again) {
			t.Fatal("the same shape gave two modules")
		}
		if got := compile.Digest(code); got != want {
			t.Errorf("shape %d: digest %s, want %s", seed, got, want)
		}
	}
}

// TestAnotherValidatorAgrees asks wabt's wasm-validate.
func TestAnotherValidatorAgrees(t *testing.T) {
	tool, err := exec.LookPath("wasm-validate")
	if err != nil {
		t.Skip("needs wasm-validate (Debian package wabt)")
	}
	for seed := range uint64(12) {
		code, err := compile.Linear(sample.Shape(sample.Rand(seed)))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "module.wasm")
		if err := os.WriteFile(file, code, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(tool, file).CombinedOutput(); err != nil {
			t.Errorf("seed %d: %v: %s", seed, err, out)
		}
	}
}

// TestTheWidestShapeIsAdmitted: no shape within the limits makes a module beyond
// what nodes admit.
func TestTheWidestShapeIsAdmitted(t *testing.T) {
	const most = abi.MaxColumns
	code, err := compile.Linear(scoring.Shape{
		Frame: abi.Shape{ContextDense: most, ContextCategorical: most, Dense: most, Categorical: most, Heads: scoring.MaxHeads, Variance: true},
		Bits:  8, Crosses: make([]scoring.Cross, scoring.MaxCrosses),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := meter.Check(code, meter.Limits{}); err != nil {
		t.Fatalf("%d bytes: %v", len(code), err)
	}
}

func TestShapesOutsideTheLimitsAreRefused(t *testing.T) {
	if _, err := compile.Linear(scoring.Shape{}); !errors.Is(err, scoring.ErrShape) {
		t.Fatal(err)
	}
}
