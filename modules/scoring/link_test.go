package scoring_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/modules/scoring"
)

func TestLinksAreTheirFormulas(t *testing.T) {
	formulas := map[scoring.Link]func(x float64) float64{
		{}:                                  func(x float64) float64 { return x },
		{Kind: "identity"}:                  func(x float64) float64 { return x },
		{Kind: "logistic"}:                  func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
		{Kind: "logistic", Scale: 1}:        func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
		{Kind: "logistic", Scale: 2.5}:      func(x float64) float64 { return 1 / (1 + math.Exp(-2.5*x)) },
		{Kind: "exp"}:                       math.Exp,
		{Kind: "square"}:                    func(x float64) float64 { return math.Copysign(x*x, x) },
		{Kind: "clip", Low: -1, High: 0.25}: func(x float64) float64 { return math.Max(-1, math.Min(0.25, x)) },
		{Kind: "logistic", Scale: 1, Low: -5, High: 7}: func(x float64) float64 { return 1 / (1 + math.Exp(-math.Max(-5, math.Min(7, x)))) },
		{Kind: "log1pexp"}: func(x float64) float64 { return math.Log1p(math.Exp(x)) },
		{Kind: "step"}:     func(x float64) float64 { return math.Max(0, math.Copysign(1, x)) },
	}
	r := rand.New(rand.NewPCG(1, 0))
	for link, formula := range formulas {
		if err := link.Validate(); err != nil {
			t.Fatalf("%v: %v", link, err)
		}
		for range 2000 {
			means := []float64{100 * (r.Float64() - 0.5), 4 * (r.Float64() - 0.5), r.Float64() - 0.5}
			got := link.Apply(nil, means)
			for i, x := range means {
				want := formula(x)
				if math.Abs(got[i]-want) > 1e-14*math.Max(math.Abs(want), 1e-300) {
					t.Fatalf("%v of %v is %v, want %v", link, x, got[i], want)
				}
			}
		}
	}
}

func TestSymmetricLinkIsTheHyperbolicTangent(t *testing.T) {
	link := scoring.Link{Kind: "symmetric", Low: -20, High: 30}
	if err := link.Validate(); err != nil {
		t.Fatal(err)
	}
	for _, x := range []float64{-1e9, -20, -1, -1e-3, 0, 1e-9, 0.7, 40} {
		want := math.Tanh(math.Max(-20, math.Min(30, x)) / 2)
		if got := link.Apply(nil, []float64{x}); math.Abs(got[0]-want) > 1e-15 {
			t.Errorf("of %v: %v, want %v", x, got, want)
		}
	}
}

func TestLinksOfAllHeads(t *testing.T) {
	prefix := []float64{7}
	got := scoring.Link{Kind: "softmax"}.Apply(prefix, []float64{1000, 1001, 999})
	sum := math.Exp(-1) + 1 + math.Exp(-2)
	want := []float64{7, math.Exp(-1) / sum, 1 / sum, math.Exp(-2) / sum}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-15 {
			t.Errorf("softmax: %v, want %v", got, want)
		}
	}
	if got := (scoring.Link{Kind: "argmax"}).Apply(nil, []float64{1, 3, 3, 2}); !slices.Equal(got, []float64{1}) {
		t.Errorf("argmax: %v", got)
	}
	if got := (scoring.Link{Kind: "step"}).Apply(nil, []float64{0, 1e-300, -1}); !slices.Equal(got, []float64{0, 1, 0}) {
		t.Errorf("step: %v", got)
	}
}

func TestLinksFarOut(t *testing.T) {
	for _, c := range []struct {
		kind    string
		x, want float64
	}{
		{"logistic", 1e308, 1}, {"logistic", -1e308, 0}, {"log1pexp", 1e9, 1e9}, {"log1pexp", -1e9, 0}, {"exp", -1e9, 0},
		{"exp", 1e9, math.Inf(1)},
	} {
		if got := (scoring.Link{Kind: c.kind, Scale: 1}).Apply(nil, []float64{c.x})[0]; got != c.want {
			t.Errorf("%s of %v is %v", c.kind, c.x, got)
		}
	}
}

func TestUnknownLinksAreRefused(t *testing.T) {
	for _, l := range []scoring.Link{
		{Kind: "probit"}, {Kind: "softmax", Low: 1, High: 2}, {Kind: "logistic", Scale: -1}, {Kind: "logistic", Scale: math.Inf(1)},
		{Kind: "logistic", Scale: math.NaN()}, {Kind: "exp", Scale: 2},
	} {
		if err := l.Validate(); !errors.Is(err, scoring.ErrLink) {
			t.Errorf("%+v: %v", l, err)
		}
	}
}
