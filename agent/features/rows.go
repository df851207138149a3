package features

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
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
	pasts []past // of the person, by how long purchases count
	fit   fit    // of the basket

	prices        // not to be changed
	mine   prices // memory of what is of one decision alone
}

// Asked is what of a request the items' columns are filled from.
type Asked struct {
	Catalogue *catalogue.Catalogue
	Actions   []Values                  // by candidate, where the caller gives them
	Granted   func(p wire.Purpose) bool // for columns that need a purpose
	Profile   []consent.Field           // what may be read of the person
	Now       int64                     // node time
	Basket    []int32                   // as Basket gives it
	Allowed   *rules.Allowed            // prices of this decision; nil: everybody's
}

// Rows gets the rows of candidates ready; r's memory is reused.
func (p *Plan) Rows(r *Rows, c *rules.Candidates, a *Asked) error {
	if err := p.still(r, c); err != nil {
		return err
	}
	p.remember(r, c, a)
	if r.fit.known = 0; p.together != nil && p.fits {
		r.fit.weigh(p.together, c, a.Basket)
	}
	n := 0
	for i := range p.items {
		if p.items[i].lives() {
			if n == len(r.live) {
				r.live = append(r.live, live{})
			}
			r.live[n].fill(p, i, c, a, r)
			n++
		}
	}
	r.live = r.live[:n]
	p.reprice(r, c, a)
	return nil
}

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

// Frame begins a frame of the rows in an instance. What of them the instance
// holds already is left as it is.
func (r *Rows) Frame(in *host.Instance) (*abi.Frame, error) {
	var tag any
	if r.kept != nil && len(r.cells) == 0 { // else the instance holds what is of this decision alone
		tag = r.stock()
	}
	f, had, err := in.FrameOf(tag, r.still.Shape(), r.still.Rows())
	if err != nil {
		return nil, err
	}
	was, _ := had.(*shelf)
	blocks := abi.Blocks(f.Rows())
	if was == nil || was.in != r.kept {
		was = nil
		copy(f.Blocks(0, blocks), r.still.Blocks(0, blocks))
	}
	for k := range r.live {
		l := &r.live[k]
		if was != nil && l.shelf == was {
			continue
		}
		for b := range blocks {
			first := b * abi.BlockRows
			if l.dense {
				copy(f.Dense(b, l.place)[:], l.numbers[first:])
			} else {
				copy(f.Categorical(b, l.place)[:], l.ids[first:])
			}
		}
	}
	for _, x := range r.cells {
		f.Dense(int(x.candidate)/abi.BlockRows, int(x.place))[x.candidate%abi.BlockRows] = x.value
	}
	return f, nil
}

// stock is the shelf that the rows are of: the last, where columns of stock have
// one each.
func (r *Rows) stock() *shelf {
	of := &r.kept.bare
	for k := range r.live {
		if s := r.live[k].shelf; s != nil {
			of = s
		}
	}
	return of
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
		for _, x := range r.cellsOf(int(from)) {
			f.Dense(b, int(x.place))[at] = x.value
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
	for _, x := range r.cellsOf(i) {
		dense[atDense+int(x.place)] = x.value
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
