package release

import "sync/atomic"

// tally counts how a scorer does. Its limits are those of the package comment.
type tally struct {
	counts atomic.Uint64 // failures in the high half, scores in the low
	report func(failed bool)
	good   uint64 // scores that end being provisional
}

const (
	span        = 10_000
	maxFailures = 3
	enough      = 100 // scores of which a share can be told
)

func (t *tally) add(good bool) {
	delta := uint64(1)
	if !good {
		delta += 1 << 32
	}
	n := t.counts.Add(delta)
	failures, scores := n>>32, n&(1<<32-1)
	switch {
	case failures >= maxFailures || failures*100 > scores && scores >= enough:
		t.report(true)
	case failures == 0 && scores%t.good == 0:
		t.report(false)
	case scores >= span:
		t.counts.Store(0)
	}
}
