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
	return &explore.Problem{Means: means, Allowed: allowed, Policy: policy, Count: 2, None: true, NoneFloor: 0.05, Mask: onePer(5)}
}

// Promise 5: what is drawn follows what is logged. 100,000 draws of ordered
// pairs against the logged conditionals, by a chi-squared statistic.
func TestDrawsFollowLoggedProbabilities(t *testing.T) {
	const draws = 100_000
	for name, policy := range policies {
		t.Run(name, func(t *testing.T) {
			d, p := explore.New([]byte("salt")), slate2(policy)
			seen, logged := map[[2]int]int{}, map[[2]int]float64{}
			for i := range draws {
				p.EventID = strconv.Itoa(i)
				slate, err := d.Draw(p)
				if err != nil {
					t.Fatal(err)
				}
				pair, q := [2]int{-1, -1}, 1.0
				for at, pos := range slate.Positions {
					pair[at] = pos.Candidate
					q *= pos.Probability
				}
				if before, ok := logged[pair]; ok && before != q {
					t.Fatalf("pair %v is logged with %v and %v", pair, before, q)
				}
				seen[pair]++
				logged[pair] = q
			}
			chiSquared(t, draws, seen, logged)
		})
	}
}

// chiSquared fails when counts are further from n·p than chance allows. What is
// expected less than five times, or was never seen, is one cell.
func chiSquared(t *testing.T, n int, seen map[[2]int]int, p map[[2]int]float64) {
	t.Helper()
	statistic, cells := 0.0, 0.0
	rest, restSeen := float64(n), n
	for pair, q := range p {
		expected := q * float64(n)
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
	if df := cells - 1; df > 0 {
		z := (math.Cbrt(statistic/df) - (1 - 2/(9*df))) / math.Sqrt(2/(9*df))
		t.Logf("%v cells, statistic %.1f, z %.2f", cells, statistic, z)
		if z > 4.75 {
			t.Errorf("draws are not those logged: statistic %.1f of %v cells, z %.2f", statistic, cells, z)
		}
	}
}

func square(x float64) float64 { return x * x }

// Promise 5: rewards that are known are found again from the log by inverse
// propensity, for a policy that never ran.
func TestIPSOfKnownRewardsIsUnbiased(t *testing.T) {
	const draws = 50_000
	for _, name := range []string{"greedy", "softmax", "squarecb", "uniform"} {
		p := slate2(policies[name])
		p.None, p.Mask = false, nil
		reward := func(i int) float64 { return float64(i*i%17) / 17 }
		n, truth := float64(p.Allowed.Count()), 0.0
		for i := range p.Allowed.All() {
			truth += reward(i) / n
		}
		sum, squares := 0.0, 0.0
		d := explore.New([]byte("other salt"))
		for i := range draws {
			p.EventID = strconv.Itoa(i)
			slate, err := d.Draw(p)
			if err != nil {
				t.Fatal(err)
			}
			x := reward(slate.Positions[0].Candidate) / n / slate.Positions[0].Probability
			sum += x
			squares += x * x
		}
		mean := sum / draws
		deviation := math.Sqrt((squares/draws - mean*mean) / draws)
		if math.Abs(mean-truth) > 3*deviation {
			t.Errorf("%s: %v ± %v, truth %v", name, mean, deviation, truth)
		}
	}
}

// What is not allowed or masked is never drawn, whatever it scores.
func TestNothingRemovedIsDrawn(t *testing.T) {
	d := explore.New([]byte("salt"))
	for name, policy := range policies {
		p := slate2(policy)
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
		p := &explore.Problem{Means: means, Allowed: allowed, Policy: policies["squarecb"], Count: 4, EventID: event, Attempt: uint32(i), Mask: onePer(7)}
		a, errA := used.Draw(p)
		b, errB := explore.New([]byte("salt")).Draw(p)
		if errA != nil || errB != nil || !slices.Equal(a.Positions, b.Positions) || !slices.Equal(a.Contenders, b.Contenders) {
			t.Fatalf("draw %d: %v and %v, %v, %v", i, a, b, errA, errB)
		}
	}
}

func TestDrawDoesNotAllocate(t *testing.T) {
	for name, policy := range policies {
		d, p := explore.New([]byte("salt")), slate2(policy)
		p.EventID = event
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
	const want = "5eecfd1d5388b6c484ea959640973088553b4fd1ee3972c6f551725cddb8c3bc"
	h := sha256.New()
	d := explore.New([]byte("golden"))
	for _, name := range []string{"greedy", "softmax", "squarecb", "uniform", "fixed"} {
		for i := range 2000 {
			p := slate2(policies[name])
			if i%2 == 0 {
				p.Means, p.Allowed = shop(200+i, uint64(i))
				p.None, p.Count = false, 5
			}
			p.EventID, p.Attempt = strconv.Itoa(i), uint32(i%3)
			slate, err := d.Draw(p)
			if err != nil {
				t.Fatal(err)
			}
			for _, pos := range slate.Positions {
				binary.Write(h, binary.LittleEndian, []uint64{uint64(pos.Candidate), uint64(pos.Feasible), math.Float64bits(pos.Probability)})
			}
			binary.Write(h, binary.LittleEndian, slate.Seed)
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("the draws hash to %s, want %s", got, want)
	}
}
