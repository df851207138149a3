package scoring

import "github.com/aisle-edge/aisle/modules/abi"

// MaxWidth is the most columns of a LinUCB model, its bias among them: the work
// grows with their square.
const MaxWidth = 64

// LinUCBShape is what the code of a LinUCB model depends on.
type LinUCBShape struct {
	Frame abi.Shape // dense columns only, with variance
	Bias  bool      // a first column that is always 1
}

// LinUCB is a linear model with full covariance, see the package's document.
type LinUCB struct {
	LinUCBShape
	Default []float32   // what stands for a missing value, by column in frame order
	Heads   []Posterior // Frame.Heads of them
}

// Posterior is what is known of one head: weights and a root of their covariance.
type Posterior struct {
	Mean []float32 // by column, the bias first
	Root []float32 // L, row after row: Root[i*Width+j], zero where j > i
}

// Validate returns ErrShape unless the shape is within the limits.
func (s LinUCBShape) Validate() error {
	f := s.Frame
	if f.Validate() != nil || f.Heads > MaxHeads || f.ContextCategorical+f.Categorical > 0 || !f.Variance {
		return ErrShape
	}
	if w := s.Width(); w < 1 || w > MaxWidth {
		return ErrShape
	}
	return nil
}

// Width is the number of columns, the bias among them.
func (s LinUCBShape) Width() int { return s.first() + s.Frame.ContextDense + s.Frame.Dense }

// first is the first column that stands in a frame.
func (s LinUCBShape) first() int {
	if s.Bias {
		return 1
	}
	return 0
}

// NewLinUCB makes a model of the shape with all parameters zero.
func NewLinUCB(s LinUCBShape) (*LinUCB, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	d := s.Width()
	l := &LinUCB{LinUCBShape: s, Default: make([]float32, d-s.first()), Heads: make([]Posterior, s.Frame.Heads)}
	for h := range l.Heads {
		l.Heads[h] = Posterior{Mean: make([]float32, d), Root: make([]float32, d*d)}
	}
	return l, nil
}

// FrameShape is the shape of the frames that the model scores.
func (l *LinUCB) FrameShape() abi.Shape { return l.Frame }

// columns appends the values of a row, the bias first and defaults for what is
// missing.
func (l *LinUCB) columns(dst []float32, context, row []float32) []float32 {
	if l.Bias {
		dst = append(dst, 1)
	}
	for i, x := range context {
		dst = append(dst, present(x, l.Default[i]))
	}
	for i, x := range row {
		dst = append(dst, present(x, l.Default[len(context)+i]))
	}
	return dst
}

func present(x, otherwise float32) float32 {
	if x != x {
		return otherwise
	}
	return x
}

// Sum is mean and variance of the columns x.
func (p Posterior) Sum(x []float32) (mean, variance float64) {
	d := len(x)
	var m, v float32
	for i, x := range x {
		m = m + float32(p.Mean[i]*x)
	}
	for j := range d {
		var y float32
		for i := j; i < d; i++ {
			y = y + float32(p.Root[i*d+j]*x[i])
		}
		v = v + float32(y*y)
	}
	return float64(m), float64(v)
}

// Score answers a frame, which must have the model's shape.
func (l *LinUCB) Score(f *abi.Frame) error {
	if f.Shape() != l.Frame {
		return ErrShape
	}
	var row, x []float32
	for i := range f.Rows() {
		row = f.DenseRow(row[:0], i)
		x = l.columns(x[:0], f.ContextDense(), row)
		for h, p := range l.Heads {
			f.Mean(h)[i], f.Variance(h)[i] = p.Sum(x)
		}
	}
	return nil
}

// Contributions is what each summand adds to one head's mean for a row: the
// bias, which is 0 without one, and the columns in frame order.
func (l *LinUCB) Contributions(head int, r Row) []float64 {
	mean := l.Heads[head].Mean
	var out []float64
	if !l.Bias {
		out = append(out, 0)
	}
	for i, x := range l.columns(nil, r.ContextDense, r.Dense) {
		out = append(out, float64(float32(mean[i]*x)))
	}
	return out
}
