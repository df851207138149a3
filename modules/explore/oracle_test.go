package explore_test

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
)

// The oracle: the whole distribution of a position, written from the
// definitions with sorting, package math and no shortcuts.
func distribution(p *explore.Problem, chosen []int) map[int]float64 {
	var feasible []int
	removed := bitmap.New(len(p.Means))
	if p.Mask != nil && len(chosen) > 0 {
		p.Mask(chosen, removed)
	}
	last := len(p.Means) - 1
	for i := range p.Means {
		if p.Allowed.Has(i) && !removed.Has(i) && !slices.Contains(chosen, i) && !(p.None && i == last && len(chosen) > 0) {
			feasible = append(feasible, i)
		}
	}
	if len(feasible) == 0 || p.None && len(chosen) == 1 && chosen[0] == last {
		return nil
	}
	ranked := slices.Clone(feasible)
	slices.SortStableFunc(ranked, func(a, b int) int {
		switch {
		case p.Means[a] > p.Means[b]:
			return -1
		case p.Means[a] < p.Means[b]:
			return 1
		}
		return 0
	})
	contenders := ranked[:min(16, len(ranked))]
	best := p.Means[contenders[0]]
	pi := map[int]float64{}
	switch total := 0.0; p.Policy.Kind {
	case explore.Softmax:
		for _, i := range contenders {
			total += math.Exp((p.Means[i] - best) / p.Policy.Temperature)
		}
		for _, i := range contenders {
			pi[i] = math.Exp((p.Means[i]-best)/p.Policy.Temperature) / total
		}
	case explore.SquareCB:
		for _, i := range contenders[1:] {
			pi[i] = 1 / (float64(len(contenders)) + p.Policy.Gamma*(best-p.Means[i]))
			total += pi[i]
		}
		pi[contenders[0]] = 1 - total
	default:
		pi[contenders[0]] = 1
	}
	epsilon, floor := p.Policy.Epsilon, 0.0
	if p.None && len(chosen) == 0 && slices.Contains(feasible, last) {
		floor = p.NoneFloor
	}
	switch p.Policy.Kind {
	case explore.Uniform:
		epsilon = 1
	case explore.Fixed:
		epsilon, floor = 0, 0
	}
	out := map[int]float64{}
	for _, i := range feasible {
		out[i] = (1 - floor) * (epsilon/float64(len(feasible)) + (1-epsilon)*pi[i])
		if p.None && i == last {
			out[i] += floor
		}
	}
	return out
}

// problems are slates of any shape: few or many candidates, ties, caps, none.
func problems() *rapid.Generator[*explore.Problem] {
	return rapid.Custom(func(t *rapid.T) *explore.Problem {
		n := rapid.IntRange(1, 150).Draw(t, "candidates")
		mean := rapid.OneOf(rapid.Float64Range(-2, 2), rapid.SampledFrom([]float64{0, 0.5, 0.5, 1}))
		p := &explore.Problem{
			Means:   rapid.SliceOfN(mean, n, n).Draw(t, "means"),
			Allowed: bitmap.New(n),
			Count:   rapid.IntRange(1, 5).Draw(t, "count"),
			EventID: rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "event"),
			Attempt: rapid.Uint32Range(0, 3).Draw(t, "attempt"),
			Policy:  policies[rapid.SampledFrom([]string{"greedy", "softmax", "squarecb", "uniform", "fixed"}).Draw(t, "policy")],
		}
		some := rapid.SampledFrom([]int{1, 2, 10}).Draw(t, "one in so many")
		for i := range n {
			if rapid.IntRange(1, some).Draw(t, "allowed") == 1 {
				p.Allowed.Set(i)
			}
		}
		if rapid.Bool().Draw(t, "none") {
			p.None, p.NoneFloor = true, rapid.SampledFrom([]float64{0, 0.05, 0.9}).Draw(t, "floor")
		}
		if brands := rapid.IntRange(0, 4).Draw(t, "brands"); brands > 0 {
			p.Mask = onePer(brands)
		}
		return p
	})
}

// onePer caps each of so many brands at one item a slate.
func onePer(brands int) func([]int, bitmap.Bits) {
	return func(chosen []int, remove bitmap.Bits) {
		for _, c := range chosen {
			for i := c % brands; i < 64*len(remove); i += brands {
				remove.Set(i)
			}
		}
	}
}

// Every logged conditional is that of the definition, and a slate ends only
// where nothing is feasible.
func TestProbabilitiesAreThoseOfTheDefinition(t *testing.T) {
	d := explore.New([]byte("salt"))
	rapid.Check(t, func(t *rapid.T) {
		p := problems().Draw(t, "problem")
		slate, err := d.Draw(p)
		if err != nil {
			t.Fatal(err)
		}
		var chosen []int
		for at, got := range slate.Positions {
			all := distribution(p, chosen)
			want, ok := all[got.Candidate]
			if !ok || math.Abs(got.Probability-want) > 1e-12 || got.Feasible != len(all) || !(got.Probability > 0) {
				t.Fatalf("position %d: %+v, want %v of %d", at, got, want, len(all))
			}
			chosen = append(chosen, got.Candidate)
		}
		if more := distribution(p, chosen); len(chosen) < p.Count && len(more) > 0 {
			t.Fatalf("stops after %v of %d with %d left", chosen, p.Count, len(more))
		}
		isNone := p.None && len(chosen) > 0 && chosen[0] == len(p.Means)-1
		if slate.IsNone != isNone {
			t.Fatalf("none drawn: %v, said %v", isNone, slate.IsNone)
		}
	})
}

