package main

import "testing"

// Who has room up to the limit is collected less often, and never lets the heap grow
// over it for that; who has none, as before.
func TestPercentStaysBelowTheLimit(t *testing.T) {
	last := mostPercent
	for live := int64(1 << 20); live < 100<<20; live += 1 << 20 {
		const limit = 36 << 20
		p := percent(limit, live)
		if p < leastPercent || p > last {
			t.Fatalf("%d %% of %d MiB, %d of less", p, live>>20, last)
		}
		if heap := live * int64(100+p) / 100; p > leastPercent && heap+beside > limit {
			t.Errorf("%d MiB grow to %d", live>>20, heap>>20)
		}
		last = p
	}
	if small, large, unknown := percent(36<<20, 4<<20), percent(36<<20, 30<<20), percent(36<<20, 0); small != mostPercent || large != leastPercent || unknown != leastPercent {
		t.Errorf("%d %% of 4 MiB, %d %% of 30, %d %% of what is not known", small, large, unknown)
	}
}
