package elementary

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"testing"
)

// ulps is how many representable numbers lie between a and b.
func ulps(a, b float64) uint64 {
	if a == b || a != a && b != b {
		return 0
	}
	if math.Signbit(a) != math.Signbit(b) || a != a || b != b {
		return math.MaxUint64
	}
	x, y := math.Float64bits(a), math.Float64bits(b)
	return max(x, y) - min(x, y)
}

func TestSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		name      string
		got, want float64
	}{
		{"exp 0", Exp(0), 1}, {"exp inf", Exp(inf), inf}, {"exp -inf", Exp(-inf), 0}, {"exp nan", Exp(nan), nan},
		{"exp 710", Exp(710), inf}, {"exp -746", Exp(-746), 0}, {"exp least", Exp(-745.13), math.SmallestNonzeroFloat64},
		{"log 1", Log(1), 0}, {"log 0", Log(0), -inf}, {"log inf", Log(inf), inf}, {"log -1", Log(-1), nan}, {"log nan", Log(nan), nan},
		{"log least", Log(math.SmallestNonzeroFloat64), -744.4400719213812}, {"log subnormal", Log(0x1p-1030), -0x1.64f886378b146p+9},
		{"log1p 0", Log1p(0), 0}, {"log1p -1", Log1p(-1), -inf}, {"log1p -2", Log1p(-2), nan}, {"log1p inf", Log1p(inf), inf},
		{"log1p tiny", Log1p(1e-300), 1e-300}, {"log1p nan", Log1p(nan), nan},
	} {
		if ulps(c.got, c.want) != 0 {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}

// The bounds that are promised, and one unit for package math's own.
func TestErrorBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	worst := map[string]uint64{}
	check := func(name string, x, got, want float64, bound uint64) {
		d := ulps(got, want)
		worst[name] = max(worst[name], d)
		if d > bound+1 {
			t.Fatalf("%s(%v) is %v, want %v: %d units off", name, x, got, want, d)
		}
	}
	for range 300_000 {
		x := 800*r.Float64() - 400
		check("exp", x, Exp(x), math.Exp(x), 2)
		x = r.Float64() - 0.5
		check("exp near 0", x, Exp(x), math.Exp(x), 2)
		x = -745 + 40*r.Float64()
		check("exp near the end", x, Exp(x), math.Exp(x), 2)
		x = math.Float64frombits(uint64(1+r.IntN(2046))<<52 | r.Uint64()>>12) // any normal
		check("log", x, Log(x), math.Log(x), 2)
		x = 0.5 + 1.5*r.Float64()
		check("log near 1", x, Log(x), math.Log(x), 2)
		x = 1e6 * r.Float64()
		check("log1p", x, Log1p(x), math.Log1p(x), 4)
		x = 2*r.Float64() - 1
		check("log1p near 0", x, Log1p(x), math.Log1p(x), 4)
	}
	t.Log(worst)
}

// One hash on every processor.
func TestGolden(t *testing.T) {
	const want = "2786e5129238317985fcdc9f84c05142989c1b5f9407862745868a65e7f78b10"
	r := rand.New(rand.NewPCG(3, 4))
	h := sha256.New()
	for range 20_000 {
		x := 400 * (r.Float64() - 0.5)
		for _, y := range []float64{Exp(x), Log(math.Abs(x)), Log1p(math.Abs(x) / 50), Phi(x / 25)} {
			binary.Write(h, binary.LittleEndian, y)
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("the numbers hash to %s, want %s", got, want)
	}
}

func BenchmarkExp(b *testing.B) {
	x := -0.3
	for b.Loop() {
		Exp(x)
	}
}

func BenchmarkLog1p(b *testing.B) {
	x := 399.0
	for b.Loop() {
		Log1p(x)
	}
}
