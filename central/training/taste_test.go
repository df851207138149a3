package training

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// tastes is a world in which what sells depends on who comes and in what
// weather: no single ranking is good for all.
type tastes struct {
	items      int
	popularity []float64
	byWeather  [][]float64 // weather × category
	bySegment  [][]float64 // segment × item
}

const (
	weathers, segments, categories = 4, 5, 6
)

func newTastes(rng *rand.Rand, items int) *tastes {
	w := &tastes{items: items, popularity: make([]float64, items)}
	for i := range w.popularity {
		w.popularity[i] = 0.5 * rng.NormFloat64()
	}
	table := func(n, m int, scale float64) [][]float64 {
		t := make([][]float64, n)
		for i := range t {
			t[i] = make([]float64, m)
			for j := range t[i] {
				t[i][j] = scale * rng.NormFloat64()
			}
		}
		return t
	}
	w.byWeather, w.bySegment = table(weathers, categories, 1), table(segments, items, 1)
	return w
}

type visit struct{ weather, segment int }

// chance that a visitor buys an item that is shown.
func (w *tastes) chance(v visit, item int) float64 {
	return 1 / (1 + math.Exp(2.5-w.popularity[item]-w.byWeather[v.weather][item%categories]-w.bySegment[v.segment][item]))
}

// value is the mean chance of what a policy shows first, over all visits.
func (w *tastes) value(choose func(visit) int) (mean float64) {
	for weather := range weathers {
		for segment := range segments {
			v := visit{weather, segment}
			mean += w.chance(v, choose(v)) / (weathers * segments)
		}
	}
	return mean
}

func best(n int, score func(int) float64) int {
	top := 0
	for i := range n {
		if score(i) > score(top) {
			top = i
		}
	}
	return top
}

// tasteShape: context weather and segment, item category and id, and a price
// that tells nothing.
var tasteShape = scoring.Shape{
	Frame: abi.Shape{ContextCategorical: 2, Dense: 1, Categorical: 2, Heads: 1, Variance: true}, Bits: 14,
	Crosses: []scoring.Cross{{A: 0, B: 2}, {A: 1, B: 2}, {A: 1, B: 3}},
}

func name(i int) string { return fmt.Sprintf("item-%02d", i) }

func (v visit) row(item int) scoring.Row {
	return scoring.Row{
		ContextCategorical: []uint32{scoring.XX64.ID("weather", fmt.Sprint(v.weather)), scoring.XX64.ID("segment", fmt.Sprint(v.segment))},
		Dense:              []float32{float32(item%7) / 7},
		Categorical:        []uint32{scoring.XX64.ID("category", fmt.Sprint(item%categories)), scoring.XX64.ID("item", name(item))},
	}
}

// shopfront decides as an agent does, with the models of the last release.
type shopfront struct {
	w       *tastes
	rng     *rand.Rand
	drawer  *explore.Drawer
	model   *scoring.Linear
	ranking []string
	n       int
	atMs    int64
}

func (s *shopfront) scores(v visit) []float64 {
	means := make([]float64, s.w.items)
	if s.model != nil {
		for i := range means {
			means[i], _ = s.model.Heads[0].Sum(s.model.Terms(nil, v.row(i)))
		}
	}
	return means
}

// serve makes one decision of three positions and what came of it.
func (s *shopfront) serve(b *books) {
	v := visit{s.rng.IntN(weathers), s.rng.IntN(segments)}
	arm, policy, means := "learned", explore.Policy{Kind: explore.SquareCB, Epsilon: 0.1, Gamma: 100}, s.scores(v)
	switch u := s.rng.Float64(); {
	case u < 0.1:
		arm, policy = "random", explore.Policy{Kind: explore.Uniform}
	case u < 0.2:
		arm, policy = "fixed", explore.Policy{Kind: explore.Fixed}
		for i := range means {
			means[i] = -float64(slices.Index(s.ranking, name(i)))
		}
	}
	allowed := make(bitmap.Bits, (s.w.items+63)/64)
	for i := range s.w.items {
		allowed.Set(i)
	}
	slate, err := s.drawer.Draw(&explore.Problem{Means: means, Allowed: allowed, Policy: policy, Count: 3, EventID: fmt.Sprint(s.n)})
	if err != nil {
		b.t.Fatal(err)
	}
	row := v.row(0)
	d := &wire.Decision{Id: id(s.n), Slot: "hero", Arms: []*wire.Arm{{Experiment: "loop", Arm: arm}},
		Features: &wire.Features{Columns: columns, ContextCategorical: wire.Pack(nil, row.ContextCategorical)}}
	show := func(item int) {
		row := v.row(item)
		d.Items = append(d.Items, name(item))
		d.Features.Dense = wire.Pack(d.Features.Dense, row.Dense)
		d.Features.Categorical = wire.Pack(d.Features.Categorical, row.Categorical)
	}
	for _, p := range slate.Positions {
		show(p.Candidate)
		d.Shown = append(d.Shown, &wire.Shown{Probability: p.Probability, Feasible: uint32(p.Feasible)})
	}
	for _, c := range slate.Contenders {
		show(c)
	}
	b.write("a-kiosk", s.atMs, &wire.Record{Body: &wire.Record_Decision{Decision: d}})
	for _, p := range slate.Positions {
		if s.rng.Float64() < s.w.chance(v, p.Candidate) {
			b.write("a-kiosk", s.atMs, told(s.n, purchase, name(p.Candidate), 1))
		}
	}
	s.n++
	s.atMs += 100
}

