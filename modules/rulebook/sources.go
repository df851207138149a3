package rulebook

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Purchases is the field of a person that holds what they bought. Sources of
// pairs are worked out from it; no feature reads it as it is.
const Purchases = "purchases"

// BasketFit is the one source of pairs that is of no person.
const BasketFit = "pair.basket_fit"

// OfPurchases tells whether a source is worked out from what a person bought.
func OfPurchases(source string) bool {
	return strings.HasPrefix(source, "pair.") && source != BasketFit
}

// origin is what may follow the first part of a source. Without either, any key.
type origin struct {
	name    string
	numbers []string // of kind dense only
	names   []string // of kind hashed only
	either  []string
}

// What a source may be, by scope.
var sources = map[Scope][]origin{
	ContextScope: {
		{name: "context"},
		{name: "time", either: []string{"hour", "minute", "weekday", "month", "day_of_year", "is_weekend"}},
		{name: "profile"},
		{name: "basket", numbers: []string{"size", "value"}, names: []string{"department"}},
		{name: "session", numbers: []string{"shown", "clicked", "seconds"}},
	},
	ItemScope: {
		{name: "item", numbers: []string{"price", "margin", "discount", "stock"}, names: []string{"id", "category", "department", "brand"}},
		{name: "action"},
		{name: "pair", numbers: []string{"times_bought", "days_since", "category_affinity", "brand_affinity", "price_ratio", "basket_fit"}},
	},
}

// sourceProblem says what is wrong with a source; "" if nothing is.
func (f *Feature) sourceProblem(name, key string) string {
	i := slices.IndexFunc(sources[f.Scope], func(o origin) bool { return o.name == name })
	if i < 0 || key == "" || strings.TrimSpace(key) != key {
		var names []string
		for _, o := range sources[f.Scope] {
			names = append(names, o.name+".")
		}
		return fmt.Sprintf("of scope %s starts with one of %s, followed by a key", f.Scope, strings.Join(names, ", "))
	}
	if f.Source == "profile."+Purchases {
		return "is a history, which no feature reads as it is; read it by pair.times_bought and the like, of scope item"
	}
	if name == "profile" && slices.Contains(consentColumns, key) {
		return "is a column of imports that says who it is, or what they agreed to, and no field of a person"
	}
	return sources[f.Scope][i].problem(f.Kind, key)
}

func (o *origin) problem(kind FeatureKind, key string) string {
	known := slices.Concat(o.either, o.names, o.numbers)
	if attribute, ok := strings.CutPrefix(key, "attr."); o.name == "item" && ok && attribute != "" {
		return attributeProblem(attribute)
	}
	if len(known) == 0 {
		return ""
	}
	switch {
	case !slices.Contains(known, key):
		if o.name == "item" {
			known = append(known, "attr.<key>")
		}
		return "of " + o.name + " is one of " + strings.Join(known, ", ")
	case kind == Dense && slices.Contains(o.names, key):
		return "is a name; make the kind hashed"
	case kind == Hashed && slices.Contains(o.numbers, key):
		return "is a number; make the kind dense"
	}
	return ""
}

// consentColumns are those of imported people that no feature can read.
var consentColumns = strings.Fields("id purposes consent_at consent_version")

// ContextKey is something that a request's context may say.
type ContextKey struct {
	Key  string      `yaml:"key" check:"required,min=1,max=128"`
	Type ContextType `yaml:"type" check:"required,enum=text|number|boolean|list"`
}

// ContextType is what a value of the context must be to count.
type ContextType string

// The types of context. A list is one of texts.
const (
	ContextText    ContextType = "text"
	ContextNumber  ContextType = "number"
	ContextBoolean ContextType = "boolean"
	ContextList    ContextType = "list"
)

// validateContext checks that features read nothing of the context that the list
// leaves out, where there is a list.
func (f *featuresFile) validateContext(d *decoder) {
	unique(d, "context", f.Context, func(k ContextKey) string { return k.Key })
	for i, k := range f.Context {
		at := fmt.Sprintf("context[%d]", i)
		if strings.TrimSpace(k.Key) != k.Key || !legible(k.Key) {
			d.fault(at+".key", "must be a name without spaces around it")
		}
		if k.Key == "basket" && k.Type != ContextList && d.sound(at) {
			d.fault(at+".type", "of basket is list: it holds the items' ids")
		}
	}
	if !d.given("context") || !d.sound("context") {
		return
	}
	var known []string
	for _, k := range f.Context {
		known = append(known, k.Key)
	}
	for i := range f.Features {
		key, ok := strings.CutPrefix(f.Features[i].Source, "context.")
		if ok && !slices.Contains(known, key) {
			d.fault(fmt.Sprintf("features[%d].source", i), "is no key of the list context, which has "+cmp.Or(strings.Join(known, ", "), "none")+"; add it there with its type")
		}
	}
}
