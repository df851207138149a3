package features

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Rows are the items' columns of candidates, in the layout of a frame: what
// stays as it is as long as the candidates do, and what is of this decision.
type Rows struct {
	still *abi.Frame // own, or what is kept
	kept  *kept      // of the slot's own candidates, else nil
	own   abi.Frame
	room  []byte // of own
	live  []live
}

// live is a column that is filled in for each decision.
type live struct {
	*column
	numbers []float32 // in room, or kept with the candidates
	ids     []uint32
	room    []float32
}

// cache keeps what stays as it is of a slot's own candidates.
type cache struct {
	building sync.Mutex
	last     atomic.Pointer[kept]
}

type kept struct {
	of    *rules.Candidates
	frame abi.Frame
	stock atomic.Pointer[shelf]
}

// shelf is a column of stock after a number of movements.
type shelf struct {
	of      *column
	at      uint64
	numbers []float32
}

// Asked is what of a request the items' columns are filled from.
type Asked struct {
	Catalogue *catalogue.Catalogue
	Actions   []Values                  // by candidate, where the caller gives them
	Granted   func(p wire.Purpose) bool // for columns that need a purpose
}

// Rows gets the rows of candidates ready; r's memory is reused.
func (p *Plan) Rows(r *Rows, c *rules.Candidates, a *Asked) error {
	if err := p.still(r, c); err != nil {
		return err
	}
	n := 0
	for i := range p.items {
		if col := &p.items[i]; col.lives() {
			if n == len(r.live) {
				r.live = append(r.live, live{})
			}
			r.live[n].fill(col, c, a, r.kept)
			n++
		}
	}
	r.live = r.live[:n]
	return nil
}

// lives tells whether a column is filled in for each decision.
func (c *column) lives() bool { return c.origin == "action" || c.key == "stock" || c.purpose != "" }

// still gets ready what stays as it is.
func (p *Plan) still(r *Rows, c *rules.Candidates) (err error) {
	if c.IDs == nil {
		r.kept, err = p.keep(c)
		if err == nil {
			r.still = &r.kept.frame
		}
		return err
	}
	size := p.Shape.Size(c.Len()) + 16
	r.room = slices.Grow(r.room[:0], size)[:size]
	if r.own, err = abi.Init(aligned(r.room), p.Shape, c.Len()); err == nil {
		p.fill(&r.own, c)
		r.still, r.kept = &r.own, nil
	}
	return err
}

// keep is what is kept of a slot's own candidates, made anew when those are new.
func (p *Plan) keep(c *rules.Candidates) (*kept, error) {
	if k := p.kept.last.Load(); k != nil && k.of == c {
		return k, nil
	}
	p.kept.building.Lock()
	defer p.kept.building.Unlock()
	if k := p.kept.last.Load(); k != nil && k.of == c {
		return k, nil
	}
	k := &kept{of: c}
	var err error
	if k.frame, err = abi.New(p.Shape, c.Len()); err != nil {
		return nil, err
	}
	p.fill(&k.frame, c)
	p.kept.last.Store(k)
	return k, nil
}

// fill fills the columns that stay, and makes the others missing.
func (p *Plan) fill(f *abi.Frame, c *rules.Candidates) {
	for i := range p.items {
		col := &p.items[i]
		switch {
		case col.dense && !col.lives():
			number := col.numberOfItem(c.View)
			col.eachDense(f, c, number)
		case col.dense:
			col.eachDense(f, c, func(int) float32 { return missing })
		case !col.lives():
			col.eachID(f, c, col.idOfItem(c.View))
		default:
			col.eachID(f, c, func(int) uint32 { return 0 })
		}
	}
}

func (c *column) eachDense(f *abi.Frame, of *rules.Candidates, number func(place int) float32) {
	for i, place := range of.Places {
		v := missing
		if place != rules.Nowhere {
			v = number(int(place))
		}
		f.Dense(i/abi.BlockRows, c.place)[i%abi.BlockRows] = v
	}
}

