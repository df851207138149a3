package explore_test

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
)

// Every slate gives each pool its share, rounded; over decisions each position does.
func TestTurnsKeepTheirShares(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, shares := range [][]float64{{0.2}, {0.5, 0.3, 0.2}, {0.1, 0.25}, {1}, {0}, nil} {
		for _, count := range []int{1, 2, 3, 5, 8, 20, 100} {
			const rounds = 4000
			at := make([][]int, count)
			for i := range at {
				at[i] = make([]int, len(shares)+1)
			}
			for k := range rounds {
				turn, of := (float64(k)+r.Float64())/rounds, make([]int, len(shares)+1)
				for position := range count {
					whose := explore.Turn(shares, turn, position, count)
					of[whose]++
					at[position][whose]++
				}
				for i, share := range shares {
					if exact := share * float64(count); float64(of[i]) < math.Floor(exact-1e-9) || float64(of[i]) > math.Ceil(exact+1e-9) {
						t.Fatalf("shares %v of %d positions: %v at turn %v", shares, count, of, turn)
					}
				}
			}
			for position := range at {
				for i, share := range shares {
					if got := float64(at[position][i]) / rounds; math.Abs(got-share) > 0.01+2*float64(count)/rounds {
						t.Errorf("shares %v: position %d of %d is in %v of all decisions of pool %d", shares, position, count, got, i)
					}
				}
			}
		}
	}
}

// A slot may promise a share of its positions: they keep to what is promoted as long
// as there is any of it, and every promoted item has its floor there.
func TestPromotedShareIsKept(t *testing.T) {
	d, means := explore.New([]byte("salt")), make([]float64, 40)
	p := &explore.Problem{Means: means, Allowed: bitmap.New(40), Policy: policies["squarecb"], Count: 5, Mask: func(at explore.At, _, pool bitmap.Bits) {
		if explore.Turn([]float64{0.4}, at.Turn, at.Position, at.Count) == 0 {
			for i := 36; i < 40; i++ { // the worst
				pool.Set(i)
			}
		}
	}}
	p.Allowed.Fill(40)
	for i := range means {
		means[i] = -float64(i)
	}
	for i := range 2000 {
		p.EventID = strconv.Itoa(i)
		slate, err := d.Draw(p)
		if err != nil {
			t.Fatal(err)
		}
		turn, promised := start(p, "salt").turn, 0
		for at, pos := range slate.Positions {
			ours := explore.Turn([]float64{0.4}, turn, at, 5) == 0
			if ours {
				promised++
				if pos.Candidate < 36 || pos.Feasible > 4 || pos.Probability < 0.1/float64(pos.Feasible) {
					t.Fatalf("position %d: %+v", at, pos)
				}
			}
		}
		if promised != 2 {
			t.Fatalf("%d of 5 positions are promised, want 2", promised)
		}
	}
	p.Allowed[0] &= 1<<36 - 1 // nothing promoted is left
	if slate, err := d.Draw(p); err != nil || len(slate.Positions) != 5 {
		t.Errorf("%+v, %v", slate, err)
	}
}

// Several slots of one decision share their candidates: what one shows the next can't,
// each draws by its own policy, and pairs come as often as the product of what was
// logged says.
func TestSlotsOfOneDecision(t *testing.T) {
	const draws = 60_000
	d, seen, logged := explore.New([]byte("salt")), map[[4]int]int{}, map[[4]int]float64{}
	first := slate3(policies["greedy"])
	first.Count, first.Pins = 1, nil
	second := slate3(policies["softmax"])
	second.Count, second.Pins, second.First = 1, nil, 1
	second.Mask, first.Mask = capped(6, false), capped(6, false)
	all := append(bitmap.Bits(nil), first.Allowed...)
	for i := range draws {
		first.EventID, second.EventID = strconv.Itoa(i), strconv.Itoa(i)
		one, err := d.Draw(first)
		if err != nil {
			t.Fatal(err)
		}
		a, q, seed := one.Positions[0].Candidate, one.Positions[0].Probability, one.Seed
		copy(second.Allowed, all)
		second.Allowed.Clear(a)
		two, err := d.Draw(second)
		if err != nil {
			t.Fatal(err)
		}
		b := two.Positions[0].Candidate
		if a == b || seed == two.Seed {
			t.Fatalf("both slots show %d, or draw from %x", a, seed)
		}
		seen[[4]int{a, b}]++
		logged[[4]int{a, b}] = draws * q * two.Positions[0].Probability
	}
	chiSquared(t, draws, 1, seen, logged)
}