// season serves some decisions, releasing what was learned every 500.
func (s *shopfront) season(b *books, tr *Trainer, decisions int) Snapshot {
	var got Snapshot
	for range decisions / 500 {
		for range 500 {
			s.serve(b)
		}
		b.tick("a-kiosk", s.atMs+waitMs+1)
		s.atMs += waitMs + 1
		b.commit()
		b.study(tr)
		got = tr.Snapshot()
		s.model, s.ranking = got.Models["m"], got.Rankings["hero"]
	}
	return got
}

func tasteConfig() Config {
	slot := slotConfig("hero")
	slot.Reward.Weights = map[string]float64{"purchase": 1}
	slot.Reward.Range = [2]float64{0, 1}
	return Config{Slots: []rulebook.Slot{slot}, Models: map[string]Model{"m": {Shape: tasteShape, Columns: columns}}}
}

// standing values what was learned by the world's truth: 0 is uniform, 1 is the
// best that could be shown to each visit.
func (s *shopfront) standing(got Snapshot) (learned, fixed float64) {
	w := s.w
	uniform, optimal := 0.0, w.value(func(v visit) int { return best(w.items, func(i int) float64 { return w.chance(v, i) }) })
	for i := range w.items {
		uniform += w.value(func(visit) int { return i }) / float64(w.items)
	}
	share := func(value float64) float64 { return (value - uniform) / (optimal - uniform) }
	var first int
	fmt.Sscanf(got.Rankings["hero"][0], "item-%d", &first)
	return share(w.value(func(v visit) int { return best(w.items, func(i int) float64 { return s.scores(v)[i] }) })),
		share(w.value(func(visit) int { return first }))
}

func newShopfront(seed uint64) *shopfront {
	return &shopfront{w: newTastes(rand.New(rand.NewPCG(seed, 8)), 40), rng: rand.New(rand.NewPCG(seed, 9)), drawer: explore.New([]byte("salt")), atMs: 1000}
}

// TestLearnedPolicyFindsTheTastes: what is learned must soon be worth most of
// the best that is possible and more than any one ranking, by the world's truth
// and by the product's own measure.
func TestLearnedPolicyFindsTheTastes(t *testing.T) {
	for seed := range uint64(2) {
		s, b := newShopfront(seed), newBooks(t)
		tr := b.trainer(tasteConfig())
		for _, want := range []struct {
			decisions int
			learned   float64
		}{{2000, 0.75}, {3000, 0.9}, {5000, 0.95}} {
			got := s.season(b, tr, want.decisions)
			learned, fixed := s.standing(got)
			t.Logf("after %d decisions learned is at %.2f and best-fixed at %.2f between uniform and optimal", s.n, learned, fixed)
			if learned < want.learned || learned < fixed+0.2 {
				t.Errorf("learned is at %.2f after %d decisions, want %.2f and well above best-fixed at %.2f", learned, s.n, want.learned, fixed)
			}
		}
		arms := tr.Snapshot().Arms["hero"]
		interval := func(i int) experiment.Interval {
			return experiment.Sequence{Range: arms[i].Range}.Interval(arms[i].Rewards)
		}
		if l, f, r := interval(0), interval(1), interval(2); l.Low <= f.High || l.Low <= r.High {
			t.Errorf("the intervals of the arms are not apart: learned %v, fixed %v, random %v", l, f, r)
		}
		if p := experiment.SampleRatio([]int64{arms[0].Rewards.N, arms[1].Rewards.N, arms[2].Rewards.N}, []float64{0.8, 0.1, 0.1}); p < 0.01 {
			t.Errorf("arms don't have their shares: p = %v", p)
		}
	}
}

// TestTastesShift: with a half-life the old tastes are soon forgotten; without
// one they stand in the way.
func TestTastesShift(t *testing.T) {
	after := func(halfLife time.Duration) (learned float64) {
		s, b := newShopfront(1), newBooks(t)
		cfg := tasteConfig()
		cfg.HalfLife = halfLife
		tr := b.trainer(cfg)
		s.season(b, tr, 10_000)
		s.w = newTastes(rand.New(rand.NewPCG(99, 99)), 40)
		learned, _ = s.standing(s.season(b, tr, 3000))
		return learned
	}
	fading, keeping := after(4*time.Second), after(0) // a file of 500 decisions is a second
	t.Logf("3,000 decisions after the shift: %.2f with a half-life of 2,000 decisions, %.2f without", fading, keeping)
	if fading < 0.8 || fading < keeping+0.05 {
		t.Errorf("%.2f with a half-life and %.2f without", fading, keeping)
	}
}
