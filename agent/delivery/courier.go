package delivery

import (
	"context"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// atOnce is how many actions of a function are on the way at one time.
const atOnce = 4

// Options are what a courier stands on; the last two have defaults.
type Options struct {
	Store   *store.Store
	Actions *coordinate.Actions
	Site    string
	Doors   map[string]Door // by function

	MinPause time.Duration // before a second try, at most; default 1 s
	MaxPause time.Duration // before any try, at most, but for Retry-After; default 1 min
}

// Courier takes actions to their functions.
type Courier struct {
	opt Options

	sent, failed, again atomic.Uint64
}

// Stats count since the start.
type Stats struct {
	Sent   uint64 // functions have them
	Failed uint64 // functions refused them for good
	Again  uint64 // tries that came to nothing
}

// New makes a courier; nothing is sent before Run.
func New(o Options) *Courier {
	if o.MinPause <= 0 {
		o.MinPause = time.Second
	}
	if o.MaxPause <= 0 {
		o.MaxPause = time.Minute
	}
	return &Courier{opt: o}
}

// Stats may be called at any time.
func (c *Courier) Stats() Stats { return Stats{c.sent.Load(), c.failed.Load(), c.again.Load()} }

func (c *Courier) counts(s wire.ActionState) *atomic.Uint64 {
	if s == wire.ActionState_ACTION_FAILED {
		return &c.failed
	}
	return &c.sent
}

// Run delivers until ctx ends, and waits for what is on the way to give up. It
// returns nil.
func (c *Courier) Run(ctx context.Context) error {
	var g errgroup.Group
	for function, door := range c.opt.Doors {
		l := &lane{Courier: c, function: function, door: door, back: make(chan *try, atOnce)}
		g.Go(func() error {
			l.run(ctx)
			return nil
		})
	}
	return g.Wait()
}
