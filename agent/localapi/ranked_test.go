package localapi

import (
	"fmt"
	"math"
	"testing"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ofHooked is the record of one position over n actions, drawn where means were
// adjusted.
func ofHooked(t *testing.T, n int, policy explore.Policy, event string) *wire.Decision {
	p := explore.Problem{Policy: policy, Allowed: bitmap.New(n), Count: 1, EventID: event, Adjust: func(_ explore.At, candidates []int, means []float64) {
		for k, i := range candidates {
			means[k] -= float64(i%3) / 4
		}
	}}
	p.Allowed.Fill(n)
	d := &wire.Decision{Candidates: uint32(n), Allowed: p.Allowed.Append(nil, n), Policy: &wire.Policy{Kind: string(policy.Kind), Epsilon: policy.Epsilon, Alpha: policy.Alpha}}
	for i := range n {
		p.Means, p.Variances = append(p.Means, float64(i*7%n)/float64(n)), append(p.Variances, float64(i%4)/40)
		d.Actions = append(d.Actions, fmt.Sprint("a", i))
	}
	slate, err := explore.New([]byte("salt")).Draw(&p)
	if err != nil {
		t.Fatal(err)
	}
	x := slate.Positions[0]
	var rows, places []uint32
	var means, variances []float64
	for _, i := range append([]int{x.Candidate}, slate.Contenders...) {
		rows, means, variances = append(rows, uint32(i)), append(means, p.Means[i]), append(variances, p.Variances[i])
		d.Items = append(d.Items, d.Actions[i])
	}
	weighed, adjusted := slate.Weighed(x)
	for _, i := range weighed {
		for row, j := range rows {
			if int(j) == i {
				places = append(places, uint32(row))
			}
		}
	}
	d.Candidate, d.Mean, d.Variance = wire.Pack(nil, rows), wire.Pack(nil, means), wire.Pack(nil, variances)
	d.Shown = []*wire.Shown{{Probability: x.Probability, Feasible: uint32(x.Feasible), Contenders: wire.Pack(nil, places), Mean: wire.Pack(nil, adjusted)}}
	return d
}

// Whatever was drawn where means were adjusted, the distribution that is told is the
// same, and sums to one.
func TestDistributionOfAdjustedMeans(t *testing.T) {
	for _, policy := range []explore.Policy{{Kind: explore.Thompson, Epsilon: 0.3}, {Kind: explore.LinUCB, Epsilon: 0.3, Alpha: 1}, {Kind: explore.EpsilonGreedy, Epsilon: 0.3}} {
		for _, n := range []int{1, 5, 16, 17, 50} {
			stated := map[string]float64{}
			for i := range 40 {
				all, sum := distribution(ofHooked(t, n, policy, fmt.Sprint("e", i))), 0.0
				for id, p := range all {
					if was, ok := stated[id]; ok && was != p {
						t.Fatalf("%s of %d: %s has %v, and had %v", policy.Kind, n, id, p, was)
					}
					stated[id] = p
					sum += p
				}
				if len(all) != n || math.Abs(sum-1) > 1e-9 {
					t.Fatalf("%s of %d: %v sums to %v", policy.Kind, n, all, sum)
				}
			}
		}
	}
}
