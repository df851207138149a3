package proof

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/examples/internal/world"
)

// served is one decision: what was predicted of its positions, and what came of
// it until now.
type served struct {
	event     string
	arm       string
	known     bool // the person grants that their profile is used
	predicted []float64
	earned    []float64
}

func (d *served) reward() (sum float64) {
	for _, x := range d.earned {
		sum += x
	}
	return sum
}

// season serves the visits of a shop, learning as it goes, and returns those
// decisions that were made after the first part of it.
func season(t *testing.T, w *world.World, f files, first, all time.Duration) (list []*served) {
	s := open(t, w, f)
	s.every(time.Second, s.flush)
	s.every(10*time.Second, s.learn)
	s.visits(func(v world.Visit) {
		if d := s.serve(v); v.At >= first {
			list = append(list, d)
		}
	})
	s.run(all)
	return list
}

func (s *shop) serve(v world.Visit) *served {
	a := s.ask("home_hero", v, false)
	d := &served{event: v.Event, arm: a.Experiments[0].Arm, known: len(v.Granted) > 0, earned: make([]float64, len(a.Items))}
	var shown []string
	place := map[string]int{}
	for i, it := range a.Items {
		good, _ := s.world.Item(it.ID)
		place[good.ID] = i
		shown = append(shown, good.ID)
		d.predicted = append(d.predicted, it.Score)
	}
	for _, r := range s.world.React(v, shown) {
		told := func(after time.Duration, kind string, worth float64) {
			s.at(v.At+after, func() {
				s.tell(v.Event, a.Items[place[r.Item]].ID, kind)
				d.earned[place[r.Item]] += worth
			})
		}
		if r.Dismiss {
			told(time.Second, "dismiss", 0)
		}
		if r.Click {
			told(r.ClickAfter, "click", 0.1)
		}
		if r.Buy {
			told(r.BuyAfter, "purchase", 1)
		}
		if r.Return {
			told(r.ReturnAfter, "return", -1)
		}
	}
	return d
}

// arm are the decisions of one arm, of those who grant or of the others.
func arm(list []*served, of string, known ...bool) (some []*served) {
	for _, d := range list {
		if d.arm == of && (len(known) == 0 || d.known == known[0]) {
			some = append(some, d)
		}
	}
	return some
}

func mean(list []*served) experiment.Moments {
	var m experiment.Moments
	for _, d := range list {
		m.Add(d.reward())
	}
	return m
}

// difference is how much more the decisions of one list earned than those of
// another on the same visits, and its standard error.
func difference(a, b []*served) (mean, se float64) {
	by := map[string]*served{}
	for _, d := range b {
		by[d.event] = d
	}
	var m experiment.Moments
	for _, d := range a {
		if other := by[d.event]; other != nil {
			m.Add(d.reward() - other.reward())
		}
	}
	return m.Mean, math.Sqrt(m.Variance() / float64(max(m.N, 1)))
}

// bin is a tenth of the positions, by what was predicted of them.
type bin struct {
	n                   int
	predicted, observed float64 // means
}

// calibration sets what was predicted beside what came, by tenths, and gives the
// expected calibration error: the mean distance between the two.
func calibration(list []*served) (bins []bin, ece float64) {
	type position struct{ predicted, earned float64 }
	var all []position
	for _, d := range list {
		for i := range d.earned {
			all = append(all, position{d.predicted[i], d.earned[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b position) int { return cmp.Compare(a.predicted, b.predicted) })
	for i := range 10 {
		b := bin{}
		for _, p := range all[i*len(all)/10 : (i+1)*len(all)/10] {
			b.n++
			b.predicted += p.predicted
			b.observed += p.earned
		}
		b.predicted, b.observed = b.predicted/float64(b.n), b.observed/float64(b.n)
		ece += float64(b.n) / float64(len(all)) * math.Abs(b.predicted-b.observed)
		bins = append(bins, b)
	}
	return bins, ece
}

// crowd is a way in which people consent, and what was made of them.
type crowd struct {
	name        string
	world       *world.World
	all         []*served // by the release as it is shipped
	contextOnly []*served // by one whose model may look at no person
}

// contextOnly is the shipped release that knows nothing of a person.
func contextOnly(t *testing.T) files {
	f := shipped(t)
	person := regexp.MustCompile(`(?m)^.*(profile\.|\[taste, |\[household, ).*\n`)
	if n := len(person.FindAll(f["features.yaml"], -1)); n != 4 {
		t.Fatalf("%d lines of features.yaml are about a person", n)
	}
	f["features.yaml"] = person.ReplaceAll(f["features.yaml"], nil)
	f.replace(t, "rules.yaml", "\n  - {id: families, customers: {profile.household: family}, least: 20, window: 2m}", "")
	return f
}

// seeds are those of the worlds to be tried: 1, or as many as AISLE_SEEDS says.
func seeds(t *testing.T) []uint64 {
	n := 1
	if s := os.Getenv("AISLE_SEEDS"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal("AISLE_SEEDS is no number:", err)
		}
	}
	list := make([]uint64, n)
	for i := range list {
		list[i] = uint64(i) + 1
	}
	return list
}

// TestValueByConsent learns from nothing where nobody, half and all of the shoppers
// consent, and where they do as they like. Without consent nobody may be served
// worse than by a model that never knew of persons, whoever else consents; who
// consents must be served much better; and what is predicted must come, for both.
func TestValueByConsent(t *testing.T) {
	for _, seed := range seeds(t) {
		w := world.New(seed)
		crowds := []*crowd{{name: "none", world: w.Granting(0)}, {name: "half", world: w.Granting(0.5)}, {name: "all", world: w.Granting(1)}, {name: "as they like", world: w}}
		ok := t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			for _, c := range crowds {
				t.Run(c.name, func(t *testing.T) {
					t.Parallel()
					c.all = season(t, c.world, shipped(t), 2*time.Minute, 4*time.Minute)
				})
				t.Run(c.name+", by context alone", func(t *testing.T) {
					t.Parallel()
					c.contextOnly = season(t, c.world, contextOnly(t), 2*time.Minute, 4*time.Minute)
				})
			}
		})
		if ok {
			table(t, seed, crowds)
			for _, c := range crowds {
				c.judge(t, crowds[0])
			}
		}
	}
}

