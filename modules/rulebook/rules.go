package rulebook

import (
	"slices"
	"strings"
	"time"
)

type rulesFile struct {
	Version int    `yaml:"version" check:"required,min=0,max=0"`
	Zone    string `yaml:"zone" check:"min=1,max=64"` // of the paths of time, an IANA name

	Lists  []string              `yaml:"lists" check:"max=256"` // attributes of items that conditions take for lists, words with | between them
	Groups map[string]SavedGroup `yaml:"groups"`                // of values, or conditions, by the name that conditions give
	Rules  []Rule                `yaml:"rules" check:"required,max=256"`

	Fairness []Group `yaml:"fairness" check:"min=1,max=16"`
}

func (f *rulesFile) defaults() { f.Zone = "UTC" }

// Rule removes candidates. Which fields count is said by its kind; any kind may
// have conditions. It applies to the items that Where holds for, in requests that
// When holds for, but where Unless holds.
type Rule struct {
	ID     string   `yaml:"id" check:"required,id"`
	Kind   RuleKind `yaml:"kind" check:"required,enum=stock|active|margin|price|exclude|avoid|needs|age|sensitive|cap|suppress|limit|separate"`
	Where  When     `yaml:"where"`
	When   When     `yaml:"when"`
	Unless When     `yaml:"unless"`
	Text   Texts    `yaml:"text"` // what why-not says of an item that it removes, by language

	Safety      int           `yaml:"safety" check:"min=0,max=1000000"`
	Floor       float64       `yaml:"floor" check:"min=0,below=1"`
	FloorAmount int           `yaml:"floor_amount" check:"min=0"` // minor units, net
	Least       int           `yaml:"least" check:"min=1"`        // minor units, gross
	MaxDiscount *float64      `yaml:"max_discount" check:"min=0,below=1"`
	Categories  []string      `yaml:"categories" check:"min=1,max=1000"`
	Brands      []string      `yaml:"brands" check:"min=1,max=1000"`
	Items       []string      `yaml:"items" check:"min=1,max=10000"`
	Attribute   string        `yaml:"attribute" check:"min=1,max=128"`
	Source      string        `yaml:"source" check:"min=1,max=128"` // profile.<field> or context.<key>
	Class       string        `yaml:"class" check:"id"`
	Within      time.Duration `yaml:"within" check:"above=0"`
	Count       int           `yaml:"count" check:"min=1,max=1000000"`
	Window      time.Duration `yaml:"window" check:"above=0"`
	Per         Per           `yaml:"per" check:"enum=person|session|household|node"`
	Of          Of            `yaml:"of" check:"min=1,max=140"`
	Depth       int           `yaml:"depth" check:"min=1,max=16"` // levels of a category's path; default: all
	Outcomes    []string      `yaml:"outcomes" check:"min=1,max=16"`
	Groups      [][]string    `yaml:"groups" check:"min=2,max=64"` // of brands
}

// RuleKind says what a rule removes.
type RuleKind string

const (
	// Stock: less than one is available after holds, the item's safety stock and Safety.
	Stock RuleKind = "stock"
	// Active: the item's status is another.
	Active RuleKind = "active"
	// Margin: the net margin is below the share Floor of the net price, or below
	// FloorAmount, or unknown.
	Margin RuleKind = "margin"
	// Price: the price is below Least, or further below the regular one than the
	// share MaxDiscount of that.
	Price RuleKind = "price"
	// Exclude: in one of Categories or below, of one of Brands, or one of Items;
	// without any of them, all that the conditions leave to it.
	Exclude RuleKind = "exclude"
	// Avoid: Attribute, words with | between them, has one of Source, or is not known
	// where Source is.
	Avoid RuleKind = "avoid"
	// Needs: Attribute, words with | between them, lacks one of Source.
	Needs RuleKind = "needs"
	// Age: Attribute is a number, and Source is not known to be at least that.
	Age RuleKind = "age"
	// Sensitive: the person does not grant the purpose "sensitive:" and Class or,
	// with Within, has not bought such an item in that time.
	Sensitive RuleKind = "sensitive"
	// Cap: shown Count times within Window.
	Cap RuleKind = "cap"
	// Suppress: one of Outcomes within Window.
	Suppress RuleKind = "suppress"
	// Limit: Count items of the same are above it in the answer.
	Limit RuleKind = "limit"
	// Separate: its brand and one above it in the answer are in two of Groups.
	Separate RuleKind = "separate"
)

// Per says whose showings and outcomes count.
type Per string

const (
	Person    Per = "person"
	Session   Per = "session"
	Household Per = "household"
	Node      Per = "node" // everybody; of caps only
)

// The longest windows: so long a node remembers what everybody, a person or a
// household, and a session saw and did.
const (
	NodeWindow    = 30 * 24 * time.Hour
	PersonWindow  = 30 * 24 * time.Hour
	SessionWindow = 24 * time.Hour
)

// Of says what is counted together, and then removed together.
type Of string

const (
	OfItem     Of = "item"
	OfOffer    Of = "offer"
	OfSlot     Of = "slot" // counts answers
	OfBrand    Of = "brand"
	OfCategory Of = "category"
)

// Attribute is the attribute that an Of is about, as attribute:<key>.
func (o Of) Attribute() (key string, ok bool) {
	key, ok = strings.CutPrefix(string(o), "attribute:")
	return key, ok && key != ""
}

// Conditions are those of a rule: Where, When and Unless, without those that are
// not there.
func (r *Rule) Conditions() (all []When) {
	for _, w := range []When{r.Where, r.When, r.Unless} {
		if w.Condition != nil {
			all = append(all, w)
		}
	}
	return all
}

// Paths are all that a rule reads of items and requests, in the words of
// conditions.
func (r *Rule) Paths() (paths []string) {
	for _, w := range r.Conditions() {
		paths = append(paths, w.Paths()...)
	}
	if r.Source != "" {
		paths = append(paths, r.Source)
	}
	if r.Attribute != "" {
		paths = append(paths, "item.attr."+r.Attribute)
	}
	if key, ok := r.Of.Attribute(); ok {
		paths = append(paths, "item.attr."+key)
	}
	if r.Per == Household {
		paths = append(paths, HouseholdField)
	}
	return slices.Compact(paths)
}

// HouseholdField is the path of the field that says to which household a person
// belongs, as it is imported.
const HouseholdField = "profile.household"

// takes names the fields of a kind: those it needs, those it may have.
func (k RuleKind) takes() (needs, may []string) {
	switch k {
	case Stock:
		return nil, []string{"safety"}
	case Margin:
		return nil, []string{"floor", "floor_amount"}
	case Price:
		return nil, []string{"least", "max_discount"}
	case Exclude:
		return nil, []string{"categories", "brands", "items"}
	case Avoid, Needs, Age:
		return []string{"attribute", "source"}, nil
	case Sensitive:
		return []string{"class", "where"}, []string{"within"}
	case Cap:
		return []string{"count", "window"}, []string{"per", "of", "depth"}
	case Suppress:
		return []string{"outcomes", "window"}, []string{"per", "of", "depth"}
	case Limit:
		return []string{"count", "of"}, []string{"depth"}
	case Separate:
		return []string{"groups"}, nil
	}
	return nil, nil
}
