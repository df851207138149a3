package smith

import "math/rand/v2"

// Choices are where decisions come from: bytes, given or drawn.
type Choices struct {
	rand  *rand.Rand // nil: bytes are given
	bytes []byte
	drawn []byte
}

// Seed gives endless choices; equal seeds give equal ones.
func Seed(seed uint64) *Choices {
	return &Choices{rand: rand.New(rand.NewPCG(seed, 2))}
}

// Bytes gives the choices that b spells; after its end all are 0.
func Bytes(b []byte) *Choices { return &Choices{bytes: b} }

// Spelling is what Bytes takes for the choices made so far.
func (c *Choices) Spelling() []byte { return c.drawn }

// below gives a number from 0 to n-1.
func (c *Choices) below(n int) int {
	v, most := uint64(0), 1
	for ; most < n; most <<= 8 {
		v = v<<8 | uint64(c.next())
	}
	return int(v % uint64(max(n, 1)))
}

// rarely is true once in n times, and never once the source is dry.
func (c *Choices) rarely(n int) bool { return c.below(n) == n-1 }

func (c *Choices) word() (v uint64) {
	for range 8 {
		v = v<<8 | uint64(c.next())
	}
	return v
}

func (c *Choices) next() (b byte) {
	switch {
	case c.rand != nil:
		b = byte(c.rand.Uint32())
	case len(c.bytes) > 0:
		b, c.bytes = c.bytes[0], c.bytes[1:]
	}
	c.drawn = append(c.drawn, b)
	return b
}

func one[T any](c *Choices, of []T) T { return of[c.below(len(of))] }