func (c *column) eachID(f *abi.Frame, of *rules.Candidates, id func(place int) uint32) {
	for i, place := range of.Places {
		v := uint32(0)
		switch {
		case place != rules.Nowhere:
			v = id(int(place))
		case c.key == "id":
			v = c.id(of.IDs[i]) // all that is known of it
		}
		f.Categorical(i/abi.BlockRows, c.place)[i%abi.BlockRows] = v
	}
}

// numberOfItem gives a dense column's value by place.
func (c *column) numberOfItem(v *rules.View) func(place int) float32 {
	switch c.key {
	case "price":
		return func(i int) float32 { return c.number(float64(v.Gross[i])) }
	case "margin":
		return func(i int) float32 {
			if v.Cost[i] == rulebook.UnknownCost || v.Net[i] <= 0 {
				return missing
			}
			return c.number(float64(v.Net[i]-v.Cost[i]) / float64(v.Net[i]))
		}
	case "discount":
		return func(i int) float32 {
			if v.Snapshot.Gross[i] <= 0 {
				return missing
			}
			return c.number(1 - float64(v.Gross[i])/float64(v.Snapshot.Gross[i]))
		}
	}
	texts := c.texts(v)
	numbers := make([]float32, len(texts.Names))
	for k, text := range texts.Names {
		numbers[k] = missing
		if x, ok := parseNumber(text); ok {
			numbers[k] = c.number(x)
		}
	}
	return func(i int) float32 {
		if texts.IDs == nil {
			return missing
		}
		return numbers[texts.IDs[i]]
	}
}

// idOfItem gives a categorical column's value by place.
func (c *column) idOfItem(v *rules.View) func(place int) uint32 {
	if c.key == "id" {
		return func(i int) uint32 { return c.id(v.ID(i)) }
	}
	texts := c.texts(v)
	ids := make([]uint32, len(texts.Names))
	for k, text := range texts.Names {
		if c.key == "department" {
			text, _, _ = strings.Cut(text, "/")
		}
		ids[k] = c.id(text)
	}
	return func(i int) uint32 {
		if texts.IDs == nil {
			return 0
		}
		return ids[texts.IDs[i]]
	}
}

// texts is the catalogue's column that a column reads; an attribute that the
// catalogue does not keep has none.
func (c *column) texts(v *rules.View) catalogue.Column {
	switch c.key {
	case "brand":
		return v.Brand
	case "category", "department":
		return v.Category
	}
	texts, _ := v.Attribute(strings.TrimPrefix(c.key, "attr."))
	return texts
}

// fill fills a column of this decision.
func (l *live) fill(col *column, c *rules.Candidates, a *Asked, k *kept) {
	l.column = col
	if k != nil && col.stocked() {
		l.numbers = k.stocked(col, c, a.Catalogue)
		return
	}
	l.clear(c.Len())
	switch {
	case col.purpose != "" && !a.Granted(col.purpose):
	case col.origin == "action":
		l.fromActions(a.Actions)
	case col.origin == "item" && col.key == "stock":
		col.onHand(l.numbers, c, a.Catalogue)
	case col.dense:
		l.numbersOfItems(c)
	default:
		l.namesOfItems(c)
	}
}

// stocked tells whether a column is what is on hand, which differs from decision
// to decision, yet not between two movements.
func (c *column) stocked() bool { return c.origin == "item" && c.key == "stock" && c.purpose == "" }

// stocked is a column of stock, kept until something moves.
func (k *kept) stocked(col *column, c *rules.Candidates, cat *catalogue.Catalogue) []float32 {
	at := cat.Movements()
	if s := k.stock.Load(); s != nil && s.of == col && s.at == at {
		return s.numbers
	}
	s := &shelf{col, at, make([]float32, c.Len())}
	col.onHand(s.numbers, c, cat)
	k.stock.Store(s)
	return s.numbers
}

func (c *column) onHand(dst []float32, of *rules.Candidates, cat *catalogue.Catalogue) {
	for i, place := range of.Places {
		dst[i] = missing
		if place != rules.Nowhere {
			dst[i] = c.number(float64(cat.OnHand(int(place))))
		}
	}
}

