package catalogue

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"time"
)

const (
	countVersion = 0
	// maxMoves is how many movements after a count a row holds.
	maxMoves = 256
	// plausible is how far a till's time may lie behind the node's.
	plausible = 7 * 24 * time.Hour
)

// count is what is known of one item's stock: the last count, and the movements
// that happened after it.
type count struct {
	onHand int64 // of now: movements are in it
	asOf   int64 // time of the last count; 0: never counted
	lost   int64 // time at which somebody did not find it; 0: not since the last count
	moves  []movement
}

type movement struct{ at, delta int64 }

// set takes a count as of a time; 0 is now, after everything that came in. A
// count that is older than the last one changes nothing.
func (c *count) set(onHand, asOf, now int64) {
	if c.stale(asOf, now) {
		return
	}
	asOf = c.effective(asOf, now)
	later := slices.IndexFunc(c.moves, func(m movement) bool { return m.at > asOf })
	if later < 0 {
		later = len(c.moves)
	}
	c.moves = c.moves[later:]
	c.onHand, c.asOf = onHand, asOf
	if asOf >= c.lost {
		c.lost = 0
	}
	for _, m := range c.moves {
		c.onHand += m.delta
	}
}

// effective is the time a count stands for. One ahead of the node's is now; and
// now is after all movements, also those of this millisecond.
func (c *count) effective(asOf, now int64) int64 {
	if asOf > 0 && asOf <= now {
		return asOf
	}
	if n := len(c.moves); n > 0 {
		now = max(now, c.moves[n-1].at)
	}
	return max(now, c.asOf)
}

// move takes a movement. One that happened up to the last count is in it.
func (c *count) move(delta, happened, now int64) {
	if happened <= 0 || happened > now || happened < now-plausible.Milliseconds() {
		happened = max(now, c.asOf+1, c.lost+1)
	}
	if happened <= c.asOf {
		return
	}
	i := len(c.moves)
	for i > 0 && c.moves[i-1].at > happened {
		i--
	}
	c.moves = slices.Insert(c.moves, i, movement{happened, delta})
	c.onHand += delta
	if len(c.moves) > maxMoves {
		c.join()
	}
}

// lose takes in that somebody did not find it. A later count found it.
func (c *count) lose(happened, now int64) {
	if happened <= 0 || happened > now || happened < now-plausible.Milliseconds() {
		happened = c.effective(0, now)
	}
	if happened >= c.asOf {
		c.lost = max(c.lost, happened)
	}
}

// found is how many there are at most, as far as anybody could tell: what came since
// it was not found, less what was sold of that.
func (c *count) found() (n int64) {
	if c.lost == 0 {
		return math.MaxInt64
	}
	for _, m := range c.moves {
		if m.at > c.lost {
			n = max(n+m.delta, 0)
		}
	}
	return n
}

// join halves the older half of the movements. Of two around the time at which it was
// not found nothing counts as having come since.
func (c *count) join() {
	older := c.moves[:maxMoves/2]
	for i := 0; i < len(older); i += 2 {
		at := older[i+1].at
		if older[i].at <= c.lost && c.lost < at {
			at = older[i].at
		}
		older[i/2] = movement{at, older[i].delta + older[i+1].delta}
	}
	c.moves = slices.Delete(c.moves, len(older)/2, len(older))
}

func (c *count) append(dst []byte) []byte {
	dst = append(dst, countVersion)
	dst = binary.AppendVarint(dst, c.onHand)
	dst = binary.AppendVarint(dst, c.asOf)
	dst = binary.AppendVarint(dst, c.lost)
	last := c.asOf
	for _, m := range c.moves {
		dst = binary.AppendVarint(dst, m.at-last)
		dst = binary.AppendVarint(dst, m.delta)
		last = m.at
	}
	return dst
}

var errCount = errors.New("malformed stock row")

func parseCount(b []byte) (c count, err error) {
	if len(b) == 0 || b[0] != countVersion {
		return c, errCount
	}
	b = b[1:]
	next := func() (v int64) {
		v, n := binary.Varint(b)
		if n <= 0 {
			err, b = errCount, nil
			return 0
		}
		b = b[n:]
		return v
	}
	c.onHand, c.asOf, c.lost = next(), next(), next()
	for last := c.asOf; len(b) > 0 && err == nil && len(c.moves) < maxMoves; {
		last += next()
		c.moves = append(c.moves, movement{last, next()})
	}
	if len(b) > 0 {
		err = errCount
	}
	return c, err
}

// stale tells whether a count would change nothing because a later one is known.
func (c *count) stale(asOf, now int64) bool { return c.effective(asOf, now) < c.asOf }
