package release

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Source is the hub as a release comes from it. What it gives is not believed.
type Source interface {
	trust.Source
	artifact.Source
}

// Run follows the hub, activates what it releases, and goes back from what does
// harm, until ctx ends; then it returns nil. Without a source it only watches the
// modules. What goes wrong is said in Status and tried again.
func (k *Keeper) Run(ctx context.Context, from Source) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		k.judge(ctx)
		return nil
	})
	if from != nil && k.opt.Trust != nil {
		g.Go(func() error {
			k.follow(ctx, from)
			return nil
		})
	}
	return g.Wait()
}

// absence is how long the hub may be away before that is worth a warning: at a
// start it was not even tried.
const absence = 5 * time.Minute

func (k *Keeper) follow(ctx context.Context, from Source) {
	began := k.opt.Now()
	poll := time.NewTicker(k.opt.Poll)
	defer poll.Stop()
	for {
		if err := k.Update(ctx, from); err != nil && ctx.Err() == nil {
			level := slog.LevelWarn
			if away := k.opt.Now() - max(began, k.contact.Load()); errors.Is(err, link.ErrOffline) && away < absence.Milliseconds() {
				level = slog.LevelInfo
			}
			k.opt.Log.Log(ctx, level, "no new release", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-k.wake:
		case <-poll.C:
		}
	}
}

// Update asks the hub once, and activates what is new.
func (k *Keeper) Update(ctx context.Context, from Source) error {
	c, err := k.opt.Trust.Refresh(ctx, from)
	if err != nil {
		k.refuse(0, err, refusable(err))
		return err
	}
	if err := k.touch(); err != nil {
		return err
	}
	if !k.wants(c.Release) {
		return nil
	}
	for _, a := range c.Release.Artifacts {
		if err := k.artifacts.Fetch(ctx, artifact.Digest(a.Digest), a.Size, from); err != nil {
			err = fmt.Errorf("fetch %s of release %d: %w", a.Name, c.Release.Counter, err)
			k.refuse(0, err, errors.Is(err, artifact.ErrCorrupt))
			return err
		}
	}
	if err := k.activate(c); err != nil {
		k.refuse(unfit(c.Release.Counter, err), err, true)
		return err
	}
	k.refuse(0, nil, true)
	return nil
}

// unfit is the counter of a release that can't ever run here, so that it is not
// tried again; 0 when what failed may pass.
func unfit(counter uint64, err error) uint64 {
	if !errors.Is(err, ErrRelease) || errors.Is(err, artifact.ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
		return 0
	}
	return counter
}

// refusable tells a release that was refused from a hub that was not reached.
func refusable(err error) bool {
	return slices.ContainsFunc([]error{trust.ErrSignature, trust.ErrRollback, trust.ErrExpired, trust.ErrMixed, trust.ErrMalformed, trust.ErrNotApproved},
		func(is error) bool { return errors.Is(err, is) })
}

// refuse notes why the newest release does not run.
func (k *Keeper) refuse(counter uint64, err error, note bool) {
	if !note {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused = refusal{}
	if err != nil {
		k.refused = refusal{counter, err}
	}
}

// touch notes that the hub was reached; on disk once an hour.
func (k *Keeper) touch() error {
	now := k.opt.Now()
	k.contact.Store(now)
	k.mu.Lock()
	defer k.mu.Unlock()
	if now-k.state.ContactMs < time.Hour.Milliseconds() {
		return nil
	}
	k.state.ContactMs = now
	if err := k.state.write(k.opt.Dir); err != nil {
		return fmt.Errorf("note that the hub was reached: %w", err)
	}
	return nil
}

// wants tells whether a release is one to be activated: newer than what runs, or
// the same where that runs bare, without a model in quarantine, and not found
// unfit since the start.
func (k *Keeper) wants(r *wire.Release) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if a := k.active.Load(); a != nil && !a.bare && r.Counter <= a.Counter || r.Counter == k.refused.counter {
		return false
	}
	if name := k.bannedIn(r); name != "" {
		k.refused = refusal{r.Counter, fmt.Errorf("release %d: %s: %w", r.Counter, name, ErrQuarantine)}
		return false
	}
	return true
}

// activate loads and tries a release whose artifacts are here, writes it into the
// other bank, and swaps. A crash before the state is written leaves the old
// release, after it the new one.
func (k *Keeper) activate(c *trust.Candidate) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	a, err := k.load(c.Release, whole)
	if err != nil {
		return fmt.Errorf("try release %d: %w", c.Release.Counter, err)
	}
	bank := other(k.state.Bank)
	if err := artifact.Replace(bankFile(k.opt.Dir, bank), c.Manifest); err != nil {
		return errors.Join(fmt.Errorf("write bank %s: %w", bank, err), a.close())
	}
	next := k.state
	sum := digestOf(c.Manifest)
	next.Bank, next.Manifest, next.Provisional, next.Starts = bank, hex.EncodeToString(sum[:]), len(a.scorers) > 0, 0
	next.ContactMs = k.contact.Load()
	if err := next.write(k.opt.Dir); err != nil {
		return errors.Join(fmt.Errorf("turn to bank %s: %w", bank, err), a.close())
	}
	k.state = next
	if err := k.swap(a); err != nil {
		return err
	}
	return k.clean(c.Release)
}

// clean removes artifacts that neither bank names.
func (k *Keeper) clean(current *wire.Release) error {
	keep := map[artifact.Digest]bool{}
	for _, a := range current.Artifacts {
		keep[artifact.Digest(a.Digest)] = true
	}
	if before, err := k.manifest(other(k.state.Bank)); err == nil {
		for _, a := range before.Artifacts {
			keep[artifact.Digest(a.Digest)] = true
		}
	}
	return k.artifacts.GC(func(d artifact.Digest) bool { return keep[d] })
}

// judge deals with what the scorers report.
func (k *Keeper) judge(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-k.verdict:
			if err := k.sentence(v); err != nil {
				k.opt.Log.Error("a module's report could not be acted on", "err", err)
			}
		}
	}
}

func (k *Keeper) sentence(v verdict) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	a := k.active.Load()
	if a == nil || a.scorers[v.of.Name] != v.of {
		return nil // of a release that does not run any more
	}
	if !v.failed {
		if !k.state.Provisional {
			return nil
		}
		k.state.Provisional, k.state.Starts = false, 0
		return k.state.write(k.opt.Dir)
	}
	k.opt.Log.Error("a module failed too often; going back", "model", v.of.Name, "counter", a.Counter)
	why := "its module failed too often"
	k.refused = refusal{a.Counter, fmt.Errorf("release %d: %s: %w", a.Counter, v.of.artifact, ErrQuarantine)}
	k.state.ban(banned{Counter: a.Counter, Model: hex.EncodeToString(v.of.Model[:]), Name: v.of.artifact, Why: why})
	if k.opt.Trust == nil {
		return k.reload()
	}
	return k.back()
}
