package outbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/segment"
)

// rewriting is a call of Rewrite on its way to Run.
type rewriting struct {
	change func(record []byte) []byte
	done   chan error
}

// Rewrite puts other records in the place of some, in every segment that is kept:
// change gives what is to stand in a record's place, nil for what stands there.
// Those that change are sealed again as their next revision, and sent again unless
// the mark covers them. What was collected for the next segment is read from the
// log anew: rewrite that first. Run does it, between two sends. After an error, or
// a crash, each segment is as it was or resealed: the same call again does the rest.
func (o *Outbox) Rewrite(ctx context.Context, change func(record []byte) []byte) error {
	r := rewriting{change, make(chan error, 1)}
	select {
	case o.rewrites <- r:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *Outbox) rewrite(change func(record []byte) []byte) error {
	d := &o.draft
	*d = draft{next: d.first(), packs: d.packs}
	for _, e := range o.entries {
		if err := o.reseal(e, change); err != nil {
			return fmt.Errorf("reseal %s: %w", e.name(), err)
		}
	}
	return nil
}

// reseal writes the next revision beside the segment and then removes that; after
// a crash in between, Open does.
func (o *Outbox) reseal(e *entry, change func(record []byte) []byte) error {
	was := o.path(e)
	sealed, err := os.ReadFile(was)
	if err != nil {
		return err
	}
	h, resealed, err := segment.Reseal(sealed, func(_ uint64, record []byte) []byte { return change(record) }, o.cfg.Sign)
	if err != nil || resealed == nil {
		return err
	}
	next := *e
	next.revision, next.size = h.Revision, int64(len(resealed))
	if next.state != confirmed {
		next.state, next.at = waiting, time.Now()
	}
	if err := artifact.Replace(o.path(&next), resealed); err != nil {
		return err
	}
	*e = next
	if e.state == confirmed { // its time says since when
		err = os.Chtimes(o.path(e), e.at, e.at)
	}
	return errors.Join(err, os.Remove(was))
}

// newest removes the revisions that a later one was to replace. Entries are in
// order.
func (o *Outbox) newest() error {
	kept := o.entries[:0]
	for _, e := range o.entries {
		if n := len(kept); n > 0 && kept[n-1].epoch == e.epoch && kept[n-1].first == e.first && kept[n-1].last == e.last {
			old := kept[n-1]
			kept[n-1] = e
			if err := os.Remove(o.path(old)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			continue
		}
		kept = append(kept, e)
	}
	o.entries = kept
	return nil
}
