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
	"github.com/aisle-edge/aisle/sync/wire"
)

// Plan says where each column of a model's frame comes from. It does not change;
// the rows it keeps are swapped as a whole.
type Plan struct {
	Shape   abi.Shape
	Columns [8]byte            // names the column set in records
	Profile []consent.Declared // the fields of a person that the model reads
	Others  []consent.Declared // columns of no person that need a purpose all the same

	context  []column
	personal []int // which of context are of a person
	items    []column
	kept     cache
}

// New makes the plan of a model: ErrColumns unless every column is declared.
func New(m *bundle.Manifest, book *rulebook.Rulebook) (*Plan, error) {
	shape, err := m.Frame()
	if err != nil {
		return nil, fmt.Errorf("plan the features: %w", err)
	}
	p := &Plan{Shape: shape, Columns: m.ColumnSet()}
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
	return p, nil
}

func (p *Plan) add(col column, item bool) {
	switch {
	case item:
		p.items = append(p.items, col)
	case col.origin == "profile":
		p.personal = append(p.personal, len(p.context))
		p.context = append(p.context, col)
		if d := (consent.Declared{Name: col.key, Purpose: col.purpose, TTL: col.ttl}); !slices.Contains(p.Profile, d) {
			p.Profile = append(p.Profile, d)
		}
		return
	default:
		p.context = append(p.context, col)
	}
	if col.purpose != "" {
		p.Others = append(p.Others, consent.Declared{Name: col.name, Purpose: col.purpose})
	}
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

// Known is what of a request the context's columns are filled from.
type Known struct {
	Time    time.Time
	Context Values
	Profile []consent.Field           // what may be read of the person
	Granted func(p wire.Purpose) bool // for columns of no person
}

// Context fills the context's columns.
func (p *Plan) Context(dense []float32, ids []uint32, k *Known) {
	for i := range p.context {
		c := &p.context[i]
		if c.dense {
			dense[c.place] = missing
		} else {
			ids[c.place] = 0
		}
		if c.purpose != "" && !k.Granted(c.purpose) { // of a person's field, too: rules may read it for another purpose
			continue
		}
		var room Value
		v := k.value(c, &room)
		if c.dense {
			dense[c.place] = c.numberOf(v)
		} else {
			ids[c.place] = c.idOf(v)
		}
	}
}

// value finds what a column of the context reads, in room where it is not there
// as a value already.
func (k *Known) value(c *column, room *Value) *Value {
	switch c.origin {
	case "context":
		return k.Context.find(c.key)
	case "time":
		t := k.Time.UTC()
		n := t.Hour()
		switch c.key {
		case "minute":
			n = t.Minute()
		case "weekday":
			n = int(t.Weekday())
		}
		*room = Value{Kind: Number, Number: float64(n)}
		return room
	}
	return k.field(c, room)
}

func (k *Known) field(c *column, room *Value) *Value {
	for i := range k.Profile {
		if f := &k.Profile[i]; f.Name == c.key && (c.ttl == 0 || k.Time.UnixMilli()-f.SetAtMs < c.ttl.Milliseconds()) {
			*room = Value{Kind: Kind(f.Value.Kind), Text: f.Value.Text, Number: f.Value.Number, List: f.Value.List}
			return room
		}
	}
	return nil
}

// Withhold makes the person's columns missing and appends what they were, each
// four bytes in the order of columns, so that Restore can put them back.
func (p *Plan) Withhold(dst []byte, dense []float32, ids []uint32) []byte {
	for _, i := range p.personal {
		if c := &p.context[i]; c.dense {
			dst = wire.Pack(dst, dense[c.place:c.place+1])
			dense[c.place] = missing
		} else {
			dst = wire.Pack(dst, ids[c.place:c.place+1])
			ids[c.place] = 0
		}
	}
	return dst
}

// Restore undoes Withhold; false if what is there is of another plan.
func (p *Plan) Restore(part []byte, dense []float32, ids []uint32) bool {
	words, err := wire.View[uint32](slices.Clone(part))
	if err != nil || len(words) != len(p.personal) {
		return false
	}
	for k, i := range p.personal {
		if c := &p.context[i]; c.dense {
			dense[c.place] = math.Float32frombits(words[k])
		} else {
			ids[c.place] = words[k]
		}
	}
	return true
}
