package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/outbox"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	drain  = 10 * time.Second // for requests in flight
	sweep  = 10 * time.Second // between two looks at what may go
	expire = time.Hour        // between two looks at what was kept for replays
	settle = time.Second      // between two looks at holds that are due
	keep   = time.Minute      // between two times that windows of groups are kept
)

// Run serves until ctx ends. Then it takes no more requests, lets those in flight
// end, and lets the loops write what they hold. ErrAgain.
func (a *Agent) Run(ctx context.Context) error {
	loops, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	g, loops := errgroup.WithContext(loops)
	a.start(g, loops)
	g.Go(func() error {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve: %w", err)
		}
		return nil
	})
	g.Go(func() error {
		select {
		case <-ctx.Done():
		case <-loops.Done(): // one of them failed
		}
		defer stop()
		slog.Info("taking no more requests")
		within, cancel := context.WithTimeout(context.Background(), drain)
		defer cancel()
		if err := a.server.Shutdown(within); err != nil {
			slog.Warn("requests in flight were cut off", "err", err)
			return a.server.Close()
		}
		return nil
	})
	err := g.Wait()
	if errors.Is(err, store.ErrCorrupt) || errors.Is(err, outbox.ErrBeyond) {
		if setsAside(err) {
			a.aside = err
		}
		return fmt.Errorf("%w (%w)", ErrAgain, err)
	}
	return err
}

// start runs everything that goes on beside the requests.
func (a *Agent) start(g *errgroup.Group, ctx context.Context) {
	g.Go(func() error { return a.log.Run(ctx) })
	g.Go(func() error { return a.store.Run(ctx) })
	g.Go(func() error { return a.erasures.Run(ctx) })
	g.Go(func() error { return every(ctx, settle, a.holds.Settle) })
	g.Go(func() error { return every(ctx, settle, a.actions.Settle) })
	g.Go(func() error { return a.keepGroups(ctx) })
	g.Go(func() error { return a.courier.Run(ctx) })
	g.Go(func() error { return every(ctx, a.cfg.Hub.Tick, a.ticker()) })
	g.Go(func() error { return every(ctx, sweep, a.trim) })
	g.Go(func() error { return every(ctx, expire, func() error { return a.replay.Expire(a.store.Now()) }) })
	if a.link == nil {
		g.Go(func() error { return a.releases.Run(ctx, nil) })
		return
	}
	g.Go(func() error { return a.releases.Run(ctx, a.link) })
	g.Go(func() error { return a.link.Run(ctx) })
	g.Go(func() error { return a.outbox.Run(ctx) })
	g.Go(func() error { return a.follow(ctx) })
	g.Go(func() error { return every(ctx, a.cfg.Hub.Status, a.report) })
}

// every does something again and again until ctx ends. What fails is said, and
// tried again the next time.
func every(ctx context.Context, d time.Duration, do func() error) error {
	t := time.NewTicker(d)
	defer t.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		err := do()
		if text := fmt.Sprint(err); err != nil && text != last {
			slog.Warn("something beside the requests failed; it is tried again", "err", err)
			last = text
		} else if err == nil {
			last = ""
		}
	}
}

// keepGroups keeps what groups got so far, and once more at the end.
func (a *Agent) keepGroups(ctx context.Context) error {
	err := every(ctx, keep, a.fairness.Keep)
	if last := a.fairness.Keep(); last != nil {
		slog.Warn("what groups got since it was kept last is lost", "err", last)
	}
	return err
}

// follow takes marks and hints of the hub. A mark beyond the log ends it.
func (a *Agent) follow(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	mark := func(m *wire.Mark) {
		if err := a.outbox.Confirm(m); err != nil {
			stop(err)
		}
	}
	if err := a.link.Follow(ctx, mark, a.releases.Wake); err != nil {
		return err
	}
	if err := context.Cause(ctx); errors.Is(err, outbox.ErrBeyond) {
		return err
	}
	return nil
}

// ticker tells how far this node's time is when nothing else does, so that the
// centre need not wait for it.
func (a *Agent) ticker() func() error {
	last := uint64(0)
	return func() error {
		if now := a.store.Stats().Applied; now != last {
			last = now
			return nil
		}
		seq, err := a.store.Commit(&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, nil)
		if err == nil {
			last = seq
		}
		return err
	}
}

// report tells the centre how the node stands; once, to whoever listens.
func (a *Agent) report() error {
	if !a.link.State().Connected {
		return nil
	}
	b, err := wire.AppendMessage(nil, a.wireStatus())
	if err != nil {
		return err
	}
	return a.link.Status(b)
}

// trim removes files of the log that nobody needs any more: every table has a
// verified copy past them and the ledger has them. While half of the limit is free
// they stay for Log.Keep, so that a late outcome still finds its decision.
func (a *Agent) trim() error {
	safe := a.store.Checkpointed()
	if a.outbox != nil {
		safe = min(safe, a.outbox.Confirmed())
	}
	for {
		first := a.log.First()
		end, err := a.log.FileEnd(first)
		if err != nil || end > safe || !a.old(end) {
			return nil // ErrNotHeld: the log is empty
		}
		if err := a.log.Drop(end); err != nil {
			return fmt.Errorf("remove what the log need not hold: %w", err)
		}
		if a.log.First() == first {
			return nil // the newest file stays
		}
	}
}

// old tells whether a file of the log that ends there may go already.
func (a *Agent) old(end uint64) bool {
	if a.log.Stats().Bytes > int64(a.cfg.Log.Limit)/2 {
		return true
	}
	rec, err := a.store.Record(end)
	return err == nil && a.store.Now()-rec.AtMs > a.cfg.Log.Keep.Milliseconds()
}
