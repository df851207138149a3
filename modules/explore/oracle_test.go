package explore_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/elementary"
	"github.com/aisle-edge/aisle/modules/explore"
)

// situation is where a slate stands: what is placed, by position, -1 where nothing
// is, and the decision's turn.
type situation struct {
	placed []int
	turn   float64
}

// start lays out the pins of a problem.
func start(p *explore.Problem, salt string) situation {
	mac := hmac.New(sha256.New, []byte(salt))
	mac.Write([]byte(p.EventID))
	mac.Write(binary.LittleEndian.AppendUint32(nil, p.Attempt))
	mac.Write([]byte{255, 255, 255, 255})
	s := situation{turn: float64(binary.LittleEndian.Uint64(mac.Sum(nil))>>11) / (1 << 53)}
	for range p.Count {
		s.placed = append(s.placed, -1)
	}
	for _, pin := range p.Pins {
		i := pin.Candidate
		if i >= 0 && i < len(p.Means) && p.Allowed.Has(i) && !slices.Contains(s.placed, i) && !(p.None && i == len(p.Means)-1) &&
			pin.Position >= 0 && pin.Position < p.Count && s.placed[pin.Position] < 0 {
			s.placed[pin.Position] = i
		}
	}
	return s
}

func (s situation) with(at, i int) situation {
	placed := slices.Clone(s.placed)
	placed[at] = i
	return situation{placed, s.turn}
}

// feasible is what may stand at a position.
func (s situation) feasible(p *explore.Problem, at int) (all []int) {
	n := len(p.Means)
	removed, pool := bitmap.New(n), bitmap.New(n)
	if p.Mask != nil {
		p.Mask(explore.At{Position: at, Slate: s.placed, Count: p.Count, Turn: s.turn}, removed, pool)
	}
	none := -1
	if p.None {
		none = n - 1
	}
	var items, pooled []int
	for i := range n {
		if p.Allowed.Has(i) && i != none && !slices.Contains(s.placed, i) && !removed.Has(i) {
			items = append(items, i)
			if pool.Has(i) {
				pooled = append(pooled, i)
			}
		}
	}
	if len(pooled) > 0 {
		items = pooled
	}
	if p.None && p.Allowed.Has(none) && at == 0 && !slices.ContainsFunc(s.placed, func(i int) bool { return i >= 0 }) {
		items = append(items, none)
	}
	return items
}

// ranked sorts by what a policy ranks by, equals as they were.
func ranked(p *explore.Problem, candidates []int, mean map[int]float64) []int {
	above := map[explore.Kind]float64{explore.Thompson: 2, explore.LinUCB: p.Policy.Alpha}[p.Policy.Kind]
	by := func(i int) float64 {
		if above == 0 {
			return mean[i]
		}
		return mean[i] + above*math.Sqrt(p.Variances[i])
	}
	all := slices.Clone(candidates)
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(by(b), by(a)) })
	return all
}

// The oracle: the whole distribution of a position, written from the definitions
// with sorting, package math and no shortcuts. With it come the contenders and their
// means.
func (s situation) distribution(p *explore.Problem, at int) (out map[int]float64, contenders []int, mean map[int]float64) {
	feasible := s.feasible(p, at)
	if len(feasible) == 0 {
		return nil, nil, nil
	}
	mean = map[int]float64{}
	for _, i := range feasible {
		mean[i] = p.Means[i]
	}
	order := ranked(p, feasible, mean)
	if p.Adjust != nil {
		order = order[:min(64, len(order))]
		means := make([]float64, len(order))
		for k, i := range order {
			means[k] = mean[i]
		}
		p.Adjust(explore.At{Position: at, Slate: s.placed, Count: p.Count, Turn: s.turn}, order, means)
		for k, i := range order {
			if !p.None || i != len(p.Means)-1 {
				mean[i] = means[k]
			}
		}
		order = ranked(p, order, mean)
	}
	contenders = order[:min(16, len(order))]
	pi := shares(p, contenders, mean)
	epsilon, floor, last := p.Policy.Epsilon, 0.0, len(p.Means)-1
	if p.None && slices.Contains(feasible, last) {
		floor = p.NoneFloor
	}
	switch p.Policy.Kind {
	case explore.Uniform:
		epsilon = 1
	case explore.Fixed:
		epsilon, floor = 0, 0
	}
	out = map[int]float64{}
	for _, i := range feasible {
		out[i] = (1 - floor) * (epsilon/float64(len(feasible)) + (1-epsilon)*pi[i])
		if p.None && i == last {
			out[i] += floor
		}
	}
	return out, contenders, mean
}

