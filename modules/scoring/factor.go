package scoring

import "github.com/aisle-edge/aisle/modules/abi"

// Limits of a factor model.
const (
	MaxFactors = 64
	MaxFactor  = 1 << 29 // bytes of a model
)

// FactorShape is what the code of a factor model depends on.
type FactorShape struct {
	Frame   abi.Shape // without variance
	Bits    int       // the table of categorical entries has 2^Bits; 0 without categorical columns
	Factors int       // of an embedding
}

// Factor is a model of embeddings, see the package's document.
type Factor struct {
	FactorShape
	Heads []Embedding // Frame.Heads of them
}

// Embedding is the parameters of one head by entry; entries are numbered as those
// of a linear model.
type Embedding struct {
	Mean   []float32 // weights
	Factor []float32 // embeddings: Factors of entry 0, of entry 1, ...
}

// FactorGroup is how many categorical columns of a row are summed before the
// scalar product with the context.
const FactorGroup = 16

// Linear is the shape of the linear model that has the same entries.
func (s FactorShape) Linear() Shape { return Shape{Frame: s.Frame, Bits: s.Bits} }

// Validate returns ErrShape unless the shape is within the limits.
func (s FactorShape) Validate() error {
	if s.Linear().Validate() != nil || s.Frame.Variance || s.Factors < 1 || s.Factors > MaxFactors || s.Size() > MaxFactor {
		return ErrShape
	}
	return nil
}

// NewFactor makes a model of the shape with all parameters zero.
func NewFactor(s FactorShape) (*Factor, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	m := &Factor{FactorShape: s, Heads: make([]Embedding, s.Frame.Heads)}
	n := s.Linear().Entries()
	for h := range m.Heads {
		m.Heads[h] = Embedding{Mean: make([]float32, n), Factor: make([]float32, n*s.Factors)}
	}
	return m, nil
}

// FrameShape is the shape of the frames that the model scores.
func (m *Factor) FrameShape() abi.Shape { return m.Frame }

// strands is a sum of products whose terms go round four partial sums.
type strands struct {
	sum  [4]float32
	next int
}

func (s *strands) add(a, b float32) {
	at := s.next & 3
	s.sum[at] = s.sum[at] + float32(a*b)
	s.next++
}

func (s *strands) total() float32 {
	return (s.sum[0] + s.sum[1]) + (s.sum[2] + s.sum[3])
}

// factors is the embedding of an entry.
func (m *Factor) factors(head, entry int) []float32 {
	return m.Heads[head].Factor[entry*m.Factors:][:m.Factors]
}

// dot is the weight of an entry given the context: its own and the scalar product
// of its embedding and the context's.
func (m *Factor) dot(head, entry int, context []float32) float32 {
	var s strands
	s.add(m.Heads[head].Mean[entry], 1)
	for f, v := range m.factors(head, entry) {
		s.add(v, context[f])
	}
	return s.total()
}

// context is the sum of bias and weights of the context, and of its embeddings.
func (m *Factor) context(head int, dense []float32, ids []uint32) (sum float32, embedding []float32) {
	s := m.Linear()
	embedding = make([]float32, m.Factors)
	terms := appendDense([]Term{{Entry: 0, Value: 1}}, dense, s.Weight(0), 1)
	terms = s.table().append(terms, ids, 1)
	for _, t := range terms {
		sum = sum + float32(m.Heads[head].Mean[t.Entry]*t.Value)
		for f, v := range m.factors(head, t.Entry) {
			embedding[f] = embedding[f] + float32(v*t.Value)
		}
	}
	return sum, embedding
}

// group is the scalar product of the context and a group of a row's ids.
func (m *Factor) group(head int, ids []uint32, context []float32) float32 {
	var weight float32
	embedding := make([]float32, m.Factors)
	for _, id := range ids {
		if id == 0 {
			continue
		}
		entry := m.Linear().table().entry(id)
		weight = weight + m.Heads[head].Mean[entry]
		for f, v := range m.factors(head, entry) {
			embedding[f] = embedding[f] + v
		}
	}
	var s strands
	s.add(weight, 1)
	for f, v := range embedding {
		s.add(v, context[f])
	}
	return s.total()
}

// Score answers a frame, which must have the model's shape.
func (m *Factor) Score(f *abi.Frame) error {
	if f.Shape() != m.Frame {
		return ErrShape
	}
	var (
		dense []float32
		ids   []uint32
		terms []Term
	)
	first := m.Linear().Weight(m.Frame.ContextDense)
	for h := range m.Heads {
		shared, context := m.context(h, f.ContextDense(), f.ContextCategorical())
		weights := make([]float32, 2*m.Frame.Dense)
		for i := range weights {
			weights[i] = m.dot(h, first+i, context)
		}
		for i := range f.Rows() {
			dense, ids = f.DenseRow(dense[:0], i), f.CategoricalRow(ids[:0], i)
			sum := shared
			terms = appendDense(terms[:0], dense, 0, 0)
			for _, t := range terms {
				sum = sum + float32(weights[t.Entry]*t.Value)
			}
			for at := 0; at < len(ids); at += FactorGroup {
				sum = sum + m.group(h, ids[at:min(at+FactorGroup, len(ids))], context)
			}
			f.Mean(h)[i] = float64(sum)
		}
	}
	return nil
}

// Contributions is what each summand adds to one head's mean for a row: the
// bias, then the columns in frame order. Those of the context add their weights,
// those of the row their weights given the context.
func (m *Factor) Contributions(head int, r Row) []float64 {
	s := m.Linear()
	_, context := m.context(head, r.ContextDense, r.ContextCategorical)
	own := 1 + len(r.ContextDense) + len(r.ContextCategorical)
	out := make([]float64, 1+m.Frame.Columns())
	for _, t := range s.Terms(nil, r) {
		weight := m.Heads[head].Mean[t.Entry]
		if t.From >= own {
			weight = m.dot(head, t.Entry, context)
		}
		out[t.From] = float64(float32(weight * t.Value))
	}
	return out
}
