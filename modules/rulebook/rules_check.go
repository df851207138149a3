package rulebook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a zone has the same hours on every machine that has none of its own

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// surroundings are what rules refer to beyond their file.
type surroundings struct {
	purpose  func(string) bool
	declared func(field string) bool // of a person, in features.yaml
	options  condition.Options       // the groups of rules.yaml
	speaks   func(tag string) bool   // there are words of a language
	item     func(id string) string  // as the catalogue writes it; nil: as it is
}

func (f *rulesFile) validate(d *decoder, around surroundings) {
	if _, err := time.LoadLocation(f.Zone); err != nil || f.Zone == "Local" {
		d.fault("zone", "is no time zone; write a name such as Europe/Berlin")
	}
	unique(d, "lists", f.Lists, func(key string) string { return key })
	for i, key := range f.Lists {
		if problem := attributeProblem(key); problem != "" {
			d.fault(fmt.Sprintf("lists[%d]", i), problem)
		}
	}
	unique(d, "rules", f.Rules, func(r Rule) string { return r.ID })
	for i := range f.Rules {
		r, at := &f.Rules[i], fmt.Sprintf("rules[%d]", i)
		if d.sound(at+".") && r.takesOnly(d, at) {
			r.complete(d, at, around)
			r.compile(d, at, around)
			r.Text.validate(d, at+".text", 256)
		}
		if slices.Contains(counted, r.ID) {
			d.fault(at+".id", "is the name under which removals are counted that no rule made; choose another")
		}
		for j, o := range r.Outcomes {
			if !slices.Contains(outcomes, o) && o != shown {
				d.fault(fmt.Sprintf("%s.outcomes[%d]", at, j), "is no outcome type; use one of "+shown+" "+strings.Join(outcomes, " "))
			}
		}
		unique(d, at+".outcomes", r.Outcomes, func(o string) string { return o })
	}
	f.fair(d, around)
}

// always are the fields that any kind may have.
var always = []string{"id", "kind", "where", "when", "unless", "text"}

// takesOnly reports what the kind lacks, and what it has no use for.
func (r *Rule) takesOnly(d *decoder, at string) bool {
	before := len(d.faults)
	needs, may := r.Kind.takes()
	for _, key := range keys(*r) {
		given := d.given(at + "." + key)
		switch {
		case slices.Contains(needs, key):
			if !given {
				d.fault(at, fmt.Sprintf("kind %s needs %s", r.Kind, key))
			}
		case slices.Contains(always, key) || slices.Contains(may, key):
		case given:
			d.fault(at+"."+key, fmt.Sprintf("is nothing to kind %s; remove it", r.Kind))
		}
	}
	return len(d.faults) == before
}

// complete fills what is not written, and checks what one field says of another.
func (r *Rule) complete(d *decoder, at string, around surroundings) {
	switch r.Kind {
	case Margin:
		if !d.given(at+".floor") && !d.given(at+".floor_amount") {
			d.fault(at, "kind margin needs floor or floor_amount")
		}
	case Price:
		if !d.given(at+".least") && r.MaxDiscount == nil {
			d.fault(at, "kind price needs least or max_discount")
		}
	case Exclude:
		nameable(d, at+".categories", r.Categories)
		nameable(d, at+".brands", r.Brands)
		identifiable(d, at+".items", r.Items)
		if len(r.Categories)+len(r.Brands)+len(r.Items) == 0 && !d.given(at+".where") && !d.given(at+".when") && !d.given(at+".unless") {
			d.fault(at, "name categories, brands or items, or say where, when or unless")
		}
		r.Items = around.both(r.Items)
	case Avoid, Needs, Age:
		if problem := attributeProblem(r.Attribute); problem != "" {
			d.fault(at+".attribute", problem)
		}
		if origin, _, _ := strings.Cut(r.Source, "."); origin != "profile" && origin != "context" {
			d.fault(at+".source", "starts with profile. or context., followed by a key")
		} else if problem := problemOf(r.Source, around.declared); problem != "" {
			d.fault(at+".source", problem)
		}
	case Sensitive:
		if !around.purpose("sensitive:" + r.Class) {
			d.fault(at+".class", "makes no known purpose")
		}
		if r.Within > PersonWindow {
			d.fault(at+".within", "a person is remembered for 720h; shorten it")
		}
	case Cap:
		if r.Per == "" {
			r.Per = Person
		}
	case Separate:
		r.separates(d, at)
	}
	r.counts(d, at, around)
}

