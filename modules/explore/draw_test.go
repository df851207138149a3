package explore_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/aisle-edge/aisle/modules/explore"
)

// slate2 has two positions over thirty candidates with ties, a cap of one a
// brand and none.
func slate2(policy explore.Policy) *explore.Problem {
	means, allowed := shop(30, 7)
	means[3], means[11] = means[5], means[5]
	allowed.Set(29)
	means[29] = 0.2
	return &explore.Problem{Means: means, Variances: unsure(30, 7), Allowed: allowed, Policy: policy, Count: 2, None: true, NoneFloor: 0.05, Mask: capped(5, false)}
}

// slate3 has three positions over 24 candidates, the middle one pinned, with a cap
// of one a brand, pools and diversity.
func slate3(policy explore.Policy) *explore.Problem {
	means, allowed := shop(24, 9)
	means[3], means[11] = means[5], means[5]
	allowed.Set(20)
	return &explore.Problem{
		Means: means, Variances: unsure(24, 9), Allowed: allowed, Policy: policy, Count: 3,
		Pins: []explore.Pin{{Position: 1, Candidate: 20}}, Mask: capped(6, true), Adjust: diverse,
	}
}

// Promise 5: what is drawn follows what is logged. 100,000 draws of ordered
// pairs against the logged conditionals, by a chi-squared statistic; with none and a
// cap, and with a pin, pools and diversity.
func TestDrawsFollowLoggedProbabilities(t *testing.T) {
	const draws = 100_000
	for setting, problem := range map[string]func(explore.Policy) *explore.Problem{"none and cap": slate2, "pin, cap, pools and diversity": slate3} {
		for name, policy := range policies {
			t.Run(setting+"/"+name, func(t *testing.T) {
				d, p := explore.New([]byte("salt")), problem(policy)
				// by whose turn the positions are, which is no draw
				seen, logged, of := map[[4]int]int{}, map[[4]int]float64{}, map[[2]int]int{}
				for i := range draws {
					p.EventID = strconv.Itoa(i)
					slate, err := d.Draw(p)
					if err != nil {
						t.Fatal(err)
					}
					turns := turnsOf(p, "salt")
					pair, q, k := [4]int{turns[0], turns[1], -1, -1}, 1.0, 2
					for _, pos := range slate.Positions {
						if !pos.Pinned {
							pair[k] = pos.Candidate
							k++
						}
						q *= pos.Probability
					}
					if before, ok := logged[pair]; ok && before != q {
						t.Fatalf("pair %v is logged with %v and %v", pair, before, q)
					}
					seen[pair]++
					of[turns]++
					logged[pair] = q
				}
				expected := map[[4]int]float64{}
				for pair, q := range logged {
					expected[pair] = q * float64(of[[2]int(pair[:2])])
				}
				chiSquared(t, draws, len(of), seen, expected)
			})
		}
	}
}

// turnsOf says whose turn the first and the last position are.
func turnsOf(p *explore.Problem, salt string) (turns [2]int) {
	if len(p.Pins) == 0 {
		return turns
	}
	turn := start(p, salt).turn
	for k, at := range []int{0, p.Count - 1} {
		turns[k] = explore.Turn([]float64{0.5, 0.3}, turn, at, p.Count)
	}
	return turns
}

// chiSquared fails when counts are further from what is expected, in so many separate
// groups, than chance allows. What is expected less than five times, or was never
// seen, is one cell.
func chiSquared(t *testing.T, n, groups int, seen map[[4]int]int, all map[[4]int]float64) {
	t.Helper()
	statistic, cells := 0.0, 0.0
	rest, restSeen := float64(n), n
	for pair, expected := range all {
		if expected < 5 {
			continue
		}
		statistic += square(float64(seen[pair])-expected) / expected
		cells++
		rest -= expected
		restSeen -= seen[pair]
	}
	if rest >= 5 {
		statistic += square(float64(restSeen)-rest) / rest
		cells++
	} else if float64(restSeen) > rest+30 || rest < -1e-6*float64(n) {
		t.Errorf("%d pairs outside, %v expected", restSeen, rest)
	}
	// Wilson and Hilferty's normal approximation; one sound run in a million is past 4.75.
	if df := cells - float64(groups); df > 0 {
		z := (math.Cbrt(statistic/df) - (1 - 2/(9*df))) / math.Sqrt(2/(9*df))
		t.Logf("%v cells, statistic %.1f, z %.2f", cells, statistic, z)
		if z > 4.75 {
			t.Errorf("draws are not those logged: statistic %.1f of %v cells, z %.2f", statistic, cells, z)
		}
	}
}

