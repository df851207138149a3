package explore

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// Problem is one slate to be drawn.
type Problem struct {
	Means   []float64   // one a candidate, higher is better
	Allowed bitmap.Bits // what the rules left; bits past the means don't count; not changed
	Policy  Policy
	Count   int // positions, if there is enough to fill them

	// None says that the last candidate is showing nothing: drawn at the first
	// position or never, and alone. NoneFloor, in [0, 1), counts where its bit is
	// in Allowed.
	None      bool
	NoneFloor float64

	EventID string
	Attempt uint32

	// Mask, if any, adds to remove what may not follow the candidates chosen so
	// far. It is asked before each position but the first, must depend on its
	// arguments alone, and keeps neither.
	Mask func(chosen []int, remove bitmap.Bits)
}

// Position is one drawn candidate.
type Position struct {
	Candidate   int     // its place in Means
	Probability float64 // conditional on the positions above
	Feasible    int     // N there
}

// Slate is what was drawn. Its slices are the Drawer's until the next Draw.
type Slate struct {
	Positions  []Position // as many as could be filled
	Contenders []int      // weighed at some position and not drawn, best first
	Seed       uint64     // first word of the first position's randomness, for a reader
	IsNone     bool       // none was drawn: one position, nothing to show
}

// Drawer draws slates under one salt without allocating once it is warm. It is
// for one goroutine at a time.
type Drawer struct {
	// of HMAC-SHA256 under the salt: its two blocks of padding, behind which the
	// message and the first digest are laid. crypto/hmac takes half as long again
	// to restore its state as to hash so little.
	inner []byte
	outer [sha256.BlockSize + sha256.Size]byte

	// of the present Draw
	problem  *Problem
	left     bitmap.Bits // allowed and not drawn
	removed  bitmap.Bits // by the mask, at this position
	feasible bitmap.Bits
	seen     bitmap.Bits // contenders so far
	best     ranking     // of what was left at first
	top      ranking     // the contenders at this position
	chosen   []int
	slate    Slate
}

// New returns a Drawer for a salt, the secret that makes draws unpredictable.
func New(salt []byte) *Drawer {
	if len(salt) > sha256.BlockSize {
		sum := sha256.Sum256(salt)
		salt = sum[:]
	}
	d := &Drawer{inner: make([]byte, sha256.BlockSize)}
	copy(d.inner, salt)
	copy(d.outer[:], salt)
	for i := range sha256.BlockSize {
		d.inner[i] ^= 0x36
		d.outer[i] ^= 0x5c
	}
	return d
}

// Draw draws one slate; it is empty when nothing is allowed.
func (d *Drawer) Draw(p *Problem) (Slate, error) {
	if !p.Policy.valid() || !(p.NoneFloor >= 0 && p.NoneFloor < 1) {
		return Slate{}, ErrPolicy
	}
	d.begin(p)
	for at := range p.Count {
		d.narrow(at)
		if n := d.feasible.Count(); n == 0 {
			break
		} else if err := d.place(at, n); err != nil {
			return Slate{}, err
		}
		if d.slate.IsNone {
			break
		}
	}
	for _, i := range d.chosen {
		d.seen.Clear(i)
	}
	d.slate.Contenders = slices.DeleteFunc(d.slate.Contenders, func(i int) bool { return !d.seen.Has(i) })
	return d.slate, nil
}

func (d *Drawer) begin(p *Problem) {
	n := len(p.Means)
	d.problem = p
	for _, b := range []*bitmap.Bits{&d.left, &d.removed, &d.feasible, &d.seen} {
		words := (n + 63) / 64
		*b = slices.Grow((*b)[:0], words)[:words]
		clear(*b)
	}
	d.left.Fill(n)
	d.left.And(p.Allowed)
	d.best.scan(p.Means, d.left, Contenders+max(p.Count, 0))
	d.chosen = d.chosen[:0]
	d.slate = Slate{Positions: d.slate.Positions[:0], Contenders: d.slate.Contenders[:0]}
}

// narrow finds what is feasible at a position, and the contenders there.
func (d *Drawer) narrow(at int) {
	if p := d.problem; p.None && at == 1 {
		d.left.Clear(len(p.Means) - 1)
	}
	copy(d.feasible, d.left)
	if d.problem.Mask != nil && at > 0 {
		clear(d.removed)
		d.problem.Mask(d.chosen, d.removed)
		d.feasible.AndNot(d.removed)
	}
	if !d.top.filter(&d.best, d.feasible, Contenders) {
		d.top.scan(d.problem.Means, d.feasible, Contenders)
	}
}

// place draws one of n feasible candidates and logs with what probability.
func (d *Drawer) place(at, n int) error {
	p := d.problem
	var room [Contenders]float64
	pi := room[:len(d.top.means)]
	if err := p.Policy.weigh(d.top.means, pi); err != nil {
		return err
	}
	for _, i := range d.top.candidates {
		if !d.seen.Has(i) {
			d.seen.Set(i)
			d.slate.Contenders = append(d.slate.Contenders, i)
		}
	}
	floor, none := 0.0, -1
	if last := len(p.Means) - 1; at == 0 && p.None && d.feasible.Has(last) {
		floor, none = p.NoneFloor, last
	}
	if p.Policy.Kind == Fixed {
		floor = 0
	}

	i := d.pick(at, n, pi, floor, none)
	share := 0.0
	if k := slices.Index(d.top.candidates, i); k >= 0 {
		share = pi[k]
	}
	d.slate.Positions = append(d.slate.Positions, Position{i, probability(p.Policy, share, n, floor, i == none), n})
	d.slate.IsNone = i == none
	d.chosen = append(d.chosen, i)
	d.left.Clear(i)
	return nil
}

// pick draws from the mixture of none's floor, the uniform and π. Nothing may
// change what it returns: the probability that is logged is that of this draw.
func (d *Drawer) pick(at, n int, pi []float64, floor float64, none int) int {
	x, y := d.random(at)
	if at == 0 {
		d.slate.Seed = x
	}
	u, v := uniform(x), uniform(y)
	if u < floor {
		return none
	}
	if u < floor+float64((1-floor)*d.problem.Policy.epsilon()) {
		return d.feasible.Select(int(v * float64(n)))
	}
	last, sum := 0, 0.0
	for k, share := range pi {
		if share == 0 {
			continue
		}
		if last = k; v < sum+share {
			break
		}
		sum += share
	}
	return d.top.candidates[last]
}

// random is the randomness of a position.
func (d *Drawer) random(at int) (x, y uint64) {
	b := append(d.inner[:sha256.BlockSize], d.problem.EventID...)
	b = binary.LittleEndian.AppendUint32(b, d.problem.Attempt)
	d.inner = binary.LittleEndian.AppendUint32(b, uint32(at))
	sum := sha256.Sum256(d.inner)
	copy(d.outer[sha256.BlockSize:], sum[:])
	sum = sha256.Sum256(d.outer[:])
	return binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])
}

// uniform is in [0, 1), a multiple of 2^-53.
func uniform(x uint64) float64 { return float64(x>>11) * 0x1p-53 }
