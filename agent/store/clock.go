package store

import (
	"sync"
	"time"
)

// clock is the node's time: it never falls, and it runs at the pace of the
// monotonic clock also while the wall clock stands behind what it once said.
// Without that, a clock set back by a year would stop every lease for a year.
type clock struct {
	read func() (wall int64, mono time.Duration) // milliseconds; since some start

	mu   sync.Mutex
	last int64         // the last time given, Unix milliseconds
	base int64         // the last time the wall clock was the later one
	at   time.Duration // the monotonic clock then
}

func newClock(now func() time.Time) *clock {
	start := now()
	return &clock{base: start.UnixMilli(), read: func() (int64, time.Duration) {
		t := now()
		return t.UnixMilli(), t.Sub(start)
	}}
}

func (c *clock) now() int64 {
	wall, mono := c.read()
	c.mu.Lock()
	defer c.mu.Unlock()
	paced := c.base + (mono - c.at).Milliseconds()
	if wall > paced {
		c.base, c.at = wall, mono
	}
	c.last = max(c.last, wall, paced)
	return c.last
}

// raise makes ms the least time that is given from now on.
func (c *clock) raise(ms int64) {
	if ms <= c.now() {
		return
	}
	_, mono := c.read()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base, c.at = ms, mono
}

// skew is by how much the node's time is ahead of the wall clock.
func (c *clock) skew() time.Duration {
	wall, _ := c.read()
	return time.Duration(max(0, c.now()-wall)) * time.Millisecond
}
