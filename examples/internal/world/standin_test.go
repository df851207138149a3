package world

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/central/experiment"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// standIn is a product in the small, to see what can be learned of a world.
type standIn struct {
	w     *World
	book  *rulebook.Rulebook
	slot  *rulebook.Slot
	items []Item // on offer and not removed by a rule that needs no person
	next  func() (Visit, bool)
	r     *rand.Rand

	names   map[string]int
	frames  map[string][][]term // by context, then item
	current map[string][]float64
	model   []weight
	serving []weight

	open    []decision
	earned  map[string]*experiment.Moments
	fixed   []experiment.Moments // of the random arm, by item
	ranking []int
	past    map[string][]exposure
	release time.Duration
	visits  int
}

type (
	term struct {
		entry int
		value float64
	}
	weight   struct{ mean, variance float64 }
	exposure struct {
		at   time.Duration
		item int
		had  bool
	}
	decision struct {
		closes  time.Duration
		arm     string
		context string
		shown   []int
		rewards []float64
	}
)

func newStandIn(t *testing.T, seed uint64) *standIn {
	s := &standIn{w: New(seed), book: rules(t), r: source(seed, "stand-in"), names: map[string]int{}, frames: map[string][][]term{},
		earned: map[string]*experiment.Moments{"learned": {}, "fixed": {}, "random": {}}, past: map[string][]exposure{}, release: 40 * time.Second}
	s.slot = s.book.Slot("home_hero")
	for _, it := range s.w.Items() {
		net := float64(it.Price*int64(100-it.Percent)/100) / (1 + it.TaxRate)
		if it.Percent > 0 && it.Status == "active" && net-float64(it.Cost) >= 0.05*net && !strings.HasPrefix(it.Category, "tobacco") {
			s.items = append(s.items, it)
		}
	}
	s.fixed = make([]experiment.Moments, len(s.items))
	s.ranking = s.order()
	s.next, _ = iter.Pull(s.both())
	t.Logf("%d items may be shown", len(s.items))
	return s
}

// both are the visits to the two shops in order of time.
func (s *standIn) both() iter.Seq[Visit] {
	return func(yield func(Visit) bool) {
		a, stop := iter.Pull(s.w.Visits(Sites()[0]))
		defer stop()
		b, stop := iter.Pull(s.w.Visits(Sites()[1]))
		defer stop()
		va, _ := a()
		vb, _ := b()
		for {
			if va.At > vb.At {
				va, vb, a, b = vb, va, b, a
			}
			if !yield(va) {
				return
			}
			va, _ = a()
		}
	}
}

func (s *standIn) live(until time.Duration, every int) {
	for {
		v, _ := s.next()
		if v.At > until {
			return
		}
		if s.visits++; s.visits%every > 0 {
			continue
		}
		if v.At >= s.release {
			s.learn(v.At)
			s.release += 10 * time.Second
		}
		s.decide(v)
	}
}

func (s *standIn) decide(v Visit) {
	arm := "learned"
	switch u := source(0, "arm "+v.Event).IntN(10); u {
	case 0:
		arm = "fixed"
	case 1:
		arm = "random"
	}
	d := decision{closes: v.At + s.slot.Reward.Wait + 4*time.Second, arm: arm, context: s.context(v), shown: s.choose(arm, v)}
	d.rewards = make([]float64, len(d.shown))
	ids := make([]string, len(d.shown))
	for i, at := range d.shown {
		ids[i] = s.items[at].ID
		s.past[v.person.name] = append(s.past[v.person.name], exposure{v.At, at, false})
	}
	for _, r := range s.w.React(v, ids) {
		i := slices.Index(ids, r.Item)
		if r.Click {
			d.rewards[i] += s.slot.Reward.Weights["click"]
		}
		if r.Buy && !r.Return {
			d.rewards[i] += s.slot.Reward.Weights["purchase"]
		}
		if r.Buy || r.Dismiss {
			s.past[v.person.name] = append(s.past[v.person.name], exposure{v.At, d.shown[i], true})
		}
	}
	s.open = append(s.open, d)
}

func (s *standIn) choose(arm string, v Visit) []int {
	all := s.allowed(v)
	switch {
	case arm == "random":
		return s.uniform(all)[:3]
	case arm == "fixed" || s.serving == nil:
		return slices.DeleteFunc(slices.Clone(s.ranking), func(i int) bool { return !slices.Contains(all, i) })[:3]
	}
	scores := s.scores(v)
	var shown []int
	for range 3 {
		i := s.draw(all, scores)
		shown = append(shown, i)
		all = slices.DeleteFunc(all, func(j int) bool { return j == i })
	}
	return shown
}

// draw is SquareCB over the sixteen best, with a floor for all.
func (s *standIn) draw(all []int, scores []float64) int {
	if s.r.Float64() < s.slot.Policy.Epsilon {
		return all[s.r.IntN(len(all))]
	}
	best := slices.SortedFunc(slices.Values(all), func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })[:16]
	left := s.r.Float64()
	for _, i := range best[1:] {
		if left -= 1 / (16 + s.slot.Policy.Gamma*(scores[best[0]]-scores[i])); left < 0 {
			return i
		}
	}
	return best[0]
}

