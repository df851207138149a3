package explore

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/modules/bitmap"
)

// Problem is one slate to be drawn.
type Problem struct {
	Means     []float64   // one a candidate, higher is better
	Variances []float64   // one a candidate, from 0 on; only for policies that need them
	Allowed   bitmap.Bits // what the rules left; bits past the means don't count; not changed
	Policy    Policy
	Count     int // positions, if there is enough to fill them

	// None says that the last candidate is showing nothing: drawn at the first
	// position or never, and alone. NoneFloor, in [0, 1), counts where its bit is
	// in Allowed.
	None      bool
	NoneFloor float64

	// Pins stand where they say, with probability 1, and the rest is drawn around
	// them. What is not allowed, has no such position, or would stand on another or
	// twice, is no pin. With a pin none is not feasible.
	Pins []Pin

	EventID string
	Attempt uint32
	First   uint32 // number of the first position; further slots of one decision go on where the last one's Count ended

	// Mask, if any, is asked before each position that is drawn. It adds to remove
	// what may not stand there, and to pool, if the position has one, what belongs
	// to it: of a pool with nothing feasible in it, or empty, nothing is kept to. It
	// has no say about none.
	Mask func(at At, remove, pool bitmap.Bits)

	// Adjust, if any, is asked before each position that is drawn, after Mask, for
	// the means that the Shortlist best there have at this position; the contenders
	// are the best of these. None's is not changed.
	Adjust func(at At, candidates []int, means []float64)

	// Both depend on their arguments alone, as a replay has nothing else.
}

// Pin is a candidate that was promised a position.
type Pin struct{ Position, Candidate int }

// Position is one candidate of a slate.
type Position struct {
	Candidate   int     // its place in Means
	Probability float64 // conditional on the positions above
	Feasible    int     // N there; 1 of a pin
	Pinned      bool    // not drawn
	Explored    int     // 1 + how many feasible candidates come before it, if the uniform share drew it, else 0

	from, to int     // of Slate.weighed
	floor    float64 // of none, which is feasible at this place or at -1
	none     int
}

// Slate is what was drawn. Its slices are the Drawer's until the next Draw.
type Slate struct {
	Positions  []Position // as many as could be filled; pins below what could not move up
	Contenders []int      // weighed at some position and not drawn, in the order in which they first were
	Seed       uint64     // first word of the first position's randomness, for a reader; 0 if nothing was feasible there
	IsNone     bool       // none was drawn: one position, nothing to show

	policy  Policy
	weighed []int     // at all positions, one after the other
	means   []float64 // theirs
	shares  []float64 // their π
}

// Weighed are the contenders at a position, best first, and their means as they
// were weighed there. A pin had none.
func (s *Slate) Weighed(p Position) (candidates []int, means []float64) {
	return s.weighed[p.from:p.to], s.means[p.from:p.to]
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
	problem   *Problem
	left      bitmap.Bits // allowed, not drawn and no pin
	removed   bitmap.Bits // by the mask, at this position
	pool      bitmap.Bits // of this position
	feasible  bitmap.Bits
	seen      bitmap.Bits // contenders so far
	ranks     []float64   // what candidates are ranked by: means, or bounds
	bounds    []float64
	adjusted  []float64 // means of the shortlist, by candidate
	means     []float64 // of the shortlist
	variances [Contenders]float64
	best      ranking // of what was left at first
	short     ranking // the shortlist at this position
	top       ranking // the contenders at this position
	placed    []int   // by position, -1 where nothing is
	turn      float64
	slate     Slate
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
	if err := d.Prepare(p); err != nil {
		return Slate{}, err
	}
	return d.Finish()
}

// Prepare does of a draw what grows with the candidates, and nothing that hangs on
// what will be drawn: however long it takes, that tells nothing of the slate.
func (d *Drawer) Prepare(p *Problem) error {
	if !p.Policy.valid() || !(p.NoneFloor >= 0 && p.NoneFloor < 1) || p.Policy.Kind.Varies() && len(p.Variances) != len(p.Means) {
		return ErrPolicy
	}
	d.begin(p)
	return nil
}

// Finish draws the slate of the problem that was prepared, once.
func (d *Drawer) Finish() (Slate, error) {
	over := false
	for at, pin := range d.placed {
		if pin >= 0 {
			d.slate.Positions = append(d.slate.Positions, Position{Candidate: pin, Probability: 1, Feasible: 1, Pinned: true})
			continue
		} else if over {
			continue
		}
		d.narrow(at)
		n := d.feasible.Count()
		if over = n == 0; over {
			continue
		} else if err := d.place(at, n); err != nil {
			return Slate{}, err
		}
		over = d.slate.IsNone
	}
	d.slate.Contenders = slices.DeleteFunc(d.slate.Contenders, func(i int) bool { return !d.seen.Has(i) })
	return d.slate, nil
}