// shares are π.
func shares(p *explore.Problem, contenders []int, mean map[int]float64) map[int]float64 {
	best := contenders[0]
	pi, total := map[int]float64{}, 0.0
	weigh := func(of []int, by func(int) float64) {
		for _, i := range of {
			pi[i] = by(i)
			total += pi[i]
		}
	}
	switch p.Policy.Kind {
	case explore.Softmax:
		weigh(contenders, func(i int) float64 { return math.Exp((mean[i] - mean[best]) / p.Policy.Temperature) })
	case explore.SquareCB:
		weigh(contenders[1:], func(i int) float64 {
			return 1 / (float64(len(contenders)) + p.Policy.Gamma*(mean[best]-mean[i]))
		})
		pi[best], total = 1-total, 1
	case explore.Thompson:
		var means, deviations []float64
		for _, i := range contenders {
			means, deviations = append(means, mean[i]), append(deviations, math.Sqrt(p.Variances[i]))
		}
		chances := cells(means, deviations)
		weigh(contenders, func(i int) float64 { return chances[slices.Index(contenders, i)] })
	case explore.EpsilonGreedy, explore.LinUCB:
		bound := func(i int) float64 {
			if p.Policy.Kind == explore.EpsilonGreedy {
				return mean[i]
			}
			return mean[i] + p.Policy.Alpha*math.Sqrt(p.Variances[i])
		}
		weigh(contenders, func(i int) float64 {
			if bound(i) == bound(best) {
				return 1
			}
			return 0
		})
	default:
		pi[best], total = 1, 1
	}
	for i := range pi {
		pi[i] /= total
	}
	return pi
}

// cells is Thompson's sum over 32 cells, as documented, without sharing any work.
func cells(means, deviations []float64) []float64 {
	below := func(j int, x float64) float64 {
		if deviations[j] == 0 {
			if x > means[j] {
				return 1
			}
			return 0
		}
		return elementary.Phi((x - means[j]) * (1 / deviations[j]))
	}
	greatest := func(x float64) float64 {
		product := 1.0
		for j := range means {
			product *= below(j, x)
		}
		return product
	}
	lo, hi := math.Inf(-1), math.Inf(-1)
	for j := range means {
		lo, hi = max(lo, means[j]-4*deviations[j]), max(hi, means[j]+4*deviations[j])
	}
	nodes := []float64{lo, hi}
	for len(nodes) < 32 {
		at, most := 0, -1.0
		for k := range len(nodes) - 1 {
			if share := greatest(nodes[k+1]) - greatest(nodes[k]); share > most {
				at, most = k, share
			}
		}
		middle := nodes[at]/2 + nodes[at+1]/2
		if middle <= nodes[at] || middle >= nodes[at+1] {
			break
		}
		nodes = slices.Insert(nodes, at+1, middle)
	}
	out := make([]float64, len(means))
	for i := range means {
		for k := range nodes {
			end := func(j int) float64 {
				if k+1 == len(nodes) {
					return 1
				}
				return below(j, nodes[k+1])
			}
			share := end(i) - below(i, nodes[k])
			for j := range means {
				if j != i {
					share *= (below(j, nodes[k]) + end(j)) / 2
				}
			}
			out[i] += share
		}
	}
	return out
}

