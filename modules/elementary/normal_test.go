package elementary

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The bound that is promised, against package math's complementary error function.
func TestPhiIsTheNormalDistribution(t *testing.T) {
	inf, worst := math.Inf(1), 0.0
	for _, c := range []struct{ x, want float64 }{
		{0, 0.5}, {inf, 1}, {-inf, 0}, {math.NaN(), 0}, {9, 1}, {-9, 0}, {math.MaxFloat64, 1}, {math.Copysign(0, -1), 0.5},
	} {
		if got := Phi(c.x); got != c.want {
			t.Errorf("Phi(%v) is %v, want %v", c.x, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(5, 6))
	for i := range 500_000 {
		x := 20*r.Float64() - 10
		if i < 2000 { // about the knots and between them
			x = float64(i-1000)/32 + (r.Float64()-0.5)*1e-9
		}
		off := math.Abs(Phi(x) - math.Erfc(-x/math.Sqrt2)/2)
		if worst = max(worst, off); off > 0x1p-50 {
			t.Fatalf("Phi(%v) is off by %v", x, off)
		}
	}
	t.Logf("off by at most %.2g", worst)
}

func BenchmarkPhi(b *testing.B) {
	x := -1.3
	for b.Loop() {
		Phi(x)
	}
}
