package smith

import "math/rand/v2"

// Choices are where decisions come from.
type Choices struct {
	rand  *rand.Rand
	bytes []byte
}

// Seed gives endless choices; equal seeds give equal ones.
func Seed(seed uint64) *Choices {
	return &Choices{rand: rand.New(rand.NewPCG(seed, 2))}
}

// Bytes gives the choices that b spells; after its end all are 0.
func Bytes(b []byte) *Choices { return &Choices{bytes: b} }

// below gives a number from 0 to n-1.
func (c *Choices) below(n int) int {
	if c.rand != nil {
		return c.rand.IntN(max(n, 1))
	}
	v := 0
	for left := n - 1; left > 0; left >>= 8 {
		v = v<<8 | int(c.next())
	}
	return v % max(n, 1)
}

// rarely is true once in n times, and never once the source is dry.
func (c *Choices) rarely(n int) bool { return c.below(n) == n-1 }

func (c *Choices) word() (v uint64) {
	if c.rand != nil {
		return c.rand.Uint64()
	}
	for range 8 {
		v = v<<8 | uint64(c.next())
	}
	return v
}

func (c *Choices) next() byte {
	if len(c.bytes) == 0 {
		return 0
	}
	b := c.bytes[0]
	c.bytes = c.bytes[1:]
	return b
}

func one[T any](c *Choices, of []T) T { return of[c.below(len(of))] }
