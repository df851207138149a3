package rulebook

import (
	"slices"
	"time"

	"github.com/aisle-edge/aisle/modules/explore"
)

type slotsFile struct {
	Version    int           `yaml:"version" check:"required,min=0,max=0"`
	Salt       Salt          `yaml:"salt" check:"required"`
	Regime     Regime        `yaml:"regime" check:"enum=opt_in|opt_out"`
	Lease      time.Duration `yaml:"lease" check:"above=0"`
	Consent    Consent       `yaml:"consent"`
	MaxOffline time.Duration `yaml:"max_offline" check:"above=0"`
	FrameShare float64       `yaml:"frame_share" check:"min=0,max=1"`
	Slots      []Slot        `yaml:"slots" check:"required,min=1,max=256"`
}

func (f *slotsFile) defaults() {
	f.Regime, f.Lease, f.MaxOffline, f.FrameShare = OptIn, 7*24*time.Hour, 30*24*time.Hour, 0.01
}

// Consent says how the consent strings and signals of requests are read.
type Consent struct {
	Vendor          int           `yaml:"vendor" check:"min=0,max=65535"` // id in TCF strings; 0: the publisher's own segment
	MaxAge          time.Duration `yaml:"max_age" check:"above=0"`        // a string updated longer ago grants nothing
	GPCDeniesOffers bool          `yaml:"gpc_denies_offers"`              // beside cross_channel, which it always denies
	Sections        []int         `yaml:"gpp_sections" check:"max=32"`    // ids that apply here whatever a request's gppSid says
}

func (c *Consent) defaults() { c.MaxAge, c.GPCDeniesOffers = 395*24*time.Hour, true }

func (c *Consent) validate(d *decoder, at string) {
	for i, id := range c.Sections {
		if id < 1 || id > 63 || slices.Contains(c.Sections[:i], id) {
			d.fault(at+".gpp_sections", "must be ids of GPP sections, such as 7 for usnat, each once")
			return
		}
	}
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
	Quote       *Quote      `yaml:"quote"`
	Actions     []Action    `yaml:"actions" check:"max=16"`
	Model       string      `yaml:"model" check:"id"` // default: the slot's id
	Policy      Policy      `yaml:"policy"`
	Mode        Mode        `yaml:"mode" check:"enum=online|apprentice|logging_only"`
	Experiment  *Experiment `yaml:"experiment"`
	Reward      Reward      `yaml:"reward" check:"required"`
	Attribution Attribution `yaml:"attribution"`
	Baseline    Baseline    `yaml:"baseline" check:"enum=ranking|margin|order"`
	Rules       []string    `yaml:"rules" check:"max=256"` // ids; default: all
	Pins        []Pin       `yaml:"pins" check:"max=100"`
	Promoted    *Promoted   `yaml:"promoted"`
	Mix         *Mix        `yaml:"mix"`
	Diversity   *Diversity  `yaml:"diversity"`
	Language    string      `yaml:"language" check:"min=2,max=35"` // of reasons where nobody asks for another that there is; default: en

	Arbitration *Arbitration `yaml:"arbitration"` // nil: the lowest price, and no say among items
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
	Items     []string   `yaml:"items" check:"min=1,max=10000"`
	Offers    bool       `yaml:"offers"`  // items of the running offers of this slot
	Actions   bool       `yaml:"actions"` // only what the caller gives
}

// Catalogue selects items in the catalogue's order; without a list all are.
type Catalogue struct {
	Categories []string `yaml:"categories" check:"min=1,max=1000"` // with those below
	Brands     []string `yaml:"brands" check:"min=1,max=1000"`
	Limit      int      `yaml:"limit" check:"min=1,max=10000"`
}

func (c *Catalogue) defaults() { c.Limit = 1000 }

// Pin puts an item at a position, where the rules leave it.
type Pin struct {
	Position int    `yaml:"position" check:"required,min=1,max=100"`
	Item     string `yaml:"item" check:"required,min=1,max=256"`
}

// Promoted gives a share of the positions to the items that Where holds for. A
// position whose turn it is and that none of them may take is any item's.
type Promoted struct {
	Share float64 `yaml:"share" check:"required,above=0,max=1"`
	Where When    `yaml:"where" check:"required"`
}

// None makes showing nothing an action of the first position.
type None struct {
	Floor float64 `yaml:"floor" check:"required,above=0,below=1"` // least probability of it
}

// Hold reserves what an answer shows.
type Hold struct {
	TTL      time.Duration `yaml:"ttl" check:"required,above=0,max=2592000"`
	Quantity int           `yaml:"quantity" check:"min=1,max=1000"`
}

func (h *Hold) defaults() { h.Quantity = 1 }

// Policy is the bandit's policy of the learned arm, the fields of an
// explore.Policy.
type Policy struct {
	Kind        explore.Kind `yaml:"kind" check:"enum=epsilon_greedy|softmax|squarecb|thompson|linucb"`
	Epsilon     float64      `yaml:"epsilon" check:"above=0,max=1"` // of a position
	Budget      float64      `yaml:"budget" check:"above=0,max=1"`  // the most that epsilon is over all positions of a slate; default: no bound
	Temperature float64      `yaml:"temperature" check:"above=0"`
	Gamma       float64      `yaml:"gamma" check:"above=0"`
	Alpha       float64      `yaml:"alpha" check:"above=0"`
}

func (p *Policy) defaults() { p.Kind, p.Epsilon = explore.SquareCB, 0.1 }

// Draws is the policy that an arm of the slot draws so many positions by.
func (s *Slot) Draws(by ArmPolicy, positions int) explore.Policy {
	switch by {
	case Uniform:
		return explore.Policy{Kind: explore.Uniform}
	case Fixed:
		return explore.Policy{Kind: explore.Fixed}
	}
	p := s.Policy
	if p.Budget > 0 {
		p.Epsilon = min(p.Epsilon, p.Budget/float64(max(positions, 1)))
	}
	return explore.Policy{Kind: p.Kind, Epsilon: p.Epsilon, Temperature: p.Temperature, Gamma: p.Gamma, Alpha: p.Alpha}
}

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
