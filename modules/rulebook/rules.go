package rulebook

import (
	"fmt"
	"slices"
	"time"
)

type rulesFile struct {
	Version int    `yaml:"version" check:"required,min=0,max=0"`
	Rules   []Rule `yaml:"rules" check:"required,max=256"`
}

// Rule removes candidates. Which fields count is said by its kind.
type Rule struct {
	ID         string        `yaml:"id" check:"required,id"`
	Kind       RuleKind      `yaml:"kind" check:"required,enum=stock|active|margin|exclude|cap|suppress"`
	Safety     int           `yaml:"safety" check:"min=0,max=1000000"`
	Floor      float64       `yaml:"floor" check:"min=0,below=1"`
	Categories []string      `yaml:"categories" check:"max=1000"`
	Brands     []string      `yaml:"brands" check:"max=1000"`
	Items      []string      `yaml:"items" check:"max=10000"`
	Count      int           `yaml:"count" check:"min=1,max=1000000"`
	Window     time.Duration `yaml:"window" check:"above=0"`
	Per        Per           `yaml:"per" check:"enum=person|session"`
	Outcomes   []string      `yaml:"outcomes" check:"min=1,max=16"`
}

func (r *Rule) defaults() { r.Per = Person }

// RuleKind says what a rule removes.
type RuleKind string

const (
	// Stock: less than one is available after holds, the item's safety stock and Safety.
	Stock RuleKind = "stock"
	// Active: the item's status is another.
	Active RuleKind = "active"
	// Margin: the net margin is below the share Floor of the net price, or unknown.
	Margin RuleKind = "margin"
	// Exclude: in one of Categories or below, of one of Brands, or one of Items.
	Exclude RuleKind = "exclude"
	// Cap: shown Count times within Window to this person or session.
	Cap RuleKind = "cap"
	// Suppress: one of Outcomes of this person or session within Window.
	Suppress RuleKind = "suppress"
)

// Per says whose showings a cap counts.
type Per string

const (
	Person  Per = "person"
	Session Per = "session"
)

// takes names the fields of a kind: those it needs, those it may have.
func (k RuleKind) takes() (needs, may []string) {
	switch k {
	case Stock:
		return nil, []string{"safety"}
	case Margin:
		return []string{"floor"}, nil
	case Exclude:
		return nil, []string{"categories", "brands", "items"}
	case Cap:
		return []string{"count", "window"}, []string{"per"}
	case Suppress:
		return []string{"outcomes", "window"}, nil
	}
	return nil, nil
}

func (f *rulesFile) validate(d *decoder) {
	unique(d, "rules", f.Rules, func(r Rule) string { return r.ID })
	for i, r := range f.Rules {
		at := fmt.Sprintf("rules[%d]", i)
		if d.sound(at + ".") {
			r.validate(d, at)
		}
		for j, o := range r.Outcomes {
			if !slices.Contains(outcomes, o) {
				d.fault(fmt.Sprintf("%s.outcomes[%d]", at, j), "is no outcome type")
			}
		}
	}
}

func (r *Rule) validate(d *decoder, at string) {
	needs, may := r.Kind.takes()
	for _, key := range keys(*r) {
		given := d.given(at + "." + key)
		switch {
		case key == "id" || key == "kind" || slices.Contains(may, key):
		case slices.Contains(needs, key):
			if !given {
				d.fault(at, fmt.Sprintf("kind %s needs %s", r.Kind, key))
			}
		case given:
			d.fault(at+"."+key, fmt.Sprintf("is nothing to kind %s; remove it", r.Kind))
		}
	}
	if r.Kind == Exclude && len(r.Categories)+len(r.Brands)+len(r.Items) == 0 {
		d.fault(at, "name categories, brands or items")
	}
}

// outcomes are the outcome types of the API, and the plain number of a reward.
var outcomes = []string{"view", "click", "add_to_basket", "purchase", "redeem", "return", "void", "dismiss", "accept", "edit",
	"reject", "substituted", "not_found", "basket_completed", "reward"}

// rewardable are the types that a reward may weigh.
func rewardable() []string {
	return slices.DeleteFunc(slices.Clone(outcomes), func(o string) bool { return !rewarded(o) })
}

func rewarded(outcome string) bool {
	return slices.Contains(outcomes, outcome) && outcome != "return" && outcome != "void"
}
