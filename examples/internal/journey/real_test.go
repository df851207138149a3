package journey

import (
	"cmp"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

func real(t *testing.T) *Data {
	t.Helper()
	dir := filepath.Join(os.Getenv("AISLE_DATA"), "complete-journey")
	if _, err := find(dir, "transactions"); os.Getenv("AISLE_DATA") == "" || err != nil {
		if os.Getenv("AISLE_REQUIRE") == "all" {
			t.Fatalf("complete-journey is required; set AISLE_DATA to the folder that holds it (%v)", err)
		}
		t.Skip("needs complete-journey; set AISLE_DATA to the folder that holds it")
	}
	return opened(t, dir)
}

// TestEveryRowIsAccountedFor holds for any weeks of the data.
func TestEveryRowIsAccountedFor(t *testing.T) {
	d := real(t)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	rows, unknown, agents := 0, 0, map[int]int{}
	last := Basket{}
	for _, b := range baskets(t, d) {
		if b.Week < last.Week || b.Week == last.Week && b.At.Before(last.At) {
			t.Fatalf("%s of week %d after %s of week %d", b.ID, b.Week, last.ID, last.Week)
		}
		for _, l := range b.Lines {
			if rows++; !l.Known {
				unknown++
			}
		}
		agents[d.Agent(b.Store)]++
		last = b
	}
	c := d.Counts()
	t.Logf("%+v; %d items, %d weeks, %d rows whose product is not in the range; baskets by agent %v", c, len(d.Items()), len(d.Weeks()), unknown, agents)
	if rows != c.Rows["transactions"]-c.Skipped["transactions"] {
		t.Errorf("%d lines in baskets of %d rows, %d skipped", rows, c.Rows["transactions"], c.Skipped["transactions"])
	}
	if unknown < c.Dangling["transactions.product_id"] {
		t.Errorf("%d rows name nothing that is known, but %d ids dangle", unknown, c.Dangling["transactions.product_id"])
	}
	if len(agents) != 2 {
		t.Errorf("stores on agents %v", agents)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 4<<20 {
		t.Errorf("%d MiB more are held after the baskets than before", held>>20)
	}
	runtime.KeepAlive(d)
}

// TestWhatCanBeLearned replays the baskets with a plain stand-in for the
// product: the declared features, a tenth at random, feedback only on what was
// predicted.
func TestWhatCanBeLearned(t *testing.T) {
	if testing.Short() {
		t.Skip("replays a year")
	}
	d := real(t)
	m, s := NewMemory(d), newStandIn(t)
	var board Board
	for b, err := range d.Baskets() {
		if err != nil {
			t.Fatal(err)
		}
		known := slices.Contains(Granted(b.Household), wire.PersonalisedOffers)
		candidates := m.Candidates(b, known, 60)
		if len(candidates) >= 2*s.slot.Count {
			predicted, random := s.predict(candidates)
			s.learn(candidates, predicted, b)
			if !random {
				person := b.Household
				if !known {
					person = ""
				}
				board.Add(b, Prediction{"learned", predicted},
					Prediction{"popular", m.Popular(s.slot.Count)}, Prediction{"last bought", m.LastBought(person, s.slot.Count)})
			}
		}
		m.Learn(b, known)
	}
	for _, l := range board.Lines() {
		i := experiment.Sequence{Range: 2}.Interval(l.Lead)
		t.Logf("%-12s %.4f of %d products in each of %d baskets; learned leads by %.4f, between %.4f and %.4f",
			l.Name, l.Hits.Mean, s.slot.Count, l.Hits.N, l.Lead.Mean, i.Low, i.High)
		if l.Name != "learned" && l.Hits.N > 20_000 && i.Low <= 0 {
			t.Errorf("learned does not lead %s", l.Name)
		}
	}
}

// standIn is a linear model of the declared features in the small.
type standIn struct {
	slot  *rulebook.Slot
	names []string
	r     *rand.Rand
	mean  []float64 // bias, then for each name its weight and that of it missing
	width []float64
}

func newStandIn(t *testing.T) *standIn {
	t.Helper()
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("../../store/journey", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	book, err := rulebook.Parse(rulebook.Files{Slots: read("slots.yaml"), Rules: read("rules.yaml"), Features: read("features.yaml"),
		Purpose: func(s string) bool { return wire.Purpose(s).Valid() }})
	if err != nil {
		t.Fatal(err)
	}
	s := &standIn{slot: &book.Slots[0], r: rand.New(rand.NewPCG(1, 1))}
	for _, f := range book.Features {
		s.names = append(s.names, f.Source[len("action."):])
	}
	s.mean = make([]float64, 1+2*len(s.names))
	s.width = slices.Repeat([]float64{0.02}, len(s.mean))
	return s
}

func (s *standIn) row(c Candidate) []float64 {
	row := make([]float64, len(s.mean))
	row[0] = 1
	for i, name := range s.names {
		if x, ok := c.Features[name]; ok {
			row[1+2*i] = x
		} else {
			row[2+2*i] = 1
		}
	}
	return row
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func (s *standIn) predict(candidates []Candidate) (predicted []string, random bool) {
	order := s.r.Perm(len(candidates))
	if random = s.r.IntN(10) == 0; !random {
		scores := make([]float64, len(candidates))
		for i, c := range candidates {
			scores[i] = dot(s.mean, s.row(c))
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	}
	for i := range s.slot.Count {
		if !random && s.r.Float64() < s.slot.Policy.Epsilon {
			j := i + s.r.IntN(len(order)-i)
			order[i], order[j] = order[j], order[i]
		}
		predicted = append(predicted, candidates[order[i]].Product)
	}
	return predicted, random
}

func (s *standIn) learn(candidates []Candidate, predicted []string, b Basket) {
	for _, c := range candidates {
		if !slices.Contains(predicted, c.Product) {
			continue
		}
		row := s.row(c)
		miss := float64(Hits([]string{c.Product}, b)) - dot(s.mean, row)
		total := 0.05
		for i, x := range row {
			total += s.width[i] * x * x
		}
		for i, x := range row {
			gain := s.width[i] * x / total
			s.mean[i] += gain * miss
			s.width[i] -= gain * x * s.width[i]
		}
	}
}
