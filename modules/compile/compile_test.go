package compile_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash"
	"math"
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

// samples are a model of each family that reads one.
func samples(seed uint64) map[string]scoring.Model {
	r := sample.Rand(seed)
	return map[string]scoring.Model{
		"linear": sample.Linear(sample.Shape(r), r),
		"linucb": sample.LinUCB(sample.LinUCBShape(r), r),
		"factor": sample.Factor(sample.FactorShape(r), r),
	}
}

// emitted is the module that a model's emitter makes.
func emitted(t *testing.T, m scoring.Model) []byte {
	t.Helper()
	code, err := compile.Make(m)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// agree scores frames of a model in an engine and with the reference, demands the
// same bits, of contributions too, and adds them to sum.
func agree(t *testing.T, e *host.Engine, model scoring.Model, r *rand.Rand, sum hash.Hash, more ...int) {
	t.Helper()
	m := admitted(t, e, model)
	defer m.Close()
	for _, rows := range append([]int{0, 1, 16, 16 + r.IntN(80)}, more...) {
		for _, missing := range []float64{0, 0.1, 1} {
			want, err := abi.New(model.FrameShape(), rows)
			if err != nil {
				t.Fatal(err)
			}
			sample.Fill(&want, r, missing)
			same(t, m, model, &want, sum)
			if rows > 0 {
				contributed(t, m, model, &want, r.IntN(rows), sum)
			}
		}
	}
}

// same scores a frame with module and reference.
func same(t *testing.T, m *host.Module, model scoring.Model, f *abi.Frame, sum hash.Hash) {
	t.Helper()
	if err := model.Score(f); err != nil {
		t.Fatal(err)
	}
	v := bundle.Vector{Input: f.Input(), Output: bundle.Answers(nil, f)}
	if err := m.Preflight([]bundle.Vector{v}); err != nil {
		t.Fatalf("%+v, %d rows: %v", f.Shape(), f.Rows(), err)
	}
	sum.Write(v.Input)
	sum.Write(v.Output)
}

// admitted is the model's module in an engine.
func admitted(t *testing.T, e *host.Engine, model scoring.Model) *host.Module {
	t.Helper()
	blob, err := model.Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := e.Admit(emitted(t, model), blob, host.Limits{Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// contributed compares contributions to a row of a frame.
func contributed(t *testing.T, m *host.Module, model scoring.Model, f *abi.Frame, row int, sum hash.Hash) {
	t.Helper()
	in, err := m.Borrow()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Return()
	own, err := in.Frame(f.Shape(), f.Rows())
	if err != nil {
		t.Fatal(err)
	}
	copy(own.Bytes(), f.Bytes())
	for h := range f.Shape().Heads {
		want := model.Contributions(h, scoring.Row{
			ContextDense: f.ContextDense(), ContextCategorical: f.ContextCategorical(),
			Dense: f.DenseRow(nil, row), Categorical: f.CategoricalRow(nil, row),
		})
		got, err := in.Explain(row, h, len(want))
		if err != nil {
			t.Fatalf("%+v: %v", f.Shape(), err)
		}
		for i := range want {
			if math.Float64bits(got[i]) != math.Float64bits(want[i]) {
				t.Fatalf("%+v: contribution %d to row %d of head %d is %v, want %v", f.Shape(), i, row, h, got[i], want[i])
			}
		}
		binary.Write(sum, binary.LittleEndian, want)
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
const golden = "c569d4674a3c2c39c16b4969a5caa42a9c1ea9fcb65a63cb35764042998c65b0"

// TestGolden hashes inputs and answers of many models. The reference, the
// compiler and the interpreter must agree bit for bit, and machines too.
func TestGolden(t *testing.T) {
	for _, interpreter := range []bool{false, true} {
		e, sum := open(t, interpreter), sha256.New()
		for seed := range uint64(24) {
			for _, family := range []string{"linear", "linucb", "factor"} {
				agree(t, e, samples(seed)[family], sample.Rand(seed), sum)
			}
		}
		if got := hex.EncodeToString(sum.Sum(nil)); got != golden {
			t.Errorf("interpreter %v: golden hash %s, want %s", interpreter, got, golden)
		}
	}
	t.Run("trees", treesGolden)
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
		r := sample.Rand(uint64(i))
		agree(t, e, sample.Linear(s, r), r, sha256.New())
	}
}

// TestBytesAreFixed: a release names modules by digest and nodes make them
// anew, so other bytes need another Emitter.
func TestBytesAreFixed(t *testing.T) {
	if compile.Emitter != "linear/2" || compile.EmitterLinUCB != "linucb/0" || compile.EmitterFactor != "factor/0" {
		t.Fatal("a new emitter: replace the digests")
	}
	for family, wants := range map[string][]string{
		"linear": {
			"86574c1e9b58ef3d1ef8a03d387e3dec3fe9dc78dbaa083ebc970244e14620f7",
			"dffbc05d7cdde364e1ff98d0d62ec17a81ab68850809680a1d8ef0a12716037c",
			"bbc0294786655e650bba88e9e62afb7bd58e760316baeeeecc297559aad4b90e",
		},
		"linucb": {
			"eca9e2c01d8ac27392924378c66998ba1fd4b6edf22425adad1346cd08941f5e",
			"b405a9447831f5dfee1094576112534b107d3e02295ebcef6adb200079ea1f88",
			"4d01e4ef50ccc3a103572d71bc0b529cff737b6a757f84f6c19d5b7260d485a6",
		},
		"factor": {
			"80f791632b944132f5437367f8ed9751e0a95fc12d75a94362221ba8d78e5e7c",
			"6737b1d120bba5997fee1e7b0a2cd0ffee7dcd1adfcb42b9d4b71411b0a83444",
			"9aad801098245f35db54b122ccf4b31f39cca19c69233833c1866f257747cb6b",
		},
	} {
		for seed, want := range wants {
			code := emitted(t, samples(uint64(seed))[family])
			if !bytes.Equal(code, emitted(t, samples(uint64(seed))[family])) {
				t.Fatal("the same shape gave two modules")
			}
			if got := compile.Digest(code); got != want {
				t.Errorf("%s %d: digest %s, want %s", family, seed, got, want)
			}
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
		for family, m := range samples(seed) {
			validated(t, tool, family, emitted(t, m))
		}
	}
}

func validated(t *testing.T, tool, family string, code []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "module.wasm")
	if err := os.WriteFile(file, code, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(tool, file).CombinedOutput(); err != nil {
		t.Errorf("%s: %v: %s", family, err, out)
	}
}

// TestTheWidestShapesAreAdmitted: no shape within the limits makes a module beyond
// what nodes admit.
func TestTheWidestShapesAreAdmitted(t *testing.T) {
	const most = abi.MaxColumns
	all := abi.Shape{ContextDense: most, ContextCategorical: most, Dense: most, Categorical: most, Heads: scoring.MaxHeads}
	wide := scoring.Shape{Frame: all, Bits: 8, Crosses: make([]scoring.Cross, scoring.MaxCrosses)}
	wide.Frame.Variance = true
	for family, code := range map[string]func() ([]byte, error){
		"linear": func() ([]byte, error) { return compile.Linear(wide) },
		"linucb": func() ([]byte, error) {
			return compile.LinUCB(scoring.LinUCBShape{Frame: abi.Shape{Dense: scoring.MaxWidth - 1, Heads: scoring.MaxHeads, Variance: true}, Bias: true})
		},
		"factor": func() ([]byte, error) {
			return compile.Factor(scoring.FactorShape{Frame: all, Bits: 8, Factors: scoring.MaxFactors})
		},
	} {
		b, err := code()
		if err != nil {
			t.Fatal(err)
		}
		if err := meter.Check(b, meter.Limits{}); err != nil {
			t.Errorf("%s, %d bytes: %v", family, len(b), err)
		}
	}
}

func TestShapesOutsideTheLimitsAreRefused(t *testing.T) {
	if _, err := compile.Linear(scoring.Shape{}); !errors.Is(err, scoring.ErrShape) {
		t.Error(err)
	}
	if _, err := compile.LinUCB(scoring.LinUCBShape{}); !errors.Is(err, scoring.ErrShape) {
		t.Error(err)
	}
	if _, err := compile.Factor(scoring.FactorShape{}); !errors.Is(err, scoring.ErrShape) {
		t.Error(err)
	}
}
