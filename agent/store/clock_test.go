package store

import (
	"testing"
	"time"
)

const year = 365 * 24 * time.Hour

func TestClockNeverFallsAndNeverStops(t *testing.T) {
	var mono, offset time.Duration
	c := &clock{base: year.Milliseconds(), read: func() (int64, time.Duration) {
		return (year + mono + offset).Milliseconds(), mono
	}}
	start := c.now()
	c.raise(start + 5_000)
	for _, step := range []time.Duration{0, -2 * year, time.Hour, 0} {
		offset = step
		before := c.now()
		for range 10 { // parts of a millisecond add up
			mono += 300 * time.Microsecond
			c.now()
		}
		if passed := c.now() - before; passed != 3 {
			t.Errorf("wall clock off by %v: 3 ms passed, the node's time moved %d ms", step, passed)
		}
	}
	offset = -time.Hour
	if s := c.skew().Round(time.Second); s != 2*time.Hour {
		t.Errorf("skew %v, want two hours: an hour ahead before, an hour behind now", s)
	}
}

// A clock without a monotonic part may run backwards between two readings.
func TestClockOnAFallingWall(t *testing.T) {
	wall := time.UnixMilli(1_000_000)
	c := newClock(func() time.Time { return wall })
	if c.now() != 1_000_000 {
		t.Fatal(c.now())
	}
	wall = time.UnixMilli(400_000)
	if got := c.now(); got != 1_000_000 {
		t.Errorf("fell to %d", got)
	}
}
