package scoring

import "github.com/aisle-edge/aisle/modules/abi"

// Linear is a Bayesian linear model with diagonal precision.
type Linear struct {
	Shape
	Heads []Head // Shape.Frame.Heads of them
}

// Head is the parameters of one head by entry, see the package's document. The
// entry Shape.Nothing stays zero.
type Head struct {
	Mean     []float32
	Variance []float32 // nil without variance
}

// New makes a model of the shape with all weights and variances zero.
func New(s Shape) (*Linear, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	l := &Linear{Shape: s, Heads: make([]Head, s.Frame.Heads)}
	for h := range l.Heads {
		l.Heads[h].Mean = make([]float32, s.Entries())
		if s.Frame.Variance {
			l.Heads[h].Variance = make([]float32, s.Entries())
		}
	}
	return l, nil
}

// Row is what one candidate is scored by, columns in frame order.
type Row struct {
	ContextDense       []float32
	ContextCategorical []uint32
	Dense              []float32
	Categorical        []uint32
}

// Term is one summand of a row's score: the entry it looks up and what that is
// multiplied with.
type Term struct {
	Entry int
	Value float32 // 1 for categorical and missing
	From  int     // 0: bias, 1 + i: column i in frame order, then the crosses
}

// Fits tells whether the row has the columns of the shape.
func (s Shape) Fits(r Row) bool {
	return len(r.ContextDense) == s.Frame.ContextDense && len(r.ContextCategorical) == s.Frame.ContextCategorical &&
		len(r.Dense) == s.Frame.Dense && len(r.Categorical) == s.Frame.Categorical
}

// Terms appends the terms of a row in the order in which they are summed. What
// contributes nothing has no term. It panics on a row that doesn't fit: whoever
// takes rows from outside asks Fits first.
func (s Shape) Terms(dst []Term, r Row) []Term {
	if !s.Fits(r) {
		panic("scoring: row of another shape")
	}
	t := s.table()
	dst = append(dst, Term{0, 1, 0})
	from := 1
	dst = appendDense(dst, r.ContextDense, s.Weight(0), from)
	from += len(r.ContextDense)
	dst = t.append(dst, r.ContextCategorical, from)
	from += len(r.ContextCategorical)
	dst = appendDense(dst, r.Dense, s.Weight(len(r.ContextDense)), from)
	from += len(r.Dense)
	dst = t.append(dst, r.Categorical, from)
	from += len(r.Categorical)
	for i, c := range s.Crosses {
		if id, ok := cross(r.id(c.A), r.id(c.B)); ok {
			dst = append(dst, Term{t.entry(id), 1, from + i})
		}
	}
	return dst
}

func appendDense(dst []Term, values []float32, weight, from int) []Term {
	for i, x := range values {
		entry := weight + 2*i
		if x != x {
			entry, x = entry+1, 1
		}
		dst = append(dst, Term{entry, x, from + i})
	}
	return dst
}

func (t table) append(dst []Term, ids []uint32, from int) []Term {
	for i, id := range ids {
		if id != 0 {
			dst = append(dst, Term{t.entry(id), 1, from + i})
		}
	}
	return dst
}

func (r Row) id(column int) uint32 {
	if n := len(r.ContextCategorical); column >= n {
		return r.Categorical[column-n]
	}
	return r.ContextCategorical[column]
}

// Sum adds up the terms of one row.
func (h Head) Sum(terms []Term) (mean, variance float64) {
	var m, v float32
	for _, t := range terms {
		m = m + float32(h.Mean[t.Entry]*t.Value)
	}
	if h.Variance == nil {
		return float64(m), 0
	}
	for _, t := range terms {
		v = v + float32(h.Variance[t.Entry]*float32(t.Value*t.Value))
	}
	return float64(m), float64(v)
}

// Score answers a frame, which must have the model's shape.
func (l *Linear) Score(f *abi.Frame) error {
	if f.Shape() != l.Frame {
		return ErrShape
	}
	row := Row{ContextDense: f.ContextDense(), ContextCategorical: f.ContextCategorical()}
	var terms []Term
	for i := range f.Rows() {
		row.Dense = f.DenseRow(row.Dense[:0], i)
		row.Categorical = f.CategoricalRow(row.Categorical[:0], i)
		terms = l.Terms(terms[:0], row)
		for h, head := range l.Heads {
			mean, variance := head.Sum(terms)
			f.Mean(h)[i] = mean
			if l.Frame.Variance {
				f.Variance(h)[i] = variance
			}
		}
	}
	return nil
}

// Contributions is what each summand adds to one head's mean for a row: the
// bias, the columns in frame order, the crosses. Their sum differs from the
// mean by the rounding of f32 sums.
func (l *Linear) Contributions(head int, r Row) []float64 {
	columns := l.Frame.Columns()
	out := make([]float64, 1+columns+len(l.Crosses))
	for _, t := range l.Terms(nil, r) {
		out[t.From] = float64(l.Heads[head].Mean[t.Entry] * t.Value)
	}
	return out
}