// problems are slates of any shape: few or many candidates, ties, none, pins, caps,
// pools, diversity.
func problems() *rapid.Generator[*explore.Problem] {
	return rapid.Custom(func(t *rapid.T) *explore.Problem {
		n := rapid.IntRange(1, 150).Draw(t, "candidates")
		mean := rapid.OneOf(rapid.Float64Range(-2, 2), rapid.SampledFrom([]float64{0, 0.5, 0.5, 1}))
		variance := rapid.OneOf(rapid.Float64Range(0, 2), rapid.SampledFrom([]float64{0, 0, 1e-9, 0.25}))
		p := &explore.Problem{
			Means:     rapid.SliceOfN(mean, n, n).Draw(t, "means"),
			Variances: rapid.SliceOfN(variance, n, n).Draw(t, "variances"),
			Allowed:   bitmap.New(n),
			Count:     rapid.IntRange(1, 5).Draw(t, "count"),
			EventID:   rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "event"),
			Attempt:   rapid.Uint32Range(0, 3).Draw(t, "attempt"),
			Policy:    policies[rapid.SampledFrom(names).Draw(t, "policy")],
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
		for range rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "pins") {
			p.Pins = append(p.Pins, explore.Pin{Position: rapid.IntRange(-1, 5).Draw(t, "position"), Candidate: rapid.IntRange(-1, n).Draw(t, "pinned")})
		}
		if brands := rapid.IntRange(0, 4).Draw(t, "brands"); brands > 0 {
			p.Mask = capped(brands, rapid.Bool().Draw(t, "pools"))
		}
		if rapid.Bool().Draw(t, "diverse") {
			p.Adjust = diverse
		}
		return p
	})
}

// capped caps each of so many brands at one item a slate; with pools, every third
// candidate from 0 on belongs to half of the positions, every third from 1 on to three
// in ten.
func capped(brands int, pools bool) func(explore.At, bitmap.Bits, bitmap.Bits) {
	every := func(b bitmap.Bits, from, step int) {
		for i := from; i < 64*len(b); i += step {
			b.Set(i)
		}
	}
	turns := []float64{0.5, 0.3}
	return func(at explore.At, remove, pool bitmap.Bits) {
		for _, c := range at.Slate {
			if c >= 0 {
				every(remove, c%brands, brands)
			}
		}
		if whose := explore.Turn(turns, at.Turn, at.Position, at.Count); pools && whose < len(turns) {
			every(pool, whose, 3)
		}
	}
}

// diverse takes from the mean of what is like something in the slate.
func diverse(at explore.At, candidates []int, means []float64) {
	for k, i := range candidates {
		for _, c := range at.Slate {
			if c >= 0 && c%7 == i%7 {
				means[k] -= 0.4
				break
			}
		}
	}
}

// walk goes through a slate position by position, with what the oracle says of each
// that was drawn.
func walk(p *explore.Problem, salt string, slate explore.Slate, each func(s situation, at int, got explore.Position)) (end situation, next int) {
	s := start(p, salt)
	at := 0
	for _, got := range slate.Positions {
		if got.Pinned {
			for s.placed[at] != got.Candidate {
				at++
			}
		} else {
			each(s, at, got)
			s = s.with(at, got.Candidate)
		}
		at++
	}
	return s, at
}