// From what is recorded (means of shown and contenders, N) each probability
// comes out again bit for bit, and they sum to one over everything feasible,
// none of them below its floor.
func TestRecordedChoiceGivesTheSameBits(t *testing.T) {
	d := explore.New([]byte("salt"))
	rapid.Check(t, func(t *rapid.T) {
		p := problems().Draw(t, "problem")
		slate, err := d.Draw(p)
		if err != nil {
			t.Fatal(err)
		}
		rows := slices.Clone(slate.Contenders)
		for _, at := range slate.Positions {
			if slices.Contains(rows, at.Candidate) {
				t.Fatalf("%d is both drawn and a contender that was not", at.Candidate)
			}
			rows = append(rows, at.Candidate)
		}
		slices.SortFunc(rows, func(a, b int) int {
			if p.Means[a] != p.Means[b] {
				return map[bool]int{true: -1, false: 1}[p.Means[a] > p.Means[b]]
			}
			return a - b
		})
		var chosen []int
		for _, at := range slate.Positions {
			all := distribution(p, chosen)
			c := explore.Choice{Policy: p.Policy, Feasible: at.Feasible}
			last := len(p.Means) - 1
			if _, ok := all[last]; ok && p.None {
				c.NoneFloor = p.NoneFloor
			}
			var places []int
			for _, i := range rows {
				if _, ok := all[i]; ok && len(c.Means) < explore.Contenders {
					c.Means, places = append(c.Means, p.Means[i]), append(places, i)
				}
			}
			sum := 0.0
			for i := range all {
				c.Place, c.IsNone = slices.Index(places, i), p.None && i == last
				q, err := c.Probability()
				if err != nil {
					t.Fatal(err)
				}
				if i == at.Candidate && math.Float64bits(q) != math.Float64bits(at.Probability) {
					t.Fatalf("%v comes out as %v", at.Probability, q)
				}
				least := p.Policy.Epsilon * (1 - c.NoneFloor) / float64(at.Feasible)
				if c.IsNone {
					least += c.NoneFloor
				}
				if p.Policy.Kind != explore.Fixed && q < least-1e-15 {
					t.Fatalf("%v is below the floor %v", q, least)
				}
				sum += q
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Fatalf("probabilities sum to %v", sum)
			}
			chosen = append(chosen, at.Candidate)
		}
	})
}

func TestRefusals(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	good := explore.Policy{Kind: explore.SquareCB, Epsilon: 0.1, Gamma: 1}
	all := bitmap.Bits{0b11}
	for name, c := range map[string]struct {
		problem explore.Problem
		want    error
	}{
		"no kind":           {explore.Problem{Policy: explore.Policy{Epsilon: 0.1}}, explore.ErrPolicy},
		"no exploration":    {explore.Problem{Policy: explore.Policy{Kind: explore.EpsilonGreedy}}, explore.ErrPolicy},
		"epsilon above 1":   {explore.Problem{Policy: explore.Policy{Kind: explore.EpsilonGreedy, Epsilon: 1.1}}, explore.ErrPolicy},
		"epsilon NaN":       {explore.Problem{Policy: explore.Policy{Kind: explore.EpsilonGreedy, Epsilon: nan}}, explore.ErrPolicy},
		"no temperature":    {explore.Problem{Policy: explore.Policy{Kind: explore.Softmax, Epsilon: 0.1}}, explore.ErrPolicy},
		"gamma infinite":    {explore.Problem{Policy: explore.Policy{Kind: explore.SquareCB, Epsilon: 0.1, Gamma: inf}}, explore.ErrPolicy},
		"floor 1":           {explore.Problem{Policy: good, NoneFloor: 1}, explore.ErrPolicy},
		"mean NaN":          {explore.Problem{Policy: good, Means: []float64{0, nan}, Allowed: all, Count: 1}, explore.ErrMean},
		"mean infinite":     {explore.Problem{Policy: good, Means: []float64{inf, 0}, Allowed: all, Count: 1}, explore.ErrMean},
		"all means -inf":    {explore.Problem{Policy: good, Means: []float64{-inf, -inf}, Allowed: all, Count: 1}, explore.ErrMean},
		"nothing allowed":   {explore.Problem{Policy: good, Means: []float64{0, nan}, Count: 1}, nil},
		"no position":       {explore.Problem{Policy: good, Means: []float64{0, 0}, Allowed: all}, nil},
		"fewer than none":   {explore.Problem{Policy: good, Means: []float64{0, 0}, Allowed: all, Count: -20}, nil},
		"not allowed NaN":   {explore.Problem{Policy: good, Means: []float64{0, nan}, Allowed: bitmap.Bits{1}, Count: 1}, nil},
		"one -inf":          {explore.Problem{Policy: good, Means: []float64{-inf, 0}, Allowed: all, Count: 1}, nil},
		"bits past the end": {explore.Problem{Policy: good, Means: []float64{0, 1}, Allowed: bitmap.Bits{1 << 40, 7}, Count: 1}, nil},
	} {
		slate, err := explore.New(nil).Draw(&c.problem)
		if err != c.want || err != nil && len(slate.Positions) > 0 {
			t.Errorf("%s: %v, %v", name, slate, err)
		}
	}
	for name, c := range map[string]explore.Choice{
		"no contender":   {Policy: good, Feasible: 1},
		"too few":        {Policy: good, Feasible: 3, Means: []float64{1, 0}},
		"more than N":    {Policy: good, Feasible: 1, Means: []float64{1, 0}},
		"place past end": {Policy: good, Feasible: 1, Means: []float64{1}, Place: 1},
		"not best first": {Policy: good, Feasible: 2, Means: []float64{0, 1}},
		"no policy":      {Feasible: 1, Means: []float64{1}},
	} {
		if q, err := c.Probability(); err == nil {
			t.Errorf("%s: %v", name, q)
		}
	}
}
