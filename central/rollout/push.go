package rollout

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"golang.org/x/sync/errgroup"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Run keeps what is out fresh and at the hub until ctx ends: it signs anew what
// is past half of its lifetime, and pushes at its start, after that, and again
// as long as a push fails. It returns nil then.
func (r *Repository) Run(ctx context.Context) error {
	const retry, slowest = time.Second, time.Minute
	wait := retry
	for {
		err := r.renew()
		if err == nil {
			err = r.Push(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		next := lifetime[metadata.TIMESTAMP] / 8
		if err != nil {
			r.cfg.Log.Warn("bring releases to the hub", "again", wait, "err", err)
			next, wait = wait, min(2*wait, slowest)
		} else {
			wait = retry
		}
		t := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-t.C:
		}
		t.Stop()
	}
}

// renew signs anew what is past half of its lifetime, as far as its key is here.
func (r *Repository) renew() error {
	return r.change(func(d *draft, now time.Time) (bool, error) {
		var due []string
		for role, expires := range d.expires() {
			if now.Before(expires.Add(-lifetime[role] / 2)) {
				continue
			}
			if _, err := d.keys.find(role, d.used(role)); err != nil {
				r.cfg.Log.Warn("can't be signed anew here", "role", role, "expires", expires, "err", err)
				continue
			}
			due = append(due, role)
		}
		if len(due) == 0 {
			return false, nil
		}
		return true, d.sign(now, due...)
	})
}

// Push gives the hub what it does not have from this process yet, in an order
// in which a node finds a whole set at any time. ErrNotPushed wraps what went
// wrong.
func (r *Repository) Push(ctx context.Context) error {
	r.pushing.Lock()
	defer r.pushing.Unlock()
	if err := r.push(ctx); err != nil {
		clear(r.pushed) // who knows what became of the hub
		return fmt.Errorf("%w: %w", ErrNotPushed, err)
	}
	return nil
}

// pushNow leaves to Run what can't be pushed now.
func (r *Repository) pushNow(ctx context.Context) error {
	err := r.Push(ctx)
	if err != nil {
		select {
		case r.wake <- struct{}{}:
		default:
		}
	}
	return err
}

func (r *Repository) push(ctx context.Context) error {
	d, err := read(r.state(), nil)
	if err != nil {
		return err
	}
	full, last := d.newest()
	for _, rel := range []*wire.Release{full, last} {
		for _, a := range rel.GetArtifacts() {
			if err := r.pushArtifact(ctx, artifact.Digest(a.Digest)); err != nil {
				return fmt.Errorf("push %s: %w", a.Name, err)
			}
		}
	}
	for _, name := range order(d.files) {
		if r.pushed[name] {
			continue
		}
		if err := r.cfg.Publisher.PutFile(ctx, name, d.files[name]); err != nil {
			return fmt.Errorf("push %s: %w", name, err)
		}
		r.pushed[name] = name != timestamp
	}
	return r.cfg.Publisher.Sweep(ctx, d.lists(), func(name string) bool { return d.files[name] != nil })
}

func (r *Repository) pushArtifact(ctx context.Context, d artifact.Digest) error {
	if r.pushed[string(d[:])] {
		return nil
	}
	b, err := r.store.Read(d)
	if err != nil {
		return err
	}
	// The next chunk is packed while others are on their way.
	g, each := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for i, chunk := range artifact.Chunks(b) {
		if each.Err() != nil {
			break
		}
		g.Go(func() error { return r.cfg.Publisher.PutChunk(each, d, i, chunk) })
	}
	if err := errors.Join(g.Wait(), ctx.Err()); err != nil {
		return err
	}
	r.pushed[string(d[:])] = true
	return nil
}

const timestamp = "timestamp.json"

// order sorts files so that each comes after all that it refers to, and roots
// right before the timestamp: between the two, a node that finds a new key and
// an old signature has to ask again.
func order(f trust.Files) []string {
	rank := func(name string) int {
		for i, suffix := range []string{".release", ".targets.json", ".refresh.json", ".snapshot.json", ".root.json"} {
			if strings.HasSuffix(name, suffix) {
				return i
			}
		}
		return len(f) // the timestamp
	}
	return slices.SortedFunc(maps.Keys(f), func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		if d := len(a) - len(b); d != 0 {
			return d // 9.root.json before 10.root.json
		}
		return strings.Compare(a, b)
	})
}
