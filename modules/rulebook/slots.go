package rulebook

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

type slotsFile struct {
	Version    int           `yaml:"version" check:"required,min=0,max=0"`
	Salt       Salt          `yaml:"salt" check:"required"`
	Regime     Regime        `yaml:"regime" check:"enum=opt_in|opt_out"`
	Lease      time.Duration `yaml:"lease" check:"above=0"`
	MaxOffline time.Duration `yaml:"max_offline" check:"above=0"`
	FrameShare float64       `yaml:"frame_share" check:"min=0,max=1"`
	Slots      []Slot        `yaml:"slots" check:"required,min=1,max=256"`
}

func (f *slotsFile) defaults() {
	f.Regime, f.Lease, f.MaxOffline, f.FrameShare = OptIn, 7*24*time.Hour, 30*24*time.Hour, 0.01
}

// Slot is a placement: where its candidates come from, how it draws among them,
// what counts as success.
type Slot struct {
	ID          string      `yaml:"id" check:"required,id"`
	Kind        SlotKind    `yaml:"kind" check:"required,enum=offer|content"`
	Source      Source      `yaml:"source"`
	Count       int         `yaml:"count" check:"min=1,max=100"`    // default number of items
	Required    int         `yaml:"required" check:"min=0,max=100"` // fewer after the rules is degraded
	None        *None       `yaml:"none"`
	Hold        *Hold       `yaml:"hold"`
	Model       string      `yaml:"model" check:"id"` // default: the slot's id
	Policy      Policy      `yaml:"policy"`
	Mode        Mode        `yaml:"mode" check:"enum=online|apprentice|logging_only"`
	Experiment  *Experiment `yaml:"experiment"`
	Reward      Reward      `yaml:"reward" check:"required"`
	Attribution Attribution `yaml:"attribution"`
	Baseline    Baseline    `yaml:"baseline" check:"enum=ranking|margin|order"`
	Rules       []string    `yaml:"rules" check:"max=256"` // ids; default: all
}

func (s *Slot) defaults() {
	s.Count, s.Required, s.Mode, s.Baseline = 1, 1, Online, Ranking
}

// SlotKind says which personalisation purpose a slot needs.
type SlotKind string

const (
	Offer   SlotKind = "offer"
	Content SlotKind = "content"
)

// Mode says what a slot serves and learns from.
type Mode string

const (
	Online      Mode = "online"
	Apprentice  Mode = "apprentice"   // serves the baseline, logs what it would have chosen
	LoggingOnly Mode = "logging_only" // serves the baseline
)

// Baseline orders a slot's items without a model.
type Baseline string

const (
	Ranking  Baseline = "ranking" // rankings.json, then the order of the source
	ByMargin Baseline = "margin"
	ByOrder  Baseline = "order"
)

// Source is where candidates come from when the caller gives none: exactly one
// of its fields is set.
type Source struct {
	Catalogue *Catalogue `yaml:"catalogue"`
	Items     []string   `yaml:"items" check:"max=10000"`
	Offers    bool       `yaml:"offers"`  // items of the running offers of this slot
	Actions   bool       `yaml:"actions"` // only what the caller gives
}

// Catalogue selects items in the catalogue's order; an empty list selects all.
type Catalogue struct {
	Categories []string `yaml:"categories" check:"max=1000"` // with those below
	Brands     []string `yaml:"brands" check:"max=1000"`
	Limit      int      `yaml:"limit" check:"min=1,max=10000"`
}

func (c *Catalogue) defaults() { c.Limit = 1000 }

// None makes showing nothing an action of the first position.
type None struct {
	Floor float64 `yaml:"floor" check:"required,above=0,below=1"` // least probability of it
}

// Hold reserves what an answer shows.
type Hold struct {
	TTL      time.Duration `yaml:"ttl" check:"required,above=0"`
	Quantity int           `yaml:"quantity" check:"min=1,max=1000"`
}

func (h *Hold) defaults() { h.Quantity = 1 }

// Policy is the bandit's policy of the learned arm.
type Policy struct {
	Kind        PolicyKind `yaml:"kind" check:"enum=epsilon_greedy|softmax|squarecb"`
	Epsilon     float64    `yaml:"epsilon" check:"above=0,max=1"` // share of uniform draws
	Temperature float64    `yaml:"temperature" check:"above=0"`   // softmax: in units of reward
	Gamma       float64    `yaml:"gamma" check:"above=0"`         // squarecb: per unit of reward
}

func (p *Policy) defaults() { p.Kind, p.Epsilon = SquareCB, 0.1 }

// PolicyKind names how the contenders share what exploration leaves.
type PolicyKind string

const (
	EpsilonGreedy PolicyKind = "epsilon_greedy"
	Softmax       PolicyKind = "softmax"
	SquareCB      PolicyKind = "squarecb"
)

// Experiment splits a slot's decisions over arms by the hash of a unit.
type Experiment struct {
	ID   string `yaml:"id" check:"required,id"`
	Seed string `yaml:"seed" check:"min=1,max=64"` // default: the id
	Unit Unit   `yaml:"unit" check:"enum=event|session|profile"`
	Arms []Arm  `yaml:"arms" check:"required,min=1,max=16"`
}

func (e *Experiment) defaults() { e.Unit = ByEvent }

// Unit is what stays in one arm; where it is not known the next finer one counts.
type Unit string