func square(x float64) float64 { return x * x }

// Promise 5: rewards that are known are found again from the log by inverse
// propensity, for a policy that never ran: the uniform one, over what is feasible at
// each of the positions that are drawn, by both of which a pair is weighed.
func TestIPSOfKnownRewardsIsUnbiased(t *testing.T) {
	const draws = 60_000
	reward := func(at, i int) float64 { return float64((i*i+5*at)%17) / 17 }
	for setting, problem := range map[string]func(explore.Policy) *explore.Problem{"none and cap": slate2, "pin, cap, pools and diversity": slate3} {
		for _, name := range names[:6] {
			p := problem(policies[name])
			p.None = false
			truths := map[[2]int]float64{}
			sum, squares := 0.0, 0.0
			d := explore.New([]byte("other salt"))
			for i := range draws {
				p.EventID = strconv.Itoa(i)
				slate, err := d.Draw(p)
				if err != nil {
					t.Fatal(err)
				}
				turns := turnsOf(p, "other salt")
				if _, ok := truths[turns]; !ok {
					truths[turns] = uniformly(p, start(p, "other salt"), 0, reward)
				}
				weight, x := 1.0, -truths[turns]
				for at, pos := range slate.Positions {
					if !pos.Pinned {
						weight /= float64(pos.Feasible) * pos.Probability
						x += weight * reward(at, pos.Candidate)
					}
				}
				sum += x
				squares += x * x
			}
			mean := sum / draws
			deviation := math.Sqrt((squares/draws - mean*mean) / draws)
			t.Logf("%s, %s: off by %.4f ± %.4f", setting, name, mean, deviation)
			if math.Abs(mean) > 3*deviation || deviation > 0.05 {
				t.Errorf("%s, %s: off by %v ± %v", setting, name, mean, deviation)
			}
		}
	}
}

// uniformly is what the drawn positions from at on bring in when each is drawn
// uniformly.
func uniformly(p *explore.Problem, s situation, at int, reward func(at, i int) float64) (sum float64) {
	for ; at < p.Count && s.placed[at] >= 0; at++ {
	}
	if at == p.Count {
		return 0
	}
	feasible := s.feasible(p, at)
	for _, i := range feasible {
		sum += (reward(at, i) + uniformly(p, s.with(at, i), at+1, reward)) / float64(len(feasible))
	}
	return sum
}

// What is not allowed or masked is never drawn, whatever it scores.
func TestNothingRemovedIsDrawn(t *testing.T) {
	d := explore.New([]byte("salt"))
	for name, policy := range policies {
		p := slate2(policy)
		p.Pins = []explore.Pin{{Position: 1, Candidate: 99}, {Position: 0, Candidate: -1}} // of nothing
		best := slices.Index(p.Means, slices.Max(p.Means))
		p.Allowed.Clear(best)
		for i := range 3000 {
			p.EventID = strconv.Itoa(i)
			slate, err := d.Draw(p)
			if err != nil {
				t.Fatal(err)
			}
			for at, pos := range slate.Positions {
				if !p.Allowed.Has(pos.Candidate) {
					t.Fatalf("%s draws %d, which is not allowed", name, pos.Candidate)
				}
				if at == 1 && pos.Candidate%5 == slate.Positions[0].Candidate%5 {
					t.Fatalf("%s draws two of one brand", name)
				}
			}
		}
	}
}

