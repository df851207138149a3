package training

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// sparse is a symmetric matrix by rows, each with its columns ascending.
type sparse struct {
	n       int
	from    []int // of each row, and the end of the last
	columns []uint32
	values  []float32
}

// times makes y the product with x, both of n rows and k columns.
func (a *sparse) times(y, x []float64, k int) {
	clear(y)
	for i := range a.n {
		row := y[i*k:][:k]
		for at := a.from[i]; at < a.from[i+1]; at++ {
			v := float64(a.values[at])
			for c, z := range x[int(a.columns[at])*k:][:k] {
				row[c] += v * z
			}
		}
	}
}

const (
	oversampling = 10
	powers       = 6
)

// eigen gives the k leading eigenvalues of a, those of greatest magnitude, and their
// vectors as n rows of k columns, by randomised subspace iteration (Halko,
// Martinsson and Tropp, "Finding structure with randomness", 2011, algorithms 4.4 and
// 5.3), always of the same random numbers.
func (a *sparse) eigen(k int) (values, vectors []float64) {
	if k = min(k, a.n); k == 0 {
		return nil, nil
	}
	wide := min(k+oversampling, a.n)
	r := rand.New(rand.NewPCG(0x9e3779b97f4a7c15, uint64(a.n)))
	q, y := make([]float64, a.n*wide), make([]float64, a.n*wide)
	for i := range q {
		q[i] = r.NormFloat64()
	}
	orthonormal(q, wide)
	for range powers {
		a.times(y, q, wide)
		q, y = y, q
		orthonormal(q, wide)
	}
	a.times(y, q, wide)
	small := make([]float64, wide*wide) // qᵀ·a·q
	for i := range a.n {
		for c := range wide {
			for d := range wide {
				small[c*wide+d] += q[i*wide+c] * y[i*wide+d]
			}
		}
	}
	turn := jacobi(small, wide)
	order := make([]int, wide)
	for c := range order {
		order[c] = c
	}
	slices.SortStableFunc(order, func(c, d int) int {
		return cmp.Compare(math.Abs(small[d*wide+d]), math.Abs(small[c*wide+c]))
	})
	values, vectors = make([]float64, k), make([]float64, a.n*k)
	for c := range k {
		from := order[c]
		values[c] = small[from*wide+from]
		for i := range a.n {
			for d := range wide {
				vectors[i*k+c] += q[i*wide+d] * turn[d*wide+from]
			}
		}
	}
	return values, vectors
}

// orthonormal makes the columns of q orthonormal, by modified Gram-Schmidt done
// twice; one that depends on those before it becomes zero.
func orthonormal(q []float64, k int) {
	n := len(q) / k
	for c := range k {
		was := length(q, n, k, c)
		for range 2 {
			for d := range c {
				dot := 0.0
				for i := range n {
					dot += q[i*k+c] * q[i*k+d]
				}
				for i := range n {
					q[i*k+c] -= dot * q[i*k+d]
				}
			}
		}
		norm, scale := length(q, n, k, c), 0.0
		if norm > 1e-12*was {
			scale = 1 / norm
		}
		for i := range n {
			q[i*k+c] *= scale
		}
	}
}

func length(q []float64, n, k, c int) (sum float64) {
	for i := range n {
		sum += q[i*k+c] * q[i*k+c]
	}
	return math.Sqrt(sum)
}

// jacobi makes the symmetric a diagonal by rotations (Jacobi, 1846, in the form of
// Golub and Van Loan, algorithm 8.5.3) and gives their product: its columns are the
// eigenvectors.
func jacobi(a []float64, n int) (turn []float64) {
	turn = make([]float64, n*n)
	for i := range n {
		turn[i*n+i] = 1
	}
	for range 30 {
		off, all := 0.0, 0.0
		for i := range n {
			for j := range n {
				all += a[i*n+j] * a[i*n+j]
				if i != j {
					off += a[i*n+j] * a[i*n+j]
				}
			}
		}
		if off <= 1e-24*all {
			break
		}
		for p := range n {
			for q := p + 1; q < n; q++ {
				rotate(a, turn, n, p, q)
			}
		}
	}
	return turn
}

func rotate(a, turn []float64, n, p, q int) {
	if a[p*n+q] == 0 {
		return
	}
	theta := (a[q*n+q] - a[p*n+p]) / (2 * a[p*n+q])
	t := 1 / (math.Abs(theta) + math.Sqrt(theta*theta+1))
	if theta < 0 {
		t = -t
	}
	c := 1 / math.Sqrt(t*t+1)
	s := t * c
	for i := range n {
		a[i*n+p], a[i*n+q] = c*a[i*n+p]-s*a[i*n+q], s*a[i*n+p]+c*a[i*n+q]
		turn[i*n+p], turn[i*n+q] = c*turn[i*n+p]-s*turn[i*n+q], s*turn[i*n+p]+c*turn[i*n+q]
	}
	for i := range n {
		a[p*n+i], a[q*n+i] = c*a[p*n+i]-s*a[q*n+i], s*a[p*n+i]+c*a[q*n+i]
	}
}