const (
	ByEvent   Unit = "event"
	BySession Unit = "session"
	ByProfile Unit = "profile"
)

// Arm is one way of an experiment. Shares are multiples of 1/10000, the grain of
// the hash, and sum to 1.
type Arm struct {
	ID     string    `yaml:"id" check:"required,id"`
	Share  float64   `yaml:"share" check:"required,above=0,max=1"`
	Policy ArmPolicy `yaml:"policy" check:"required,enum=learned|fixed|uniform"`
}

// ArmPolicy says what an arm draws by.
type ArmPolicy string

const (
	Learned ArmPolicy = "learned" // the slot's policy over the model's scores
	Fixed   ArmPolicy = "fixed"   // the first allowed of the slot's ranking
	Uniform ArmPolicy = "uniform" // any allowed, all alike
)

// Reward says what a shown item is worth: the weights of its outcomes, or the
// net margin it brought in.
type Reward struct {
	Weights     map[string]float64 `yaml:"weights"` // by outcome type
	NetMargin   *NetMargin         `yaml:"net_margin"`
	Range       [2]float64         `yaml:"range"` // clips the reward of a position
	Wait        time.Duration      `yaml:"wait" check:"above=0"`
	Default     float64            `yaml:"default"` // when nothing came within Wait
	Aggregation Aggregation        `yaml:"aggregation" check:"enum=sum|earliest"`
}

func (r *Reward) defaults() {
	r.Range, r.Wait, r.Aggregation = [2]float64{0, 1}, 30*time.Minute, Sum
}

// NetMargin rewards Scale a minor unit of net margin.
type NetMargin struct {
	Scale float64 `yaml:"scale" check:"required,above=0"`
}

// Aggregation says which outcomes of a position count.
type Aggregation string

const (
	Sum      Aggregation = "sum"
	Earliest Aggregation = "earliest"
)

// Attribution joins an outcome without an event id to the decision that last
// showed its item.
type Attribution struct {
	Window time.Duration `yaml:"window" check:"above=0"`
	By     []Joint       `yaml:"by" check:"min=1,max=3,enum=basket|session|profile"` // tried in this order
}

func (a *Attribution) defaults() {
	a.Window, a.By = 2*time.Hour, []Joint{JoinBasket, JoinSession, JoinProfile}
}

// Joint is what an outcome and a decision have in common.
type Joint string

const (
	JoinBasket  Joint = "basket"
	JoinSession Joint = "session"
	JoinProfile Joint = "profile"
)

func (f *slotsFile) validate(d *decoder) {
	unique(d, "slots", f.Slots, func(s Slot) string { return s.ID })
	for i := range f.Slots {
		s, at := &f.Slots[i], fmt.Sprintf("slots[%d]", i)
		if s.Model == "" {
			s.Model = s.ID
		}
		if s.Required > s.Count && d.sound(at+".count") {
			d.fault(at+".required", "is more than count")
		}
		if d.sound(at + ".source") {
			s.Source.validate(d, at+".source")
		}
		if d.sound(at + ".policy") {
			s.Policy.validate(d, at+".policy")
		}
		if d.sound(at + ".reward") {
			s.Reward.validate(d, at+".reward")
		}
		if s.Experiment != nil && d.sound(at+".experiment") {
			s.Experiment.validate(d, at+".experiment")
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
	unique(d, at+".items", s.Items, func(id string) string { return id })
}

func (p *Policy) validate(d *decoder, at string) {
	if p.Temperature != 0 && p.Kind != Softmax {
		d.fault(at+".temperature", "is for kind softmax only; remove it")
	}
	if p.Temperature == 0 && p.Kind == Softmax {
		d.fault(at, "softmax needs a temperature, in units of reward")
	}
	if p.Gamma != 0 && p.Kind != SquareCB {
		d.fault(at+".gamma", "is for kind squarecb only; remove it")
	}
	if p.Gamma == 0 && p.Kind == SquareCB {
		p.Gamma = 50
	}
}

func (e *Experiment) validate(d *decoder, at string) {
	if e.Seed == "" {
		e.Seed = e.ID
	}
	unique(d, at+".arms", e.Arms, func(a Arm) string { return a.ID })
	grains := 0.0
	for i, a := range e.Arms {
		n := math.Round(a.Share * 10_000)
		if math.Abs(float64(a.Share*10_000)-n) > 1e-6 {
			d.fault(fmt.Sprintf("%s.arms[%d].share", at, i), "is no multiple of 0.0001")
		}
		grains += n
	}
	if grains != 10_000 {
		d.fault(at+".arms", fmt.Sprintf("shares sum to %v; they must sum to 1", grains/10_000))
	}
}

func (r *Reward) validate(d *decoder, at string) {
	if (len(r.Weights) > 0) == (r.NetMargin != nil) {
		d.fault(at, "name exactly one of weights and net_margin")
	}
	for outcome := range r.Weights {
		if !rewarded(outcome) {
			d.fault(at+".weights."+outcome, "is no outcome that can be rewarded; use one of "+strings.Join(rewardable(), " ")+" (returns and voids take back by themselves)")
		}
	}
	if r.Range[0] >= r.Range[1] {
		d.fault(at+".range", "the first number must be below the second")
	} else if r.Default < r.Range[0] || r.Default > r.Range[1] {
		d.fault(at+".default", "is outside of range")
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
