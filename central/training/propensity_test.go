package training

import (
	"fmt"
	"math"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

const goods = 8

// worth is the known reward of an item: what a policy likes is what earns most,
// so that the plain mean over what was shown is far too high.
func worth(item int) float64 { return float64(item*item) / (goods * goods) }

// promote commits decisions of two positions, drawn by a policy that likes some
// items much more than others, each with its known reward.
func promote(t *testing.T, b *books, decisions int) {
	t.Helper()
	drawer, allowed := explore.New([]byte("pepper")), bitmap.Bits{1<<goods - 1}
	means := make([]float64, goods)
	for i := range means {
		means[i] = worth(i)
	}
	for n := range decisions {
		slate, err := drawer.Draw(&explore.Problem{
			Means: means, Allowed: allowed, Count: 2, EventID: fmt.Sprint(n),
			Policy: explore.Policy{Kind: explore.SquareCB, Epsilon: 0.2, Gamma: 30},
		})
		if err != nil {
			t.Fatal(err)
		}
		d := &wire.Decision{Id: id(n), Slot: "hero", Arms: []*wire.Arm{{Experiment: "loop", Arm: "learned"}}, Features: &wire.Features{Columns: columns}}
		for _, p := range slate.Positions {
			d.Items = append(d.Items, name(p.Candidate))
			d.Shown = append(d.Shown, &wire.Shown{Probability: p.Probability, Feasible: uint32(p.Feasible)})
			d.Features.Dense = wire.Pack(d.Features.Dense, []float32{1})
		}
		b.write("a-kiosk", 1000, &wire.Record{Body: &wire.Record_Decision{Decision: d}})
		for _, p := range slate.Positions {
			b.write("a-kiosk", 1000, number(n, name(p.Candidate), worth(p.Candidate)))
		}
	}
	b.commit()
}

// estimate sums up weighed rewards, beside the truth they stand for and the
// squared errors of both kinds of estimate.
type estimate struct{ n, weights, weighed, shown, truth, ips, snips float64 }

func (e *estimate) add(weight, reward, truth float64) {
	e.n, e.weights, e.weighed, e.shown = e.n+1, e.weights+weight, e.weighed+weight*reward, e.shown+reward
	e.truth += truth
	e.ips += (weight*reward - truth) * (weight*reward - truth)
	e.snips += weight * weight * (reward - truth) * (reward - truth)
}

// Promise 5, as far as the trainer keeps it: rewards joined in the ledger and
// weighed by the logged conditionals, plainly (IPS) and by their own sum (SNIPS),
// come out at the known value of a uniform draw, at the first position and at the
// one that depends on it. So does a model that can tell no item from another: it
// learns what all are worth, not what is shown most.
func TestKnownRewardsComeOutByPropensity(t *testing.T) {
	b := newBooks(t)
	promote(t, b, 20_000)
	cfg := config()
	cfg.MinWeight, cfg.MaxWeight = 1e-9, 1e9
	cfg.Models["m"] = Model{Shape: scoring.Shape{Frame: abi.Shape{Dense: 1, Heads: 1, Variance: true}}, Columns: columns}
	tr := b.trainer(cfg)

	all := 0.0
	of := make(map[uint64]float64)
	for i := range goods {
		of[itemKey([]byte(name(i)))] = worth(i)
		all += worth(i)
	}
	var at [2]estimate
	for _, d := range tr.state.join.byID { // none is finished, and forgotten, yet
		first := of[d.shown[0].item]
		for i, truth := range []float64{all / goods, (all - first) / (goods - 1)} {
			reward := d.slot.rewards.of(tr.state.ofPosition(d, d.told, i), d.shown[i].margin)
			at[i].add(d.shown[i].weight, reward, truth)
		}
	}
	for i, e := range at {
		truth, shown := e.truth/e.n, e.shown/e.n
		for how, got := range map[string][2]float64{"IPS": {e.weighed / e.n, math.Sqrt(e.ips) / e.n}, "SNIPS": {e.weighed / e.weights, math.Sqrt(e.snips) / e.n}} {
			t.Logf("position %d, %s: %.4f ± %.4f, known is %.4f, what was shown earned %.4f", i, how, got[0], got[1], truth, shown)
			if e.n != 20_000 || math.Abs(got[0]-truth) > 4*got[1] {
				t.Errorf("position %d, %s: %.4f ± %.4f, known is %.4f", i, how, got[0], got[1], truth)
			}
			if shown < truth+20*got[1] {
				t.Errorf("position %d: what was shown earned %.4f: this test proves nothing", i, shown)
			}
		}
	}

	b.tick("a-kiosk", 1001+waitMs)
	b.commit()
	b.study(tr)
	m := tr.Snapshot().Models["m"]
	says, _ := m.Heads[0].Sum(m.Terms(nil, scoring.Row{Dense: []float32{1}}))
	want := (at[0].weighed + at[1].weighed) / (at[0].weights + at[1].weights)
	if math.Abs(says-want) > 0.02 {
		t.Errorf("the model says %.4f of any item, weighed by propensity it is %.4f", says, want)
	}
}

// A propensity that can't be one, as only a broken record has it, teaches nothing;
// and no other weighs more than the clip.
func TestImpossiblePropensitiesWeighNothing(t *testing.T) {
	cfg := config()
	cfg.fill()
	s := &state{cfg: &cfg}
	for _, c := range []struct {
		probability float64
		feasible    uint64
		want        float64
	}{
		{0, 8, 0}, {-0.5, 8, 0}, {1.5, 8, 0}, {math.NaN(), 8, 0}, {math.Inf(1), 8, 0},
		{0.125, 8, 1}, {0.1, 8, 1.25}, {1, 8, cfg.MinWeight}, {1e-12, 8, cfg.MaxWeight}, {1, 1, 1}, {1, 0, 1},
	} {
		if got := s.importance(&shownView{probability: c.probability, feasible: c.feasible}); !near(got, c.want) {
			t.Errorf("%v among %d weighs %v, want %v", c.probability, c.feasible, got, c.want)
		}
	}
}
