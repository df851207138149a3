package rules

import (
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
	"github.com/aisle-edge/aisle/sync/wire"
)

// rule is one of the rulebook's, made ready.
type rule struct {
	rulebook.Rule

	when    *asked // nil: always
	excuse  *condition.Condition
	request *asked // the part of unless about the request; nil without unless
	mixed   *asked // the part about both; nil without

	window   int64 // milliseconds
	within   int64
	outcomes []wire.OutcomeType
	shown    bool // being shown is one of outcomes
	items    map[uint64]bool
	need     int // place in Book.needs
	prefix   int // place in Book.prefix
	later    int // place in Book.later, if it is there
	node     int // of caps of the node: place in View.nodes
	own      int // of caps that share: place in Book.owns
	source   int // place in asks
	purpose  wire.Purpose
}

func newRule(r *rulebook.Rule, a *asks) rule {
	one := rule{Rule: *r, window: r.Window.Milliseconds(), within: r.Within.Milliseconds(), items: map[uint64]bool{}}
	if r.When.Condition != nil {
		one.when = a.ask(r.When.Condition)
	}
	if u := r.Unless.Condition; u != nil {
		parts := u.Split(rulebook.IsItemPath)
		one.excuse = parts.Item
		if !parts.Request.Always() {
			one.request = a.ask(parts.Request)
		}
		if !parts.Mixed.Always() {
			one.mixed = a.ask(parts.Mixed)
		}
	}
	for _, id := range r.Items {
		one.items[xxhash.Sum64String(id)] = true
	}
	for t := range wire.OutcomeType_name {
		if t := wire.OutcomeType(t); t != attribution.Shown && slices.Contains(r.Outcomes, attribution.TypeName(t)) {
			one.outcomes = append(one.outcomes, t)
		}
	}
	if slices.Contains(r.Outcomes, "shown") {
		one.shown, one.outcomes = true, append(one.outcomes, attribution.Shown)
	}
	if r.Source != "" {
		one.source = a.path(r.Source)
	}
	if r.Kind == rulebook.Sensitive {
		one.purpose = sensitive(r.Class)
	}
	return one
}

func sensitive(class string) wire.Purpose { return wire.Purpose("sensitive:" + class) }

// ofItems tells whether the columns of items alone say what the rule removes.
func (r *rule) ofItems() bool {
	switch r.Kind {
	case rulebook.Active, rulebook.Margin, rulebook.Price, rulebook.Exclude:
		return true
	}
	return false
}

// ofPrices tells whether what it removes depends on what offers make of prices.
func (r *rule) ofPrices() bool { return r.Kind == rulebook.Margin || r.Kind == rulebook.Price }

// unconditional tells whether the rule is the same in every request.
func (r *rule) unconditional() bool { return r.when == nil && r.request == nil && r.mixed == nil }

// takesUnknown tells whether a rule removes, or is about, what is no item of the
// catalogue. Only a plain list of items tells of such that they are not meant.
func (r *rule) takesUnknown() bool {
	return r.Kind != rulebook.Exclude || len(r.Items) == 0 || len(r.Brands)+len(r.Categories) > 0
}
