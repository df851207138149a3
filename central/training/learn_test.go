package training

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	redeem   = wire.OutcomeType_OUTCOME_REDEEM
	returned = wire.OutcomeType_OUTCOME_RETURN
	void     = wire.OutcomeType_OUTCOME_VOID
	dismiss  = wire.OutcomeType_OUTCOME_DISMISS
	stated   = wire.OutcomeType_OUTCOME_REWARD
)

func TestRewardOfAPosition(t *testing.T) {
	weights := rulebook.Reward{Weights: map[string]float64{"click": 0.1, "purchase": 1, "redeem": 0.5, "dismiss": -0.5}, Range: [2]float64{-1, 3}, Default: 0.01}
	earliest := weights
	earliest.Aggregation = rulebook.Earliest
	halved := rulebook.Reward{Weights: map[string]float64{"reward": 0.5}, Range: [2]float64{-1, 1}}
	margin := rulebook.Reward{NetMargin: &rulebook.NetMargin{Scale: 0.01}, Range: [2]float64{-10, 10}}
	o := func(kind wire.OutcomeType, quantity float64) outcome { return outcome{kind: kind, quantity: quantity} }
	number := func(value float64) outcome { return outcome{kind: stated, value: value} }
	for name, c := range map[string]struct {
		reward rulebook.Reward
		margin float64
		told   []outcome
		want   float64
	}{
		"nothing came":               {weights, 0, nil, 0.01},
		"nothing that counts":        {weights, 0, []outcome{o(wire.OutcomeType_OUTCOME_VIEW, 1)}, 0.01},
		"sum":                        {weights, 0, []outcome{o(click, 1), o(purchase, 2)}, 1.1},
		"earliest":                   {earliest, 0, []outcome{o(click, 1), o(purchase, 1)}, 0.1},
		"earliest that counts":       {earliest, 0, []outcome{o(wire.OutcomeType_OUTCOME_VIEW, 1), o(dismiss, 1), o(purchase, 1)}, -0.5},
		"clipped":                    {weights, 0, []outcome{o(purchase, 1), o(purchase, 1), o(purchase, 1), o(purchase, 1)}, 3},
		"returned":                   {weights, 0, []outcome{o(click, 1), o(purchase, 1), o(returned, 1)}, 0.1},
		"returned in part":           {weights, 0, []outcome{o(purchase, 4), o(returned, 1)}, 0.75},
		"returned twice":             {weights, 0, []outcome{o(purchase, 4), o(returned, 1), o(returned, 3)}, 0},
		"returned more than bought":  {weights, 0, []outcome{o(purchase, 1), o(returned, 5)}, 0},
		"returned, bought again":     {weights, 0, []outcome{o(purchase, 1), o(void, 1), o(purchase, 1)}, 1},
		"returned before it is sold": {weights, 0, []outcome{o(returned, 1), o(purchase, 1)}, 1},
		"returned with its coupon":   {weights, 0, []outcome{o(redeem, 1), o(purchase, 1), o(returned, 1)}, 0},
		"coupon alone, returned":     {weights, 0, []outcome{o(redeem, 1), o(returned, 1)}, 0},
		"no quantity is one":         {weights, 0, []outcome{o(purchase, 0), o(void, 0)}, 0},
		"a number":                   {weights, 0, []outcome{number(0.7), number(0.2)}, 0.9},
		"a number, weighed":          {halved, 0, []outcome{number(0.8)}, 0.4},
		"margin":                     {margin, 250, []outcome{o(click, 1), o(purchase, 3)}, 7.5},
		"margin taken back":          {margin, 250, []outcome{o(purchase, 3), o(returned, 2)}, 2.5},
		"a loss":                     {margin, -100, []outcome{o(purchase, 1)}, -1},
		"margin of nothing sold":     {margin, math.NaN(), []outcome{o(click, 1)}, 0},
		"margin unknown":             {margin, math.NaN(), []outcome{o(purchase, 1)}, math.NaN()},
	} {
		r := newRewards(c.reward)
		if got := r.of(c.told, c.margin); !near(got, c.want) && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestMarginOfASaleIsNetOfTaxAndCost: 11.90 gross at 19 % is 10.00 net; 6.00 of
// it is cost.
func TestMarginOfASaleIsNetOfTaxAndCost(t *testing.T) {
	b := newBooks(t)
	slot := slotConfig("hero")
	slot.Reward = rulebook.Reward{NetMargin: &rulebook.NetMargin{Scale: 0.01}, Range: [2]float64{-10, 10}, Wait: slot.Reward.Wait}
	b.write("a-kiosk", 1000, decide(1, "hero", "learned", "milk"))
	b.write("a-kiosk", 1001, told(1, purchase, "milk", 2))
	unknown := decide(2, "hero", "fixed", "milk")
	unknown.GetDecision().Shown[0].CostKnown = false
	b.write("a-kiosk", 1002, unknown)
	b.write("a-kiosk", 1003, told(2, purchase, "milk", 1))
	b.tick("a-kiosk", 1003+waitMs)
	b.commit()
	tr := b.trainer(config(slot))
	if n, sum := earned(tr, 0); n != 1 || !near(sum, 8) {
		t.Errorf("%d decisions earned %v, want 8", n, sum)
	}
	if n, _ := earned(tr, 1); n != 0 || tr.Snapshot().Stats.NoCost != 1 {
		t.Errorf("a sale of unknown cost counted")
	}
}

// TestLearnerFindsTheWeights compares with the truth behind noisy rewards.
func TestLearnerFindsTheWeights(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	m := Model{Shape: scoring.Shape{Frame: abi.Shape{ContextDense: 1, Dense: 2, Heads: 1, Variance: true}}}
	l := newLearner(m, 1, 1)
	missing := float32(math.NaN())
	for range 20_000 {
		x, y, z := rng.Float32(), rng.Float32(), rng.Float32()
		reward := 0.3 + 0.5*float64(x) - 0.2*float64(y)
		if rng.IntN(4) == 0 {
			x, reward = missing, reward-0.5*float64(x)+0.1
		}
		l.learn(scoring.Row{ContextDense: []float32{z}, Dense: []float32{x, y}}, reward+0.1*rng.NormFloat64(), 1)
	}
	linear := l.linear()
	for _, w := range []struct {
		what  string
		entry int
		want  float64
	}{{"bias", 0, 0.3}, {"context", m.Shape.Weight(0), 0}, {"first", m.Shape.Weight(1), 0.5}, {"first, missing", m.Shape.Weight(1) + 1, 0.1}, {"second", m.Shape.Weight(2), -0.2}} {
		if got := float64(linear.Heads[0].Mean[w.entry]); math.Abs(got-w.want) > 0.03 {
			t.Errorf("%s: %.3f, want %.3f", w.what, got, w.want)
		}
	}
	if l.noise < 0.005 || l.noise > 0.02 {
		t.Errorf("noise %.4f, want about 0.01", l.noise)
	}
	never := m.Shape.Weight(2) + 1 // nothing was missing there
	if v := linear.Heads[0].Variance; v[0] > 0.01 || v[never] != 1 {
		t.Errorf("variance %v of what was seen 20,000 times, %v of what never was", v[0], v[never])
	}
	if _, err := linear.Encode(); err != nil {
		t.Error(err)
	}
}

func TestLearnerSurvivesAbsurdValues(t *testing.T) {
	l := newLearner(Model{Shape: shape(8)}, 1, 0.1)
	inf := float32(math.Inf(1))
	for _, x := range []float32{inf, -inf, math.MaxFloat32, float32(math.NaN())} {
		l.learn(scoring.Row{ContextDense: []float32{x}, ContextCategorical: []uint32{0}, Dense: []float32{x}, Categorical: []uint32{7}}, 1, 1)
	}
	l.learn(scoring.Row{ContextDense: []float32{1}, ContextCategorical: []uint32{1}, Dense: []float32{1}, Categorical: []uint32{7}}, math.NaN(), 1)
	if _, err := l.linear().Encode(); err != nil {
		t.Errorf("the model can't be released any more: %v", err)
	}
}

func TestFadingGoesTowardsThePrior(t *testing.T) {
	l := newLearner(Model{Shape: shape(8)}, 1, 0.1)
	row := scoring.Row{ContextDense: []float32{1}, ContextCategorical: []uint32{1}, Dense: []float32{1}, Categorical: []uint32{7}}
	for range 100 {
		l.learn(row, 1, 1)
	}
	mean, before := l.weights[0].Mean, l.weights[0].Variance
	l.fade(0.5)
	precision := func(v float64) float64 { return 1/v - 1/l.prior }
	if got := precision(l.weights[0].Variance) / precision(before); !near(got, 0.5) || l.weights[0].Mean != mean {
		t.Errorf("half of the time left %v of the experience", got)
	}
	for range 200 {
		l.fade(0.5)
	}
	if v := l.weights[0].Variance; v > l.prior || l.weights[l.shape.Nothing()] != (weight{}) {
		t.Errorf("variance %v beyond the prior's %v", v, l.prior)
	}
}

func TestRankingIsByMeanOfTheUniformArm(t *testing.T) {
	b := newBooks(t)
	n := 0
	show := func(arm, item string, times, sold int) {
		for i := range times {
			b.write("a-kiosk", int64(n), decide(n, "hero", arm, item))
			if i < sold {
				b.write("a-kiosk", int64(n), told(n, purchase, item, 1))
			}
			n++
		}
	}
	show("random", "often", 100, 50)
	show("random", "seldom", 100, 10)
	show("random", "lucky", 1, 1)
	show("random", "never", 100, 0)
	show("learned", "elsewhere", 100, 100)
	pinned := decide(n, "hero", "random", "pinned")
	pinned.GetDecision().Shown[0].Pinned = true
	b.write("a-kiosk", int64(n), pinned)
	b.write("a-kiosk", int64(n), told(n, purchase, "pinned", 1))
	n++
	b.tick("a-kiosk", int64(n)+waitMs)
	b.commit()
	got := b.trainer(config()).Snapshot().Rankings["hero"]
	if len(got) != 4 || got[0] != "often" || got[1] != "lucky" || got[2] != "seldom" || got[3] != "never" {
		t.Errorf("ranking is %v", got)
	}
}

// TestRankingForgets: with a half-life, what sold long ago does not stand above
// what sells now; without one it does.
func TestRankingForgets(t *testing.T) {
	b := newBooks(t)
	n := 0
	season := func(sold map[string]int, times int) {
		for _, item := range []string{"old", "new"} {
			for i := range times {
				b.write("a-kiosk", int64(n), decide(n, "hero", "random", item))
				if i < sold[item] {
					b.write("a-kiosk", int64(n), told(n, purchase, item, 1))
				}
				n++
			}
		}
		n += waitMs
		b.tick("a-kiosk", int64(n))
		b.commit()
		b.received += 100_000
	}
	season(map[string]int{"old": 50, "new": 10}, 100)
	season(map[string]int{"old": 2, "new": 10}, 20)
	for halfLife, want := range map[time.Duration]string{10 * time.Second: "new", 0: "old"} {
		cfg := config()
		cfg.HalfLife = halfLife
		if got := b.trainer(cfg).Snapshot().Rankings["hero"]; len(got) != 2 || got[0] != want {
			t.Errorf("with a half-life of %v the ranking is %v, want %s first", halfLife, got, want)
		}
	}
}

// Promise 3: what was scored by a person's features, and is recorded without them,
// teaches no model. It would say of those who grant nothing what is true of people
// who were chosen for.
func TestWhatStaysOnTheNodeTeachesNothing(t *testing.T) {
	says := func(context []byte) (model float32, stats Stats, n int64) {
		b := newBooks(t)
		d := decide(1, "hero", "learned", "cocoa")
		d.GetDecision().Context = context
		b.write("a-kiosk", 1000, d)
		b.write("a-kiosk", 1001, told(1, purchase, "cocoa", 1))
		b.tick("a-kiosk", 1001+waitMs)
		b.commit()
		tr := b.trainer(config())
		n, _ = earned(tr, 0)
		return tr.Snapshot().Models["m"].Heads[0].Mean[0], tr.Snapshot().Stats, n
	}
	if bias, stats, n := says(nil); bias <= 0 || stats.Learned != 1 || stats.Apart != 0 || n != 1 {
		t.Fatalf("a whole record taught %v: %+v", bias, stats)
	}
	if bias, stats, n := says([]byte{1}); bias != 0 || stats.Learned != 0 || stats.Apart != 1 || stats.Otherwise != 0 || n != 1 {
		t.Errorf("a record without what was scored taught %v, and %d rewards of its arm: %+v", bias, n, stats)
	}
}
