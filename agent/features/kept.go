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
	names [2]rules.Members // by brand and category, where there are pairs
	bare  shelf            // where no column is of stock
	stock atomic.Pointer[shelf]
}

// shelf is a column of stock after a number of changes. It stands for all that
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
	if len(p.spans) > 0 {
		s := c.View.Snapshot
		k.names = [2]rules.Members{c.Members(s.Brand.IDs, len(s.Brand.Names)), c.Members(s.Category.IDs, len(s.Category.Names))}
	}
	p.kept.last.Store(k)
	return k, nil
}

const brand, category = 0, 1

// named are the candidates by brand or category, nil where they are not kept.
func (k *kept) named(by int) *rules.Members {
	if k == nil {
		return nil
	}
	return &k.names[by]
}

// fill fills the columns that stay, and what prices are by the median for who bought
// nothing, and makes the others missing.
func (p *Plan) fill(f *abi.Frame, c *rules.Candidates) {
	named := p.tables(c.View)
	for i := range p.items {
		col := &p.items[i]
		switch {
		case col.origin == "pair" && col.key == "price_ratio":
			col.eachDense(f, c, col.byMedian(c.View, named.medians))
		case col.dense && !col.lives():
			col.eachDense(f, c, col.numberOfItem(c.View, named.numbers[i]))
		case col.dense:
			col.eachDense(f, c, func(int) float32 { return missing })
		case !col.lives():
			col.eachID(f, c, col.idOfItem(c.View, named.ids[i]))
		default:
			col.eachID(f, c, func(int) uint32 { return 0 })
		}
	}
}

// words are those of a catalogue's texts, as columns of items take them: by
// column, then name. They cost what the catalogue has of names, and so are
// made once and serve the candidates that callers give, too.
type words struct {
	building sync.Mutex
	last     atomic.Pointer[tables]
}

type tables struct {
	of      *catalogue.Snapshot
	numbers [][]float32
	ids     [][]uint32
	medians []float64 // regular prices, by category, where there are pairs
}

func (p *Plan) tables(v *rules.View) *tables {
	if t := p.words.last.Load(); t != nil && t.of == v.Snapshot {
		return t
	}
	p.words.building.Lock()
	defer p.words.building.Unlock()
	if t := p.words.last.Load(); t != nil && t.of == v.Snapshot {
		return t
	}
	t := &tables{of: v.Snapshot, numbers: make([][]float32, len(p.items)), ids: make([][]uint32, len(p.items))}
	if len(p.spans) > 0 {
		t.medians = medians(v.Snapshot)
	}
	for i := range p.items {
		switch col := &p.items[i]; {
		case col.origin != "item":
		case col.dense:
			t.numbers[i] = col.numbersOf(col.texts(v).Names)
		default:
			t.ids[i] = col.idsOf(col.texts(v).Names)
		}
	}
	p.words.last.Store(t)
	return t
}

// stocked is a column of stock, kept until a count changes.
func (k *kept) stocked(col *column, c *rules.Candidates, cat *catalogue.Catalogue) *shelf {
	at := cat.Counts()
	if s := k.stock.Load(); s != nil && s.of == col && s.at == at {
		return s
	}
	s := &shelf{k, col, at, make([]float32, c.Len())}
	col.onHand(s.numbers, c, cat)
	k.stock.Store(s)
	return s
}