func (s *standIn) uniform(all []int) []int {
	all = slices.Clone(all)
	s.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// allowed leaves out what a person saw thrice, bought or waved away of late.
func (s *standIn) allowed(v Visit) []int {
	saw := make(map[int]int)
	for _, e := range s.past[v.person.name] {
		if v.At-e.at > 10*time.Minute {
			continue
		}
		if saw[e.item]++; e.had {
			saw[e.item] = 3
		}
	}
	var all []int
	for i := range s.items {
		if saw[i] < 3 {
			all = append(all, i)
		}
	}
	return all
}

// learn takes in what has closed, and serves it.
func (s *standIn) learn(now time.Duration) {
	for len(s.open) > 0 && s.open[0].closes <= now {
		d := s.open[0]
		s.open = s.open[1:]
		sum := 0.0
		for i, item := range d.shown {
			s.update(s.frames[d.context][item], d.rewards[i])
			if sum += d.rewards[i]; d.arm == "random" {
				s.fixed[item].Add(d.rewards[i])
			}
		}
		s.earned[d.arm].Add(sum)
	}
	s.ranking = s.order()
	s.current = map[string][]float64{}
	if len(s.model) > 0 {
		s.serving = slices.Clone(s.model)
	}
}

func (s *standIn) order() []int {
	all := make([]int, len(s.items))
	for i := range all {
		all[i] = i
	}
	slices.SortStableFunc(all, func(a, b int) int { return cmp.Compare(s.fixed[b].Mean, s.fixed[a].Mean) })
	return all
}

// update is one step of Bayesian linear regression that keeps the diagonal.
func (s *standIn) update(row []term, reward float64) {
	const noise = 0.1
	for len(s.model) < len(s.names) {
		s.model = append(s.model, weight{0, 0.05})
	}
	mean, variance := 0.0, noise
	for _, t := range row {
		mean += s.model[t.entry].mean * t.value
		variance += s.model[t.entry].variance * t.value * t.value
	}
	for _, t := range row {
		w := &s.model[t.entry]
		gain := w.variance * t.value / variance
		w.mean += gain * (reward - mean)
		w.variance -= gain * t.value * w.variance
	}
}

// scores are the means of all items for a visit.
func (s *standIn) scores(v Visit) []float64 {
	key := s.context(v)
	if scores, ok := s.current[key]; ok {
		return scores
	}
	scores := make([]float64, len(s.items))
	for i, row := range s.frames[key] {
		for _, t := range row {
			if t.entry < len(s.serving) {
				scores[i] += s.serving[t.entry].mean * t.value
			}
		}
	}
	s.current[key] = scores
	return scores
}

// context names what the product may know of a visit, and builds its rows once.
func (s *standIn) context(v Visit) string {
	var key []string
	for _, f := range s.book.Features {
		if f.Scope == rulebook.ContextScope {
			key = append(key, name(f, v, Item{}))
		}
	}
	k := strings.Join(key, " ")
	if s.frames[k] == nil {
		for _, it := range s.items {
			s.frames[k] = append(s.frames[k], s.row(v, it))
		}
	}
	return k
}

func (s *standIn) row(v Visit, it Item) []term {
	row := []term{{s.entry("bias"), 1}}
	named := map[string]string{}
	for _, f := range s.book.Features {
		if f.Kind == rulebook.Dense {
			row = append(row, term{s.entry(f.Name), dense(f, it)})
		} else if n := name(f, v, it); n != "" {
			named[f.Name] = n
			row = append(row, term{s.entry(n), 1})
		}
	}
	for _, c := range s.book.Crosses {
		if a, b := named[c[0]], named[c[1]]; a != "" && b != "" {
			row = append(row, term{s.entry(a + " x " + b), 1})
		}
	}
	return row
}

func (s *standIn) entry(name string) int {
	i, ok := s.names[name]
	if !ok {
		i = len(s.names)
		s.names[name] = i
	}
	return i
}

// name is a hashed feature's name and value, empty where it is missing.
func name(f rulebook.Feature, v Visit, it Item) string {
	known := v.Profile != "" && slices.Contains(v.Granted, wire.Purpose(f.Purpose))
	value := map[string]string{"context.weather": v.Weather, "context.daypart": v.Daypart, "item.id": it.ID, "item.category": it.Category}[f.Source]
	switch {
	case f.Source == "profile.taste" && known:
		value = segments[v.person.declared]
	case f.Source == "profile.household" && known:
		value = households[v.person.household]
	}
	if value == "" {
		return ""
	}
	return f.Name + "=" + value
}

func dense(f rulebook.Feature, it Item) float64 {
	if f.Source != "item.price" {
		panic("this world knows no " + f.Source)
	}
	return float64(it.Price) / 1000
}

func (s *standIn) interval(arm string) experiment.Interval {
	return experiment.Sequence{Range: 3 * s.slot.Reward.Range[1]}.Interval(*s.earned[arm])
}

func (s *standIn) report(t *testing.T) {
	for _, arm := range []string{"learned", "fixed", "random"} {
		i := s.interval(arm)
		t.Logf("%-7s %6d decisions earned %.3f, between %.3f and %.3f", arm, s.earned[arm].N, s.earned[arm].Mean, i.Low, i.High)
	}
}