// Every logged conditional is that of the definition, its entropy too, and a slate
// ends only where nothing is feasible. Pins are all there.
func TestProbabilitiesAreThoseOfTheDefinition(t *testing.T) {
	d := explore.New([]byte("salt"))
	rapid.Check(t, func(t *rapid.T) {
		p := problems().Draw(t, "problem")
		slate, err := d.Draw(p)
		if err != nil {
			t.Fatal(err)
		}
		isNone, drawn := false, 0
		end, _ := walk(p, "salt", slate, func(s situation, at int, got explore.Position) {
			drawn++
			all, _, _ := s.distribution(p, at)
			want, ok := all[got.Candidate]
			if !ok || math.Abs(got.Probability-want) > 1e-12 || got.Feasible != len(all) || !(got.Probability > 0) {
				t.Fatalf("position %d: %+v, want %v of %d", at, got, want, len(all))
			}
			entropy := 0.0
			for _, q := range all {
				if q > 0 {
					entropy -= q * math.Log(q)
				}
			}
			of, even := slate.Entropy(got), slate.Evenness(got)
			if math.Abs(of-entropy) > 1e-11 || math.Abs(even*math.Log(float64(len(all)))-entropy) > 1e-11 || len(all) < 2 && even != 1 {
				t.Fatalf("position %d: entropy %v, %v of the greatest, want %v", at, of, even, entropy)
			}
			isNone = p.None && got.Candidate == len(p.Means)-1
		})
		pins := 0
		for at, i := range start(p, "salt").placed {
			if i >= 0 {
				pins++
				k := slices.IndexFunc(slate.Positions, func(x explore.Position) bool { return x.Candidate == i })
				if k < 0 || k > at || !slate.Positions[k].Pinned || slate.Positions[k].Probability != 1 {
					t.Fatalf("the pin of %d at %d stands at %d", i, at, k)
				}
			}
		}
		open := slices.Index(end.placed, -1)
		if more, _, _ := end.distribution(p, max(open, 0)); !isNone && open >= 0 && len(more) > 0 || pins+drawn != len(slate.Positions) {
			t.Fatalf("stops after %v of %d with %d left", end.placed, p.Count, len(more))
		}
		if slate.IsNone != isNone {
			t.Fatalf("none drawn: %v, said %v", isNone, slate.IsNone)
		}
	})
}

