package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/subject"
)

// Function is one of a site that takes its actions at the hub.
type Function struct {
	Site  string
	Name  string
	Key   string // public, nkeys user form
	Since time.Time
}

// Admit makes publicKey the one key of a function; was is the one before, empty
// without one. The same key may be named again.
func (f *Fleet) Admit(ctx context.Context, actor, site, name, publicKey string) (was string, err error) {
	if _, err := subject.NewFunction(site, name); err != nil {
		return "", err
	}
	if !nkeys.IsValidPublicUserKey(publicKey) {
		return "", ErrKey
	}
	f.changing.Lock()
	defer f.changing.Unlock()
	err = f.db.Update(ctx, func(tx *store.Tx) error {
		var elsewhere int
		err := tx.One(`SELECT (SELECT count(*) FROM fleet_key WHERE key = ?) + (SELECT count(*) FROM fleet_function WHERE key = ? AND NOT (site = ? AND name = ?))`,
			publicKey, publicKey, site, name).Scan(&elsewhere)
		if err != nil {
			return err
		}
		if elsewhere > 0 {
			return ErrKey
		}
		if was, err = keyOf(tx, site, name); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO fleet_function (key, site, name, since_ms) VALUES (?, ?, ?, ?)
			ON CONFLICT (site, name) DO UPDATE SET key = excluded.key, since_ms = excluded.since_ms`, publicKey, site, name, f.now().UnixMilli())
		if err != nil {
			return err
		}
		return tx.Audit(store.Entry{Actor: actor, Action: "admit function", Subject: site + "/" + name, Detail: "key " + publicKey})
	})
	if err != nil {
		return "", fmt.Errorf("admit %s at %s: %w", name, site, err)
	}
	return was, f.load(ctx)
}

// Dismiss makes the key of a function worthless; was is that key.
func (f *Fleet) Dismiss(ctx context.Context, actor, site, name string) (was string, err error) {
	f.changing.Lock()
	defer f.changing.Unlock()
	err = f.db.Update(ctx, func(tx *store.Tx) error {
		if was, err = keyOf(tx, site, name); err != nil {
			return err
		}
		if was == "" {
			return ErrNoFunction
		}
		if _, err := tx.Exec(`DELETE FROM fleet_function WHERE key = ?`, was); err != nil {
			return err
		}
		return tx.Audit(store.Entry{Actor: actor, Action: "dismiss function", Subject: site + "/" + name})
	})
	if err != nil {
		return "", fmt.Errorf("dismiss %s at %s: %w", name, site, err)
	}
	return was, f.load(ctx)
}

func keyOf(tx *store.Tx, site, name string) (key string, err error) {
	err = tx.One(`SELECT key FROM fleet_function WHERE site = ? AND name = ?`, site, name).Scan(&key)
	if errors.Is(err, store.ErrNone) {
		return "", nil
	}
	return key, err
}

// Functions lists them, by site and name.
func (f *Fleet) Functions() []Function {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return slices.SortedFunc(maps.Values(f.reads), func(a, b Function) int {
		return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Name, b.Name))
	})
}

// Function says whose key this is; ok is false for all others.
func (f *Fleet) Function(publicKey string) (of subject.Function, ok bool) {
	f.mu.RLock()
	r, ok := f.reads[publicKey]
	f.mu.RUnlock()
	if !ok {
		return of, false
	}
	of, err := subject.NewFunction(r.Site, r.Name)
	return of, err == nil
}

func loadFunctions(tx *store.Tx, reads map[string]Function) error {
	for row, err := range tx.Query(`SELECT key, site, name, since_ms FROM fleet_function`) {
		if err != nil {
			return err
		}
		var r Function
		var since int64
		if err := row.Scan(&r.Key, &r.Site, &r.Name, &since); err != nil {
			return err
		}
		r.Since = time.UnixMilli(since).UTC()
		reads[r.Key] = r
	}
	return nil
}
