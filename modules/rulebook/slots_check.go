package rulebook

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/modules/explore"
)

func (f *slotsFile) validate(d *decoder, around surroundings) {
	if d.sound("consent") {
		f.Consent.validate(d, "consent")
	}
	unique(d, "slots", f.Slots, func(s Slot) string { return s.ID })
	for i := range f.Slots {
		s, at := &f.Slots[i], fmt.Sprintf("slots[%d]", i)
		if s.Model == "" {
			s.Model = s.ID
		}
		if s.Required > s.Count && d.sound(at+".count") {
			d.fault(at+".required", "is more than count")
		}
		around.identify(s)
		if d.sound(at + ".source") {
			s.Source.validate(d, at+".source")
		}
		if d.sound(at + ".policy") {
			s.Policy.validate(d, at+".policy")
		}
		if d.sound(at + ".reward") {
			s.Reward.validate(d, at+".reward")
		}
		if s.None != nil && s.None.Floor < rarest && d.sound(at+".none") {
			d.fault(at+".none.floor", fmt.Sprintf("must be at least %v: what is drawn more rarely teaches nothing", rarest))
		}
		if s.Experiment != nil && d.sound(at+".experiment") {
			s.Experiment.validate(d, at+".experiment")
		}
		unique(d, at+".pins", s.Pins, func(p Pin) string { return strconv.Itoa(p.Position) })
		unique(d, at+".pins", s.Pins, func(p Pin) string { return p.Item })
		for j, p := range s.Pins {
			if problem := idProblem(p.Item); problem != "" && d.sound(at+".pins") {
				d.fault(fmt.Sprintf("%s.pins[%d].item", at, j), problem)
			}
		}
		unique(d, at+".rules", s.Rules, func(id string) string { return id })
		if s.Promoted != nil && d.sound(at+".promoted") {
			d.compile(&s.Promoted.Where, at+".promoted.where", around.options)
			around.reads(d, &s.Promoted.Where, at+".promoted.where", "where")
		}
		if s.Mix != nil && d.sound(at+".mix") {
			s.Mix.validate(d, at+".mix", around)
		}
		validateActions(d, at+".actions", s.Actions)
		if s.Arbitration != nil && d.sound(at+".arbitration") {
			s.Arbitration.validate(d, at+".arbitration", &s.Reward)
		}
		if s.Language != "" && d.sound(at+".language") && !lookUp(s.Language, around.speaks) {
			d.fault(at+".language", "has no words; give features.yaml words of it, or write one of those it has, en or de")
		}
		unique(d, at+".attribution.by", s.Attribution.By, func(j Joint) string { return string(j) })
	}
}

func (s *Source) validate(d *decoder, at string) {
	n := 0
	for _, given := range []bool{s.Catalogue != nil, len(s.Items) > 0, s.Offers, s.Actions} {
		if given {
			n++
		}
	}
	switch {
	case n > 1:
		d.fault(at, "name exactly one of catalogue, items, offers, actions")
	case n == 0:
		s.Catalogue = new(Catalogue)
		s.Catalogue.defaults()
	}
	identifiable(d, at+".items", s.Items)
	if c := s.Catalogue; c != nil {
		nameable(d, at+".catalogue.categories", c.Categories)
		nameable(d, at+".catalogue.brands", c.Brands)
	}
}

func (p *Policy) validate(d *decoder, at string) {
	for key, x := range map[string]float64{"epsilon": p.Epsilon, "budget": p.Budget} {
		if x != 0 && x < rarest {
			d.fault(at+"."+key, fmt.Sprintf("must be at least %v: what is drawn more rarely teaches nothing", rarest))
		}
	}
	for key, x := range map[string]float64{"temperature": p.Temperature, "gamma": p.Gamma, "alpha": p.Alpha} {
		if x != 0 && (x < smallest || x > largest) {
			d.fault(at+"."+key, fmt.Sprintf("must be from %v to %v", smallest, largest))
		}
	}
	if p.Temperature != 0 && p.Kind != explore.Softmax {
		d.fault(at+".temperature", "is for kind softmax only; remove it")
	}
	if p.Temperature == 0 && p.Kind == explore.Softmax {
		d.fault(at, "softmax needs a temperature, in units of reward")
	}
	if p.Gamma != 0 && p.Kind != explore.SquareCB {
		d.fault(at+".gamma", "is for kind squarecb only; remove it")
	}
	if p.Gamma == 0 && p.Kind == explore.SquareCB {
		p.Gamma = 50
	}
	if p.Alpha != 0 && p.Kind != explore.LinUCB {
		d.fault(at+".alpha", "is for kind linucb only; remove it")
	}
	if p.Alpha == 0 && p.Kind == explore.LinUCB {
		p.Alpha = 1
	}
}

// rarest is the least share of draws that anything is given by choice: one is weighed by
// the inverse of its probability.
const rarest = 1e-6

func (r *Reward) validate(d *decoder, at string) {
	if (len(r.Weights) > 0) == (r.NetMargin != nil) {
		d.fault(at, "name exactly one of weights and net_margin")
	}
	for outcome := range r.Weights {
		if !rewarded(outcome) {
			d.fault(at+".weights."+outcome, "is no outcome that can be rewarded; use one of "+strings.Join(rewardable(), " ")+" (returns and voids take back by themselves)")
		}
	}
	r.counts(d, at)
	if math.Abs(r.Range[0]) > largest || math.Abs(r.Range[1]) > largest || r.Range[1]-r.Range[0] < smallest && r.Range[0] < r.Range[1] {
		d.fault(at+".range", fmt.Sprintf("must be of numbers of at most %v in size, at least %v apart", largest, smallest))
	} else if r.Range[0] >= r.Range[1] {
		d.fault(at+".range", "the first number must be below the second")
	} else if r.Default < r.Range[0] || r.Default > r.Range[1] {
		d.fault(at+".default", "is outside of range")
	}
}

// counts checks that what an outcome weighs is left of it: the reward of a position is
// clipped to its range.
func (r *Reward) counts(d *decoder, at string) {
	if len(r.Weights) == 0 || r.NetMargin != nil {
		return
	}
	worth := false
	for outcome, weight := range r.Weights {
		worth = worth || weight != 0
		if r.Range[0] < r.Range[1] && (weight < min(r.Range[0], 0) || weight > max(r.Range[1], 0)) {
			d.fault(at+".weights."+outcome, fmt.Sprintf("is outside of range %v, to which it would be clipped; widen the range, or weigh it less", r.Range))
		}
	}
	if !worth {
		d.fault(at+".weights", "are all 0, so that nothing could be learned; weigh one")
	}
}

// resolve needs the rules to be known.
func (f *slotsFile) resolve(d *decoder, rules []Rule) {
	for i := range f.Slots {
		s := &f.Slots[i]
		if s.Rules == nil {
			for _, r := range rules {
				s.Rules = append(s.Rules, r.ID)
			}
		}
		for j, id := range s.Rules {
			if !slices.ContainsFunc(rules, func(r Rule) bool { return r.ID == id }) {
				d.fault(fmt.Sprintf("slots[%d].rules[%d]", i, j), "rules.yaml has no rule of this id")
			}
		}
	}
}
