package features

import (
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Known is what of a request the context's columns are filled from.
type Known struct {
	Time    time.Time
	Context Values
	Profile []consent.Field           // what may be read of the person
	Granted func(p wire.Purpose) bool // for columns that need a purpose
	Session Session
	View    *rules.View // what items cost, for columns of the basket
	Basket  []int32     // as Basket gives it; nil: nothing is said of one
}

// Session is what a session was shown and did.
type Session struct {
	Known          bool // there is one
	Shown, Clicked int
	SinceMs        int64 // Unix milliseconds, the first thing known; 0: nothing yet
}

// Context fills the context's columns.
func (p *Plan) Context(dense []float32, ids []uint32, k *Known) {
	at := k.Time.In(p.zone)
	for i := range p.context {
		c := &p.context[i]
		if c.dense {
			dense[c.place] = missing
		} else {
			ids[c.place] = 0
		}
		if c.purpose != "" && !k.Granted(c.purpose) {
			continue
		}
		var room Value
		v := k.value(c, at, &room)
		if c.dense {
			dense[c.place] = c.numberOf(v)
		} else {
			ids[c.place] = c.idOf(v)
		}
	}
}

// value finds what a column of the context reads, in room where it is not there
// as a value already.
func (k *Known) value(c *column, at time.Time, room *Value) *Value {
	n, ok := float64(0), true
	switch c.origin {
	case "context":
		v := k.Context.find(c.key)
		if v == nil || !v.is(c.says) {
			return nil
		}
		return v
	case "profile":
		return k.field(c, room)
	case "time":
		n = hand(c.key, at)
	case "session":
		n, ok = k.Session.count(c.key, k.Time.UnixMilli())
	case "basket":
		if c.key == "department" {
			*room = Value{Kind: Text, Text: department(k.View, k.Basket)}
			return room
		}
		n, ok = inBasket(c.key, k.View, k.Basket), k.Basket != nil
	}
	if !ok {
		return nil
	}
	*room = Value{Kind: Number, Number: n}
	return room
}

// hand is what a clock or calendar shows.
func hand(key string, at time.Time) float64 {
	switch key {
	case "minute":
		return float64(at.Minute())
	case "weekday":
		return float64(at.Weekday())
	case "month":
		return float64(at.Month())
	case "day_of_year":
		return float64(at.YearDay())
	case "is_weekend":
		if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
			return 1
		}
		return 0
	}
	return float64(at.Hour())
}

func (s *Session) count(key string, now int64) (n float64, ok bool) {
	switch key {
	case "shown":
		n = float64(s.Shown)
	case "clicked":
		n = float64(s.Clicked)
	default:
		if s.SinceMs > 0 {
			n = float64(max(0, now-s.SinceMs)) / 1000
		}
	}
	return n, s.Known
}

// field is a field of the person that is not too old for this column.
func (k *Known) field(c *column, room *Value) *Value {
	for i := range k.Profile {
		if f := &k.Profile[i]; f.Name == c.key && consent.Fresh(f, k.Time.UnixMilli(), c.ttl) {
			*room = Value{Kind: Kind(f.Value.Kind), Text: f.Value.Text, Number: f.Value.Number, List: f.Value.List}
			return room
		}
	}
	return nil
}

func typeOf(says []rulebook.ContextKey, key string) rulebook.ContextType {
	for _, k := range says {
		if k.Key == key {
			return k.Type
		}
	}
	return ""
}

// is tells whether a value is of a type; every value is of none.
func (v *Value) is(t rulebook.ContextType) bool {
	switch t {
	case rulebook.ContextText:
		return v.Kind == Text
	case rulebook.ContextNumber:
		return v.Kind == Number
	case rulebook.ContextBoolean:
		return v.Kind == Text && (v.Text == "true" || v.Text == "false")
	case rulebook.ContextList:
		return v.Kind == List
	}
	return true
}

// basketKey is the key of the context that lists the items of a basket.
const basketKey = "basket"

// Ignores tells whether no feature may look at a value of a request's context: its key
// is one that features.yaml does not declare, or declares of another type.
func (p *Plan) Ignores(v *Value) bool { return v.Name != basketKey && !p.takes(v) }

func (p *Plan) takes(v *Value) bool {
	if p.says != nil {
		return slices.ContainsFunc(p.says, func(k rulebook.ContextKey) bool { return k.Key == v.Name && v.is(k.Type) })
	}
	return slices.ContainsFunc(p.context, func(c column) bool { return c.origin == "context" && c.key == v.Name })
}
