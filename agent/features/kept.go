package features

import (
	"sync"
	"sync/atomic"

	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/abi"
)

// cache keeps what stays as it is of a slot's own candidates.
type cache struct {
	building sync.Mutex
	last     atomic.Pointer[kept]
}

type kept struct {
	of    *rules.Candidates
	frame abi.Frame
	bare  shelf // where no column is of stock
	stock atomic.Pointer[shelf]
}

// shelf is a column of stock after a number of movements. It stands for all that
// is kept of rows: those it is in, and its own.
type shelf struct {
	in      *kept
	of      *column
	at      uint64
	numbers []float32
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
	k.bare.in = k
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

// stocked is a column of stock, kept until something moves.
func (k *kept) stocked(col *column, c *rules.Candidates, cat *catalogue.Catalogue) *shelf {
	at := cat.Movements()
	if s := k.stock.Load(); s != nil && s.of == col && s.at == at {
		return s
	}
	s := &shelf{k, col, at, make([]float32, c.Len())}
	col.onHand(s.numbers, c, cat)
	k.stock.Store(s)
	return s
}
