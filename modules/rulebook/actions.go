package rulebook

import (
	"fmt"
	"time"
)

// Quote keeps the price of an answer, whatever the catalogue says meanwhile.
type Quote struct {
	TTL time.Duration `yaml:"ttl" check:"required,above=0,max=2592000"`
}

// Action is what a function of the place does for each item that is shown.
type Action struct {
	Function Function      `yaml:"function" check:"required,enum=stock_room|pricing|fulfilment|service"`
	Kind     string        `yaml:"kind" check:"required,id"` // what to do, in the function's own word: pick, label, reserve, assist
	When     string        `yaml:"when" check:"enum=shown|view|click|add_to_basket|purchase|redeem|dismiss|accept|edit|reject|substituted|not_found|basket_completed"`
	Approval Approval      `yaml:"approval" check:"enum=staff|none"`
	TTL      time.Duration `yaml:"ttl" check:"required,above=0,max=86400"` // from When; then it is not done any more
}

func (a *Action) defaults() { a.When, a.Approval = Shown, Staff }

// Shown is the When of an action that is called for once the item is shown: with
// the decision, or the activation of a deferred one. The others are outcome types.
const Shown = "shown"

// Function is who carries an action out.
type Function string

const (
	StockRoom  Function = "stock_room"
	Pricing    Function = "pricing"
	Fulfilment Function = "fulfilment"
	Service    Function = "service"
)

// Approval says who must agree before an action is carried out.
type Approval string

const (
	Staff   Approval = "staff"
	Nothing Approval = "none"
)

func validateActions(d *decoder, at string, actions []Action) {
	unique(d, at, actions, func(a Action) string { return fmt.Sprintf("%s %s when %s", a.Function, a.Kind, a.When) })
}