// The randomness of a position is as documented: a value computed elsewhere.
func TestSeedIsKept(t *testing.T) {
	p := slate2(policies["uniform"])
	p.EventID, p.Attempt = "e1", 2
	slate, err := explore.New([]byte("salt")).Draw(p)
	if err != nil || slate.Seed != 0x3d100919e161439f {
		t.Errorf("seed %#x, %v", slate.Seed, err)
	}
}

// One Drawer serves slates of any size, and what it did before leaves no trace.
func TestDrawerLeavesNoTrace(t *testing.T) {
	used := explore.New([]byte("salt"))
	for _, n := range []int{1000, 3, 70, 1} {
		means, allowed := shop(n, uint64(n))
		allowed.Set(0)
		p := &explore.Problem{Means: means, Allowed: allowed, Policy: policies["softmax"], Count: 5, EventID: event}
		before := slices.Clone(allowed)
		a, errA := used.Draw(p)
		b, errB := explore.New([]byte("salt")).Draw(p)
		if errA != nil || errB != nil || !slices.Equal(a.Positions, b.Positions) || !slices.Equal(a.Contenders, b.Contenders) {
			t.Errorf("%d candidates: %v and %v, %v, %v", n, a, b, errA, errB)
		}
		if !slices.Equal(before, allowed) {
			t.Error("what is allowed was changed")
		}
	}
}

// What was best in one draw is where the next one looks first, and changes nothing.
func TestDrawerForgetsWhatWasBest(t *testing.T) {
	used, r := explore.New([]byte("salt")), rand.New(rand.NewPCG(5, 5))
	means, allowed := shop(300, 5)
	for i := range 500 {
		for range r.IntN(40) { // ties too
			means[r.IntN(len(means))] = float64(r.IntN(40)) / 20
		}
		for range r.IntN(10) {
			allowed[r.IntN(4)] ^= r.Uint64() & r.Uint64() & r.Uint64()
		}
		p := &explore.Problem{Means: means, Allowed: allowed, Policy: policies["squarecb"], Count: 4, EventID: event, Attempt: uint32(i), Mask: capped(7, i%2 == 0)}
		if i%3 == 0 {
			p.Adjust, p.Policy, p.Variances = diverse, policies["thompson"], unsure(300, 3)
			p.Pins = []explore.Pin{{Position: i % 4, Candidate: i % 300}}
		}
		a, errA := used.Draw(p)
		b, errB := explore.New([]byte("salt")).Draw(p)
		if errA != nil || errB != nil || !slices.Equal(a.Positions, b.Positions) || !slices.Equal(a.Contenders, b.Contenders) {
			t.Fatalf("draw %d: %v and %v, %v, %v", i, a, b, errA, errB)
		}
	}
}

func TestDrawDoesNotAllocate(t *testing.T) {
	for name, policy := range policies {
		d, p := explore.New([]byte("salt")), slate3(policy)
		p.EventID = event
		d.Draw(p)
		if n := testing.AllocsPerRun(100, func() {
			p.Attempt++
			d.Draw(p)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// One hash on every processor.
func TestGolden(t *testing.T) {
	const want = "f25c251057f0bb920be90095bd267c8c50b3905f7810126e9f0db46719c8b2ac"
	h := sha256.New()
	d := explore.New([]byte("golden"))
	for _, name := range names {
		for i := range 2000 {
			p := slate2(policies[name])
			switch i % 4 {
			case 0, 2:
				p.Means, p.Allowed = shop(200+i, uint64(i))
				p.Variances = unsure(200+i, uint64(i))
				p.None, p.Count = false, 5
			case 3:
				p = slate3(policies[name])
			}
			p.EventID, p.Attempt = strconv.Itoa(i), uint32(i%3)
			slate, err := d.Draw(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, pos := range slate.Positions {
				binary.Write(h, binary.LittleEndian, []uint64{uint64(pos.Candidate), uint64(pos.Feasible), uint64(pos.Explored), math.Float64bits(pos.Probability), math.Float64bits(slate.Entropy(pos))})
			}
			binary.Write(h, binary.LittleEndian, slate.Seed)
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("the draws hash to %s, want %s", got, want)
	}
}
