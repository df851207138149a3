package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/store"
)

// Conditions on release_made. A proposal is open until something else that
// people made is published under a higher counter.
const (
	isPublished = `published = 1`
	isOpen      = `published = 0 AND kind = 'full' AND counter > (SELECT coalesce(max(counter), 0) FROM release_made WHERE published = 1 AND kind <> 'refresh')`
)

// List returns what was published and what is proposed, newest first, at most
// limit.
func (m *Maker) List(ctx context.Context, limit int) ([]Made, error) {
	return m.list(ctx, isPublished+` OR `+isOpen, limit)
}

// Newest gives the newest that was published, and the newest that is no refresh;
// ErrNothing before the first.
func (m *Maker) Newest(ctx context.Context) (last, full Made, err error) {
	list, err := m.list(ctx, isPublished, 1)
	if err != nil {
		return last, full, err
	}
	fulls, err := m.list(ctx, isPublished+` AND kind <> 'refresh'`, 1)
	if err == nil && (len(list) == 0 || len(fulls) == 0) {
		err = fmt.Errorf("%w: no folder is released yet", ErrNothing)
	}
	if err != nil {
		return last, full, err
	}
	return list[0], fulls[0], nil
}

// proposal is the one of a counter, the last one for 0, or ErrNothing.
func (m *Maker) proposal(ctx context.Context, counter uint64) (Made, error) {
	open, err := m.list(ctx, isOpen, 1000)
	for _, p := range open {
		if counter == 0 || counter == p.Counter {
			return p, nil
		}
	}
	switch {
	case err != nil:
		return Made{}, err
	case counter != 0:
		return Made{}, fmt.Errorf("publish release %d: %w: it is no open proposal; see `aisle-central release list`", counter, ErrNothing)
	}
	return Made{}, fmt.Errorf("publish: %w; propose a folder first", ErrNothing)
}

func (m *Maker) list(ctx context.Context, where string, limit int) (list []Made, err error) {
	var rows []Made
	err = m.cfg.Store.View(ctx, func(tx *store.Tx) error {
		for row, err := range tx.Query(`SELECT counter, kind, published FROM release_made WHERE `+where+` ORDER BY counter DESC LIMIT ?`, limit) {
			if err != nil {
				return err
			}
			var one Made
			if err := row.Scan(&one.Counter, &one.Kind, &one.Published); err != nil {
				return err
			}
			rows = append(rows, one)
		}
		return nil
	})
	for _, one := range rows {
		one.Entry, err = m.cfg.Registry.Get(ctx, one.Counter)
		if errors.Is(err, registry.ErrNone) {
			err = nil // a crash came before it was kept
			continue
		}
		if err != nil {
			break
		}
		list = append(list, one)
	}
	return list, err
}

// get is one release: registry.ErrNone if there is none.
func (m *Maker) get(ctx context.Context, counter uint64) (Made, error) {
	list, err := m.list(ctx, fmt.Sprintf(`counter = %d`, counter), 1)
	if err == nil && len(list) == 0 {
		err = registry.ErrNone
	}
	if err != nil {
		return Made{}, fmt.Errorf("release %d: %w", counter, err)
	}
	return list[0], nil
}

// made writes that a release of a kind is about to be kept. It replaces the row
// of one that a crash kept from being kept.
func (m *Maker) made(ctx context.Context, r *registry.Release, kind, actor string) error {
	return m.cfg.Store.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO release_made (counter, kind, actor, published) VALUES (?, ?, ?, 0)
			ON CONFLICT (counter) DO UPDATE SET kind = excluded.kind, actor = excluded.actor`, r.Counter, kind, actor)
		if err != nil || kind != kindFull {
			return err
		}
		return tx.Audit(store.Entry{Actor: actor, Action: "propose release", Subject: fmt.Sprint(r.Counter), Detail: r.Note})
	})
}

// published writes that a release is signed. The second time changes nothing.
func (m *Maker) published(ctx context.Context, counter uint64) error {
	return m.cfg.Store.Update(ctx, func(tx *store.Tx) error {
		n, err := tx.Exec(`UPDATE release_made SET published = 1 WHERE counter = ? AND published = 0`, counter)
		if err != nil || n == 0 {
			return err
		}
		var e store.Entry
		if err := tx.One(`SELECT actor, kind FROM release_made WHERE counter = ?`, counter).Scan(&e.Actor, &e.Detail); err != nil {
			return err
		}
		e.Action, e.Subject = "publish release", fmt.Sprint(counter)
		return tx.Audit(e)
	})
}

// Sweep removes the artifacts of releases that nobody needs: all but the last
// Keep of those published, the open proposals, the full release in force, and
// what is running somewhere.
func (m *Maker) Sweep(ctx context.Context, running []uint64) error {
	m.making.Lock()
	defer m.making.Unlock()
	keep := running
	full, _, err := m.cfg.Repository.Newest()
	if err != nil {
		return err
	}
	keep = append(keep, full.GetCounter())
	for where, limit := range map[string]int{isPublished: m.cfg.Keep, isOpen: 1000} {
		list, err := m.list(ctx, where, limit)
		if err != nil {
			return err
		}
		for _, one := range list {
			keep = append(keep, one.Counter)
		}
	}
	return m.cfg.Registry.Sweep(ctx, keep)
}
