package rulebook

// Arbitration says which of several offers gives an item its price, and what
// offers say among items.
//
// For an item the offers of the highest priority come first; of those, by price the
// one that makes the lowest, by value the one that leaves the highest expected
// margin; of those the one of whose budget most is left.
type Arbitration struct {
	By Aim `yaml:"by" check:"enum=price|value"`

	// By value, what a model predicts of an item is weighed with its net margin at the
	// price of its offers, in units of Scale of a minor unit, and with how much is
	// left of their budgets for the time that is.
	Scale float64 `yaml:"scale" check:"above=0"`

	// Tiers gives positions to the items of offers of the highest priority first,
	// then to those of the next, last to items without an offer.
	Tiers bool `yaml:"tiers"`
}

func (a *Arbitration) defaults() { a.By, a.Scale = ByPrice, 0.01 }

// Aim is what offers compete by.
type Aim string

const (
	ByPrice Aim = "price"
	ByValue Aim = "value"
)

func (a *Arbitration) validate(d *decoder, at string, r *Reward) {
	if a.By == ByPrice && d.given(at+".scale") {
		d.fault(at+".scale", "is for by: value only; remove it")
	}
	if a.By == ByValue && r.NetMargin != nil {
		d.fault(at+".by", "is value, and the reward is a margin already; write price, or reward outcomes by weights")
	}
}
