package ranking

import (
	"fmt"
	"math"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/sync/wire"
)

// hooked draws a slate with a pin, a cap, a pool and diversity, and records it.
func hooked(t *testing.T, drawer *explore.Drawer, policy explore.Policy, event string, none bool) *wire.Decision {
	const n = 60
	p := explore.Problem{Policy: policy, Allowed: bitmap.New(n), Count: 4, EventID: event, None: none}
	for i := range n {
		p.Means, p.Variances = append(p.Means, float64(i*37%60)/60), append(p.Variances, float64(i%5)/50)
		if i%9 > 0 {
			p.Allowed.Set(i)
		}
	}
	if none {
		p.NoneFloor = 0.1
	} else {
		p.Pins = []explore.Pin{{Position: 1, Candidate: 4}}
	}
	p.Mask = func(at explore.At, remove, pool bitmap.Bits) {
		for i := range n {
			for _, c := range at.Slate {
				if c >= 0 && c%11 == i%11 {
					remove.Set(i)
				}
			}
			if at.Position == 2 && i%3 == 0 {
				pool.Set(i)
			}
		}
	}
	p.Adjust = func(at explore.At, candidates []int, means []float64) {
		for k, i := range candidates {
			for _, c := range at.Slate {
				if c >= 0 && c%4 == i%4 {
					means[k] -= 0.3
				}
			}
		}
	}
	slate, err := drawer.Draw(&p)
	if err != nil {
		t.Fatal(err)
	}
	d := &wire.Decision{EventId: event, Seed: slate.Seed, Candidates: n, Allowed: p.Allowed.Append(nil, n), Holdback: slate.IsNone,
		Policy: &wire.Policy{Kind: string(policy.Kind), Epsilon: policy.Epsilon, Gamma: policy.Gamma, None: none, NoneFloor: p.NoneFloor}}
	var r record
	var means, variances []float64
	for _, x := range slate.Positions {
		r.rows = append(r.rows, uint32(x.Candidate))
	}
	for _, i := range slate.Contenders {
		r.rows = append(r.rows, uint32(i))
	}
	for _, i := range r.rows {
		means, variances = append(means, p.Means[i]), append(variances, p.Variances[i])
	}
	d.Candidate, d.Mean, d.Variance = wire.Pack(nil, r.rows), wire.Pack(nil, means), wire.Pack(nil, variances)
	for _, x := range slate.Positions {
		var one shown
		one.Probability, one.Feasible, one.Pinned = x.Probability, uint32(x.Feasible), x.Pinned
		r.weighed(&one, &slate, x, true, p.Means)
		d.Shown = append(d.Shown, proto.CloneOf(&one.Shown))
	}
	return d
}

// Promise 9 with hooks: a position is drawn again from the contenders that it is
// recorded with, bit for bit, and nothing else passes.
func TestRedrawWithHooks(t *testing.T) {
	salt := []byte("salt")
	drawer := explore.New(salt)
	explored, adjusted := 0, 0
	for i := range 300 {
		policy := []explore.Policy{{Kind: explore.SquareCB, Epsilon: 0.3, Gamma: 9}, {Kind: explore.Thompson, Epsilon: 0.3}, {Kind: explore.EpsilonGreedy, Epsilon: 0.3}}[i%3]
		d := hooked(t, drawer, policy, fmt.Sprint("e", i), i%2 == 0)
		if !redraw(d, salt) {
			t.Fatalf("event %d does not come out again: %v", i, d)
		}
		at := len(d.Shown) - 1
		for _, x := range d.Shown {
			if explored += int(min(x.Explored, 1)); len(x.Mean) > 0 {
				adjusted++
			}
		}
		for name, change := range map[string]func(*wire.Decision){
			"another probability": func(d *wire.Decision) {
				d.Shown[at].Probability = math.Nextafter(d.Shown[at].Probability, 2)
			},
			"another event":   func(d *wire.Decision) { d.EventId += "x" },
			"another N":       func(d *wire.Decision) { d.Shown[at].Feasible += 3 },
			"no contender":    func(d *wire.Decision) { d.Shown[at].Contenders = d.Shown[at].Contenders[:4] },
			"no such row":     func(d *wire.Decision) { d.Shown[at].Contenders[3] = 9 },
			"twice":           func(d *wire.Decision) { copy(d.Shown[at].Contenders[4:8], d.Shown[at].Contenders) },
			"not allowed":     func(d *wire.Decision) { d.Allowed = make([]byte, len(d.Allowed)) },
			"half a mean":     func(d *wire.Decision) { d.Shown[at].Mean = make([]byte, 12) },
			"drawn otherwise": func(d *wire.Decision) { d.Shown[at].Explored += 2 },
			"no candidate":    func(d *wire.Decision) { d.Candidates = 0 },
		} {
			other := proto.CloneOf(d)
			if change(other); redraw(other, salt) && !(name == "drawn otherwise" && d.Holdback) {
				t.Fatalf("event %d with %s comes out again", i, name)
			}
		}
	}
	if explored < 50 || adjusted < 300 {
		t.Errorf("%d positions explored, %d adjusted: this test proves little", explored, adjusted)
	}
}