func (d *Drawer) begin(p *Problem) {
	n := len(p.Means)
	d.problem = p
	for _, b := range []*bitmap.Bits{&d.left, &d.removed, &d.pool, &d.feasible, &d.seen} {
		words := (n + 63) / 64
		*b = slices.Grow((*b)[:0], words)[:words]
		clear(*b)
	}
	d.left.Fill(n)
	d.left.And(p.Allowed)
	d.pin()
	d.rankAll()
	d.slate = Slate{
		Positions: d.slate.Positions[:0], Contenders: d.slate.Contenders[:0],
		policy: p.Policy, weighed: d.slate.weighed[:0], means: d.slate.means[:0], shares: d.slate.shares[:0],
	}
	if len(d.placed) == 0 || d.placed[0] >= 0 { // nothing is drawn there
		d.slate.Seed, _ = d.random(p.EventID, p.Attempt, p.First)
	}
	if p.Mask != nil || p.Adjust != nil {
		x, _ := d.random(p.EventID, p.Attempt, math.MaxUint32)
		d.turn = uniform(x)
	}
}

// pin lays out the slate with its pins, which nothing else may be drawn over.
func (d *Drawer) pin() {
	p := d.problem
	count := max(p.Count, 0)
	d.placed = slices.Grow(d.placed[:0], count)[:count]
	for at := range d.placed {
		d.placed[at] = -1
	}
	last, pinned := len(p.Means)-1, false
	for _, pin := range p.Pins {
		at, i := pin.Position, pin.Candidate
		if at < 0 || at >= count || d.placed[at] >= 0 || i < 0 || i > last || !d.left.Has(i) || p.None && i == last {
			continue
		}
		d.placed[at], pinned = i, true
		d.left.Clear(i)
	}
	if pinned && p.None {
		d.left.Clear(last)
	}
}

// place draws one of n feasible candidates and logs with what probability.
func (d *Drawer) place(at, n int) error {
	p := d.problem
	var room [Contenders]float64
	pi := room[:len(d.top.means)]
	from := len(d.slate.weighed)
	if err := p.Policy.weigh(d.contenders(), pi); err != nil {
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
	x, y := d.random(p.EventID, p.Attempt, p.First+uint32(at))
	i, explored := d.draw(x, y, n, pi, floor, none)
	share := 0.0
	if k := slices.Index(d.top.candidates, i); k >= 0 {
		share = pi[k]
	}
	if at == 0 {
		d.slate.Seed = x
	}
	d.slate.shares = append(d.slate.shares, pi...)
	d.slate.Positions = append(d.slate.Positions, Position{
		Candidate: i, Probability: probability(p.Policy, share, n, floor, i == none), Feasible: n,
		Explored: explored, from: from, to: len(d.slate.weighed), floor: floor, none: none,
	})
	d.slate.IsNone = i == none
	d.placed[at] = i
	d.left.Clear(i)
	d.seen.Clear(i)
	return nil
}

// draw is which candidate the randomness picks. Nothing may change what it returns:
// the probability that is logged is that of this draw.
func (d *Drawer) draw(x, y uint64, n int, pi []float64, floor float64, none int) (i, explored int) {
	place, explored, isNone := pick(x, y, d.problem.Policy, n, pi, floor)
	switch {
	case isNone:
		return none, 0
	case explored > 0:
		return d.feasible.Select(explored - 1), explored
	}
	return d.top.candidates[place], 0
}

// pick draws from the mixture of none's floor, the uniform over n and π.
func pick(x, y uint64, p Policy, n int, pi []float64, floor float64) (place, explored int, none bool) {
	u, v := uniform(x), uniform(y)
	if p.Kind == Fixed {
		floor = 0
	}
	if u < floor {
		return -1, 0, true
	}
	if u < floor+float64((1-floor)*p.epsilon()) {
		return -1, 1 + int(v*float64(n)), false
	}
	sum := 0.0
	for k, share := range pi {
		if share == 0 {
			continue
		}
		if place = k; v < sum+share {
			break
		}
		sum += share
	}
	return place, 0, false
}

// random is the randomness of a position.
func (d *Drawer) random(eventID string, attempt, position uint32) (x, y uint64) {
	b := append(d.inner[:sha256.BlockSize], eventID...)
	b = binary.LittleEndian.AppendUint32(b, attempt)
	d.inner = binary.LittleEndian.AppendUint32(b, position)
	sum := sha256.Sum256(d.inner)
	copy(d.outer[sha256.BlockSize:], sum[:])
	sum = sha256.Sum256(d.outer[:])
	return binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:])
}

// uniform is in [0, 1), a multiple of 2^-53.
func uniform(x uint64) float64 { return float64(x>>11) * 0x1p-53 }