// counts checks per and of.
func (r *Rule) counts(d *decoder, at string, around surroundings) {
	allowed := map[RuleKind][]Of{
		Cap:      {OfItem, OfOffer, OfSlot, OfBrand, OfCategory},
		Suppress: {OfItem, OfBrand, OfCategory},
		Limit:    {OfBrand, OfCategory},
	}[r.Kind]
	if allowed == nil {
		return
	}
	if r.Of == "" {
		r.Of = OfItem
	}
	key, attribute := r.Of.Attribute()
	if problem := attributeProblem(key); attribute && r.Kind == Limit && problem != "" {
		d.fault(at+".of", problem)
	}
	if !slices.Contains(allowed, r.Of) && !(attribute && r.Kind == Limit) {
		list := make([]string, len(allowed))
		for i, o := range allowed {
			list[i] = string(o)
		}
		if r.Kind == Limit {
			list = append(list, "attribute:<key>")
		}
		d.fault(at+".of", "must be one of "+strings.Join(list, ", "))
	}
	if r.Depth > 0 && r.Of != OfCategory {
		d.fault(at+".depth", "is of category only; remove it")
	}
	switch {
	case r.Per == Node && r.Kind != Cap:
		d.fault(at+".per", "node is of kind cap only; use person, session or household")
	case r.Per == Node && r.Window > NodeWindow:
		d.fault(at+".window", "a cap per node counts for at most 720h; shorten it")
	case r.Per == Session && r.Window > SessionWindow:
		d.fault(at+".window", "a session is remembered for 24h; shorten it, or count per person")
	case r.Window > PersonWindow:
		d.fault(at+".window", "a person is remembered for 720h; shorten it")
	}
	if r.Per == Household && !around.declared("household") {
		d.fault(at+".per", "features.yaml declares no field household; give it a feature with source "+HouseholdField+" and its purpose")
	}
}

// separates checks that no brand is its own competitor.
func (r *Rule) separates(d *decoder, at string) {
	in := map[string]bool{}
	for i, group := range r.Groups {
		if len(group) == 0 {
			d.fault(fmt.Sprintf("%s.groups[%d]", at, i), "names no brand; name one or remove it")
		}
		for j, brand := range group {
			switch path := fmt.Sprintf("%s.groups[%d][%d]", at, i, j); {
			case nameProblem(brand) != "":
				d.fault(path, nameProblem(brand))
			case in[brand]:
				d.fault(path, fmt.Sprintf("%.64q is there twice", brand))
			}
			in[brand] = true
		}
	}
}

// compile makes the rule's conditions.
func (r *Rule) compile(d *decoder, at string, around surroundings) {
	for i, w := range []*When{&r.Where, &r.When, &r.Unless} {
		key := []string{"where", "when", "unless"}[i]
		if path := at + "." + key; d.given(path) {
			d.compile(w, path, around.options)
			around.reads(d, w, path, key)
		}
	}
}

// reads checks the paths of a condition: where and items are about items alone, when
// and customers about the request alone.
func (around surroundings) reads(d *decoder, w *When, path, key string) {
	if w.Condition == nil {
		return
	}
	if w.Always() {
		d.fault(path, "demands nothing; remove it")
	}
	for _, p := range w.Paths() {
		problem := problemOf(p, around.declared)
		switch item := IsItemPath(p); {
		case problem != "":
		case key == "where" && !item:
			problem = "is not about items; move it to when or unless"
		case key == "when" && item:
			problem = "is about items; move it to where or unless"
		case key == "items" && !item:
			problem = "is not about items; make it a group of customers"
		case key == "customers" && item:
			problem = "is about items; make it a group of items"
		}
		if problem != "" {
			d.fault(path, fmt.Sprintf("%.64s %s", p, problem))
		}
	}
	if problem := cmp.Or(textAsTruth(w.Condition), never(w.Condition)); problem != "" {
		d.fault(path, problem)
	}
}

// outcomes are the outcome types of the API, and the plain number of a reward.
var outcomes = []string{"view", "click", "add_to_basket", "purchase", "redeem", "return", "void", "dismiss", "accept", "edit",
	"reject", "substituted", "not_found", "basket_completed", "reward"}

// shown stands among the outcomes of a rule for being shown.
const shown = "shown"

// rewardable are the types that a reward may weigh.
func rewardable() []string {
	return slices.DeleteFunc(slices.Clone(outcomes), func(o string) bool { return !rewarded(o) })
}

func rewarded(outcome string) bool {
	return slices.Contains(outcomes, outcome) && outcome != "return" && outcome != "void"
}
