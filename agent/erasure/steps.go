package erasure

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// steps are those of the package's document, in that order.
func (e *Eraser) steps(ctx context.Context, t *task) error {
	var seq uint64
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"intent", func() error { return nil }},
		{"barred", func() (err error) { seq, err = e.commit(ctx, t, &wire.Erasure{}); return err }},
		{"keys", func() error { return e.opt.Vault.Rewrite(func(who wire.Pseudonym) bool { return who != t.who }) }},
		{"found", func() error { return e.find(ctx, t) }},
		{"rows", func() (err error) { seq, err = e.commit(ctx, t, t.messages()...); return err }},
		{"tables", func() error { return e.opt.Store.Compact(ctx, seq, store.State, store.Profiles) }},
		{"replay", func() error { return e.opt.Replay.Forget(t.who) }},
		{"log", func() error { return e.rewriteLog(ctx, t) }},
		{"queue", func() error { return e.rewriteQueue(ctx, t) }},
		{"aside", func() (err error) { t.outcome.Aside, err = e.emptyAside(); return err }},
		{"done", func() error { return e.change(func() { e.tasks = without(e.tasks, t) }) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		slog.Debug("erasure", "receipt", uuid.UUID(t.receipt), "step", step.name)
	}
	t.outcome.ID, t.outcome.At = uuid.UUID(t.receipt).String(), time.UnixMilli(e.opt.Store.Now()).UTC()
	t.outcome.Sessions = len(t.subjects)
	return nil
}

// commit takes rows away and waits until that is durable.
func (e *Eraser) commit(ctx context.Context, t *task, messages ...*wire.Erasure) (seq uint64, err error) {
	for _, m := range messages {
		m.Receipt, m.Pseudonym = t.receipt[:], t.who[:]
		if seq, err = e.opt.Consents.Erase(m); err != nil {
			return 0, err
		}
	}
	return seq, e.opt.Store.Sync(ctx, seq)
}

// find reads the log and the queue twice: first for what names the person, then for
// who shares that, and what belongs to what nobody shares.
func (e *Eraser) find(ctx context.Context, t *task) error {
	scan := func(look func(record []byte)) error {
		err := journal.ErrNotHeld
		for errors.Is(err, journal.ErrNotHeld) { // the oldest file was dropped meanwhile
			err = e.opt.Log.Read(e.opt.Log.First(), e.opt.Log.Last(), func(_ uint64, record []byte) error {
				look(record)
				return ctx.Err()
			})
		}
		if err == nil && e.opt.Outbox != nil {
			err = e.opt.Outbox.Rewrite(ctx, func(record []byte) []byte { look(record); return nil })
		}
		return err
	}
	f := t.found.clone()
	if err := scan(f.name); err != nil {
		return err
	}
	s := sharing{found: &f, shared: set{}, anonymous: map[[16]byte][]ids{}}
	if err := scan(s.look); err != nil {
		return err
	}
	s.settle()
	return e.change(func() { t.found = f })
}

func (e *Eraser) rewriteLog(ctx context.Context, t *task) error {
	seen := map[uint64]struct{}{}
	defer func() { t.outcome.Records += len(seen) }()
	return e.opt.Log.Rewrite(ctx, e.opt.Log.Last(), func(seq uint64, record []byte) []byte {
		other := t.tombstone(record)
		if other != nil {
			seen[seq] = struct{}{}
		}
		return other
	})
}

func (e *Eraser) rewriteQueue(ctx context.Context, t *task) error {
	if e.opt.Outbox == nil {
		return nil
	}
	return e.opt.Outbox.Rewrite(ctx, func(record []byte) []byte {
		other := t.tombstone(record)
		if other != nil {
			t.outcome.Queued++
		}
		return other
	})
}

// emptyAside removes what logs that were set aside held. The folders stay: they say
// how many there were.
func (e *Eraser) emptyAside() (files int, err error) {
	paths, err := filepath.Glob(e.opt.LogDir + ".aside-*/*")
	if err != nil {
		return 0, err
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return files, err
		}
		files++
		if err := store.SyncFolder(filepath.Dir(path)); err != nil {
			return files, err
		}
	}
	return files, nil
}