// judge holds a crowd against its context-only model and the crowd of which nobody
// consents.
func (c *crowd) judge(t *testing.T, nobody *crowd) {
	for _, known := range []bool{false, true} {
		list := arm(c.all, "learned", known)
		if len(list) == 0 {
			continue
		}
		over, se := difference(list, c.contextOnly)
		least := -0.02
		if known {
			least = 0.2
		}
		if over < least-2*se {
			t.Errorf("%s, known: %v: the value is %.3f ± %.3f over that of context alone", c.name, known, over, se)
		}
		if over, se = difference(list, nobody.all); !known && over < -0.05-2*se {
			t.Errorf("%s: who grants nothing gets %.3f ± %.3f more than where nobody does", c.name, over, se)
		}
		if _, ece := calibration(list); ece > 0.045 {
			t.Errorf("%s, known: %v: predictions are off by %.3f", c.name, known, ece)
		}
	}
	if learned, fixed := mean(arm(c.all, "learned")), mean(arm(c.all, "fixed")); learned.Mean < fixed.Mean {
		t.Errorf("%s: learned %.3f, best-fixed %.3f", c.name, learned.Mean, fixed.Mean)
	}
}

// table prints what each crowd was worth, a decision, with 95 % intervals.
func table(t *testing.T, seed uint64, crowds []*crowd) {
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "consent\tserved\tdecisions\tlearned\tcontext-only\tdifference\tbest-fixed\trandom\tECE\tECE context-only\t")
	for _, c := range crowds {
		for _, known := range []bool{false, true} {
			list := arm(c.all, "learned", known)
			if len(list) == 0 {
				continue
			}
			over, se := difference(list, c.contextOnly)
			_, ece := calibration(list)
			_, eceContext := calibration(arm(c.contextOnly, "learned", known))
			fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\t%+.3f ± %.3f\t%s\t%s\t%.3f\t%.3f\t\n", c.name, word(known), len(list), figure(list), figure(arm(c.contextOnly, "learned", known)),
				over, 1.96*se, figure(arm(c.all, "fixed", known)), figure(arm(c.all, "random", known)), ece, eceContext)
		}
	}
	fmt.Fprintln(out, "\npredicted/observed by tenths\t")
	for _, c := range crowds {
		for _, known := range []bool{false, true} {
			if list := arm(c.all, "learned", known); len(list) > 0 {
				fmt.Fprintf(out, "%s\t%s\t", c.name, word(known))
				bins, _ := calibration(list)
				for _, b := range bins {
					fmt.Fprintf(out, "%.2f/%.2f\t", b.predicted, b.observed)
				}
				fmt.Fprintln(out)
			}
		}
	}
	out.Flush()
	t.Logf("world %d, the reward of a decision:\n%s", seed, b.String())
}

func word(known bool) string {
	if known {
		return "by what they grant"
	}
	return "without"
}

func figure(list []*served) string {
	m := mean(list)
	return fmt.Sprintf("%.3f ± %.3f", m.Mean, 1.96*math.Sqrt(m.Variance()/float64(max(m.N, 1))))
}
