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
func (e *Eraser) steps(ctx context.Context, tasks round) error {
	var seq uint64
	commit := func(messages func(*task) []*wire.Erasure) (err error) {
		seq, err = e.commit(ctx, tasks, messages)
		return err
	}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"intent", func() error { return nil }},
		{"barred", func() error { return commit(func(*task) []*wire.Erasure { return []*wire.Erasure{{}} }) }},
		{"keys", func() error { return e.opt.Vault.Rewrite(func(who wire.Pseudonym) bool { return !tasks.has(who[:]) }) }},
		{"found", func() error { return e.find(ctx, tasks) }},
		{"rows", func() error { return commit(func(t *task) []*wire.Erasure { return t.messages() }) }},
		{"tables", func() error { return e.opt.Store.Compact(ctx, seq, store.State, store.Profiles) }},
		{"replay", func() error { return tasks.each(func(t *task) error { return e.opt.Replay.Forget(t.who) }) }},
		{"log", func() error { return e.rewriteLog(ctx, tasks) }},
		{"queue", func() error { return e.rewriteQueue(ctx, tasks) }},
		{"aside", func() error { return e.emptyAside(tasks) }},
		{"done", func() error { return e.forget(tasks...) }},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		slog.Debug("erasure", "persons", len(tasks), "step", step.name)
	}
	for _, t := range tasks {
		t.outcome.ID, t.outcome.At = uuid.UUID(t.receipt).String(), time.UnixMilli(e.opt.Store.Now()).UTC()
		t.outcome.Sessions = len(t.subjects)
	}
	return nil
}

// commit takes rows away and waits until that is durable.
func (e *Eraser) commit(ctx context.Context, tasks round, messages func(*task) []*wire.Erasure) (seq uint64, err error) {
	for _, t := range tasks {
		for _, m := range messages(t) {
			m.Receipt, m.Pseudonym = t.receipt[:], t.who[:]
			if seq, err = e.opt.Consents.Erase(m); err != nil {
				return 0, err
			}
		}
	}
	return seq, e.opt.Store.Sync(ctx, seq)
}

// find reads the log and the queue twice, and writes down what is theirs.
func (e *Eraser) find(ctx context.Context, tasks round) error {
	all, err := tasks.find(func(look func(record []byte)) error {
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
	})
	if err != nil {
		return err
	}
	return e.change(func() {
		for i, t := range tasks {
			t.found = all[i]
		}
	})
}

func (e *Eraser) rewriteLog(ctx context.Context, tasks round) error {
	seen := make(map[*task]map[uint64]struct{}, len(tasks)) // the log may ask for a record again
	for _, t := range tasks {
		seen[t] = map[uint64]struct{}{}
	}
	err := e.opt.Log.Rewrite(ctx, e.opt.Log.Last(), func(seq uint64, record []byte) []byte {
		return tasks.tombstone(record, func(t *task) { seen[t][seq] = struct{}{} })
	})
	for t, records := range seen {
		t.outcome.Records += len(records)
	}
	return err
}

func (e *Eraser) rewriteQueue(ctx context.Context, tasks round) error {
	if e.opt.Outbox == nil {
		return nil
	}
	return e.opt.Outbox.Rewrite(ctx, func(record []byte) []byte {
		return tasks.tombstone(record, func(t *task) { t.outcome.Queued++ })
	})
}

// emptyAside removes what logs that were set aside held. The folders stay: they say
// how many there were.
func (e *Eraser) emptyAside(tasks round) error {
	paths, err := filepath.Glob(e.opt.LogDir + ".aside-*/*")
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := store.SyncFolder(filepath.Dir(path)); err != nil {
			return err
		}
		for _, t := range tasks {
			t.outcome.Aside++
		}
	}
	return nil
}
