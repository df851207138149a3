package features

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/together"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Plan says where each column of a model's frame comes from. It does not change;
// the rows it keeps are swapped as a whole.
type Plan struct {
	Shape   abi.Shape
	Columns [8]byte            // names the column set in records
	Profile []consent.Declared // the fields of a person that the model reads
	Others  []consent.Declared // columns of no person that need a purpose all the same
	Basket  bool               // it reads what is in the basket
	Session bool               // it reads what the session was shown and did

	context  []column
	personal []int // which of context are of a person
	items    []column
	pairs    []int           // which of items are of a person
	prices   []int           // which of items say something of a price
	spans    []time.Duration // how long purchases count, of all of pairs
	zone     *time.Location
	says     []rulebook.ContextKey // what a request's context may say
	kept     cache
	words    words // of the catalogue
	decays   []float64
	together *together.Pairs // nil: how well items go together is not known
	fits     bool            // it reads how well items go with the basket
}

// New makes the plan of a model: ErrColumns unless every column is declared. Where
// pairs is nil, nothing goes with any basket: that column is missing.
func New(m *bundle.Manifest, book *rulebook.Rulebook, pairs *together.Pairs) (*Plan, error) {
	shape, err := m.Frame()
	if err != nil {
		return nil, fmt.Errorf("plan the features: %w", err)
	}
	p := &Plan{Shape: shape, Columns: m.ColumnSet(), says: book.Context, together: pairs}
	if p.zone, err = time.LoadLocation(book.Zone); err != nil {
		return nil, fmt.Errorf("plan the features: %w", err)
	}
	var next [2][2]int // places taken, by scope and kind
	for _, c := range m.Columns {
		col, err := newColumn(c, book)
		if err != nil {
			return nil, err
		}
		scope, kind := 0, 0
		if c.Scope == bundle.ScopeItem {
			scope = 1
		}
		if !col.dense {
			kind = 1
		}
		if m.Rows != nil {
			col.round.Down = m.Rows.Down
		}
		col.place = next[scope][kind]
		next[scope][kind]++
		p.add(col, scope == 1)
	}
	if len(p.pairs) > 0 {
		p.decays = decays()
	}
	return p, nil
}

func (p *Plan) add(col column, item bool) {
	if col.origin == "context" {
		col.says = typeOf(p.says, col.key)
	}
	p.fits = p.fits || col.fits()
	p.Basket = p.Basket || col.origin == "basket" || col.fits()
	p.Session = p.Session || col.origin == "session"
	at := len(p.context)
	if item {
		at = len(p.items)
		p.items = append(p.items, col)
		if col.priced() {
			p.prices = append(p.prices, at)
		}
	} else {
		p.context = append(p.context, col)
	}
	field, personal := Field(col.origin + "." + col.key)
	switch {
	case personal && item:
		if c := &p.items[at]; c.key == "times_bought" || c.key == "days_since" {
			c.keepWholes()
		}
		p.pairs = append(p.pairs, at)
		if !slices.Contains(p.spans, col.ttl) {
			p.spans = append(p.spans, col.ttl)
		}
	case personal:
		p.personal = append(p.personal, at)
	case col.purpose != "":
		p.Others = append(p.Others, consent.Declared{Name: col.name, Purpose: col.purpose})
	}
	if d := (consent.Declared{Name: field, Purpose: col.purpose, TTL: col.ttl}); personal && !slices.Contains(p.Profile, d) {
		p.Profile = append(p.Profile, d)
	}
}

// Field is the field of a person that a source reads, if it reads one.
func Field(source string) (name string, ok bool) {
	if rulebook.OfPurchases(source) {
		return rulebook.Purchases, true
	}
	return strings.CutPrefix(source, "profile.")
}

// Attributes are the attributes of items that a model's columns read, for the
// catalogue to keep.
func Attributes(columns []bundle.Column) (keys []string) {
	for _, c := range columns {
		if key, ok := strings.CutPrefix(c.Source, "item.attr."); ok {
			keys = append(keys, key)
		}
	}
	return keys
}

// Withhold makes the person's columns missing, of the context and of rows of
// items one after the other, and appends what they were, each four bytes in the
// order of columns, so that Restore can put them back; then what rows whose price
// hangs on the person say of that.
func (p *Plan) Withhold(dst []byte, dense []float32, ids []uint32, rows []float32, personal []uint32) []byte {
	for _, i := range p.personal {
		if c := &p.context[i]; c.dense {
			dst = wire.Pack(dst, dense[c.place:c.place+1])
			dense[c.place] = missing
		} else {
			dst = wire.Pack(dst, ids[c.place:c.place+1])
			ids[c.place] = 0
		}
	}
	for at := 0; len(p.pairs) > 0 && at < len(rows); at += p.Shape.Dense {
		for _, i := range p.pairs {
			cell := at + p.items[i].place
			dst = wire.Pack(dst, rows[cell:cell+1])
			rows[cell] = missing
		}
	}
	return p.withholdPrices(dst, rows, personal)
}

// Restore undoes Withhold; false if what is there is of another plan.
func (p *Plan) Restore(part []byte, dense []float32, ids []uint32, rows []float32) bool {
	words, err := wire.View[uint32](slices.Clone(part))
	cells := 0
	if len(p.pairs) > 0 {
		cells = len(p.pairs) * (len(rows) / p.Shape.Dense)
	}
	if err != nil || len(words) < len(p.personal)+cells || !p.restorePrices(words[len(p.personal)+cells:], rows) {
		return false
	}
	for k, i := range p.personal {
		if c := &p.context[i]; c.dense {
			dense[c.place] = math.Float32frombits(words[k])
		} else {
			ids[c.place] = words[k]
		}
	}
	words = words[len(p.personal):][:cells]
	for k := range words {
		at := k / len(p.pairs) * p.Shape.Dense
		rows[at+p.items[p.pairs[k%len(p.pairs)]].place] = math.Float32frombits(words[k])
	}
	return true
}