// clear makes the column missing, for n candidates.
func (l *live) clear(n int) {
	if !l.dense {
		l.ids = slices.Grow(l.ids[:0], n)[:n]
		clear(l.ids)
		return
	}
	l.room = slices.Grow(l.room[:0], n)[:n]
	l.numbers = l.room
	for i := range l.numbers {
		l.numbers[i] = missing
	}
}

// fromActions reads what the caller says. Actions mostly say the same things in
// the same order, so a value is looked for first where the last one was.
func (l *live) fromActions(actions []Values) {
	at := 0
	for i, values := range actions {
		v := (*Value)(nil)
		if at < len(values) && values[at].Name == l.key {
			v = &values[at]
		} else if v = values.find(l.key); v != nil {
			at = slices.IndexFunc(values, func(o Value) bool { return o.Name == l.key })
		}
		if l.dense {
			l.numbers[i] = l.numberOf(v)
		} else {
			l.ids[i] = l.idOf(v)
		}
	}
}

func (l *live) numbersOfItems(c *rules.Candidates) {
	number := l.numberOfItem(c.View)
	for i, place := range c.Places {
		if place != rules.Nowhere {
			l.numbers[i] = number(int(place))
		}
	}
}

func (l *live) namesOfItems(c *rules.Candidates) {
	id := l.idOfItem(c.View)
	for i, place := range c.Places {
		if place != rules.Nowhere {
			l.ids[i] = id(int(place))
		}
	}
}

// Frame begins a frame of the rows in an instance. What of them the instance
// holds already is left as it is.
func (r *Rows) Frame(in *host.Instance) (*abi.Frame, error) {
	var tag any
	if r.kept != nil {
		tag = r.kept
	}
	f, there, err := in.FrameOf(tag, r.still.Shape(), r.still.Rows())
	if err != nil {
		return nil, err
	}
	blocks := abi.Blocks(f.Rows())
	if !there {
		copy(f.Blocks(0, blocks), r.still.Blocks(0, blocks))
	}
	for k := range r.live {
		l := &r.live[k]
		for b := range blocks {
			first := b * abi.BlockRows
			if l.dense {
				copy(f.Dense(b, l.place)[:], l.numbers[first:])
			} else {
				copy(f.Categorical(b, l.place)[:], l.ids[first:])
			}
		}
	}
	return f, nil
}

// FrameOf begins a frame of some candidates alone.
func (r *Rows) FrameOf(in *host.Instance, candidates []uint32) (*abi.Frame, error) {
	s := r.still.Shape()
	f, err := in.Frame(s, len(candidates))
	if err != nil {
		return nil, err
	}
	for i, from := range candidates {
		b, at := i/abi.BlockRows, i%abi.BlockRows
		for c := range s.Dense {
			f.Dense(b, c)[at] = r.still.Dense(int(from)/abi.BlockRows, c)[from%abi.BlockRows]
		}
		for c := range s.Categorical {
			f.Categorical(b, c)[at] = r.still.Categorical(int(from)/abi.BlockRows, c)[from%abi.BlockRows]
		}
		for k := range r.live {
			if l := &r.live[k]; l.dense {
				f.Dense(b, l.place)[at] = l.numbers[from]
			} else {
				f.Categorical(b, l.place)[at] = l.ids[from]
			}
		}
	}
	return f, nil
}

// Append appends the columns of candidate i, as they are scored, to a record.
func (r *Rows) Append(dense []float32, ids []uint32, i int) ([]float32, []uint32) {
	atDense, atIDs := len(dense), len(ids)
	dense = r.still.DenseRow(dense, i)
	ids = r.still.CategoricalRow(ids, i)
	for k := range r.live {
		if l := &r.live[k]; l.dense {
			dense[atDense+l.place] = l.numbers[i]
		} else {
			ids[atIDs+l.place] = l.ids[i]
		}
	}
	return dense, ids
}

// AppendMissing appends a row of which nothing is known: none's.
func (r *Rows) AppendMissing(dense []float32, ids []uint32) ([]float32, []uint32) {
	s := r.still.Shape()
	for range s.Dense {
		dense = append(dense, missing)
	}
	return dense, append(ids, make([]uint32, s.Categorical)...)
}

// aligned is the part of b that begins on 16 bytes.
func aligned(b []byte) []byte { return b[-address(b)&15:] }