// From what is recorded of a position each probability comes out again bit for bit,
// and so does the draw; they sum to one over everything feasible, none of them below
// its floor.
func TestRecordedChoiceGivesTheSameBits(t *testing.T) {
	d, again := explore.New([]byte("salt")), explore.New([]byte("salt"))
	rapid.Check(t, func(t *rapid.T) {
		p := problems().Draw(t, "problem")
		slate, err := d.Draw(p)
		if err != nil {
			t.Fatal(err)
		}
		walk(p, "salt", slate, func(s situation, at int, got explore.Position) {
			all, contenders, mean := s.distribution(p, at)
			c := explore.Choice{Policy: p.Policy, Feasible: got.Feasible}
			weighed, means := slate.Weighed(got)
			if !slices.Equal(weighed, contenders) {
				t.Fatalf("contenders %v, want %v", weighed, contenders)
			}
			c.Means = means
			for k, i := range weighed {
				c.Variances = append(c.Variances, p.Variances[i])
				if means[k] != mean[i] {
					t.Fatalf("%d was weighed with %v, want %v", i, means[k], mean[i])
				}
			}
			last := len(p.Means) - 1
			if _, ok := all[last]; ok && p.None {
				c.NoneFloor = p.NoneFloor
			}
			sum := 0.0
			for i := range all {
				c.Place, c.IsNone = slices.Index(weighed, i), p.None && i == last
				q, err := c.Probability()
				if err != nil {
					t.Fatal(err)
				}
				if i == got.Candidate && math.Float64bits(q) != math.Float64bits(got.Probability) {
					t.Fatalf("%v comes out as %v", got.Probability, q)
				}
				least := p.Policy.Epsilon * (1 - c.NoneFloor) / float64(got.Feasible)
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
			place, explored, none, err := again.Again(&c, p.EventID, p.Attempt, uint32(at))
			feasible := s.feasible(p, at)
			slices.Sort(feasible)
			switch {
			case err != nil:
				t.Fatal(err)
			case none:
				place = last
			case explored > 0:
				place = feasible[explored-1]
			default:
				place = weighed[place]
			}
			if place != got.Candidate || explored != got.Explored {
				t.Fatalf("%d was drawn (%d), and then %d (%d)", got.Candidate, got.Explored, place, explored)
			}
		})
	})
}

// Where no hook was at work, the contenders of a position are the best of what was
// recorded, shown or not, and does not stand above.
func TestContendersFollowFromTheRows(t *testing.T) {
	d := explore.New([]byte("salt"))
	rapid.Check(t, func(t *rapid.T) {
		p := problems().Draw(t, "problem")
		p.Mask, p.Adjust = nil, nil
		slate, err := d.Draw(p)
		if err != nil {
			t.Fatal(err)
		}
		rows, mean := slices.Clone(slate.Contenders), map[int]float64{}
		for _, at := range slate.Positions {
			if slices.Contains(rows, at.Candidate) {
				t.Fatalf("%d is both drawn and a contender that was not", at.Candidate)
			}
			rows = append(rows, at.Candidate)
		}
		slices.Sort(rows)
		for _, i := range rows {
			mean[i] = p.Means[i]
		}
		walk(p, "salt", slate, func(s situation, at int, got explore.Position) {
			left := slices.DeleteFunc(ranked(p, rows, mean), func(i int) bool {
				return slices.Contains(s.placed, i) || p.None && at > 0 && i == len(p.Means)-1
			})
			if weighed, _ := slate.Weighed(got); !slices.Equal(weighed, left[:min(16, len(left))]) {
				t.Fatalf("position %d weighed %v, the rows say %v", at, weighed, left)
			}
		})
	})
}

func TestRefusals(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	good := explore.Policy{Kind: explore.SquareCB, Epsilon: 0.1, Gamma: 1}
	unsure, bound := explore.Policy{Kind: explore.Thompson, Epsilon: 0.1}, explore.Policy{Kind: explore.LinUCB, Epsilon: 0.1, Alpha: 1}
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
		"no alpha":          {explore.Problem{Policy: explore.Policy{Kind: explore.LinUCB, Epsilon: 0.1}}, explore.ErrPolicy},
		"thompson alone":    {explore.Problem{Policy: explore.Policy{Kind: explore.Thompson}}, explore.ErrPolicy},
		"thompson, means":   {explore.Problem{Policy: unsure, Means: []float64{1, 0}, Allowed: all, Count: 1}, explore.ErrPolicy},
		"linucb, means":     {explore.Problem{Policy: bound, Means: []float64{1, 0}, Allowed: all, Count: 1}, explore.ErrPolicy},
		"variance below 0":  {explore.Problem{Policy: unsure, Means: []float64{1, 0}, Variances: []float64{0, -1}, Allowed: all, Count: 1}, explore.ErrMean},
		"variance NaN":      {explore.Problem{Policy: bound, Means: []float64{1, 0}, Variances: []float64{nan, 1}, Allowed: all, Count: 1}, explore.ErrMean},
		"variance infinite": {explore.Problem{Policy: unsure, Means: []float64{1, 0}, Variances: []float64{inf, 1}, Allowed: all, Count: 1}, explore.ErrMean},
		"-inf and unsure":   {explore.Problem{Policy: unsure, Means: []float64{-inf, -inf}, Variances: []float64{1, 1}, Allowed: all, Count: 1}, explore.ErrMean},
		"adjusted to NaN":   {explore.Problem{Policy: good, Means: []float64{1, 0}, Allowed: all, Count: 1, Adjust: func(_ explore.At, _ []int, m []float64) { m[1] = nan }}, explore.ErrMean},
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
		"no variances":   {Policy: unsure, Feasible: 1, Means: []float64{1}},
		"one variance":   {Policy: bound, Feasible: 2, Means: []float64{1, 0}, Variances: []float64{1}},
		"not best bound": {Policy: bound, Feasible: 2, Means: []float64{1, 0.9}, Variances: []float64{0, 1}},
	} {
		if q, err := c.Probability(); err == nil {
			t.Errorf("%s: %v", name, q)
		}
	}
}
