package central

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-edge/aisle/central/release"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Run works until ctx ends; then it finishes what it is at, saves what was
// learned, and returns nil. Any other error ends it as a whole: restart it. It is
// called once.
func (c *Central) Run(ctx context.Context) error {
	c.log.Info("central runs", "config", c.cfg.String())
	g, ctx := errgroup.WithContext(ctx)
	for what, run := range map[string]func(context.Context) error{
		"serve":              c.serve,
		"hold the link":      c.link.Run,
		"take segments in":   c.ingest.Run,
		"keep the fleet":     c.fleet.Run,
		"hear statuses":      c.hear,
		"learn":              c.learning.Run,
		"bring releases out": c.bring,
		"refresh models":     c.refresh,
		"watch":              c.pulse.Run,
		"sweep releases":     c.sweep,
	} {
		g.Go(func() error {
			if err := run(ctx); err != nil {
				return fmt.Errorf("%s: %w", what, err)
			}
			return nil
		})
	}
	err := g.Wait()
	c.log.Info("central has stopped")
	return err
}

// serve answers requests; those in flight when ctx ends get some seconds more.
func (c *Central) serve(ctx context.Context) error {
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		stopped <- c.server.Shutdown(grace)
	})
	err := c.server.Serve(c.listener)
	if stop() {
		return err // it ended by itself
	}
	if err := <-stopped; err != nil {
		c.log.Warn("requests were cut off", "error", err)
	}
	return nil
}

// hear passes what agents say of themselves to the fleet.
func (c *Central) hear(ctx context.Context) error {
	return c.link.Statuses(ctx, func(node subject.Node, b []byte) {
		s := new(wire.Status)
		if err := wire.DecodeMessage(b, s); err != nil {
			c.log.Warn("a status can't be read", "agent", node.Agent(), "error", err)
			return
		}
		c.fleet.Report(node.Agent(), s)
	})
}

// bring keeps at the hub what is released.
func (c *Central) bring(ctx context.Context) error {
	if err := c.link.Wait(ctx); err != nil {
		return nil // told to stop before there was a connection
	}
	return c.repository.Run(ctx)
}

// refresh publishes what was learned, once an interval.
func (c *Central) refresh(ctx context.Context) error {
	return every(ctx, c.cfg.Training.Every, func() {
		_, err := c.releases.Refresh(ctx)
		c.pulse.refreshed(err)
		if err != nil && !errors.Is(err, release.ErrNothing) && ctx.Err() == nil {
			c.log.Error("models were not refreshed; trying again", "error", err)
		}
	})
}

// sweep removes releases that nobody needs any more.
func (c *Central) sweep(ctx context.Context) error {
	return every(ctx, 10*time.Minute, func() {
		var running []uint64
		for _, a := range c.fleet.Agents() {
			running = append(running, a.Status.GetRelease())
		}
		if err := c.releases.Sweep(ctx, running); err != nil && ctx.Err() == nil {
			c.log.Warn("sweep old releases; trying again", "error", err)
		}
	})
}

// every calls do once an interval until ctx ends, and returns nil.
func every(ctx context.Context, interval time.Duration, do func()) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			do()
		case <-ctx.Done():
			return nil
		}
	}
}
