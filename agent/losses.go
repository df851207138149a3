package agent

import (
	"encoding/binary"
	"maps"
	"path/filepath"
	"sync"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// losses counts, by class and reason, what the log says was lost or left out. In
// state.db, table "losses": "class:why" to 8 bytes, big-endian.
type losses struct {
	store *store.Store
	table *store.Table

	mu     sync.Mutex
	counts map[string]uint64
}

func newLosses(st *store.Store) *losses {
	l := &losses{store: st, table: st.Table(store.State, "losses", 0), counts: map[string]uint64{}}
	st.Register(store.State, l)
	return l
}

// Load and Apply make it a store.Deriver.
func (l *losses) Load(v *store.View) error {
	for key, row := range v.Scan(l.table, nil) {
		if len(row) == 8 {
			l.counts[string(key)] = binary.BigEndian.Uint64(row)
		}
	}
	return nil
}

func (l *losses) Apply(tx *store.Tx, _ uint64, rec *wire.Record) {
	d := rec.GetDrop()
	if d == nil {
		return
	}
	key := d.Class + ":" + d.Why
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts[key] += d.Count
	tx.Put(l.table, []byte(key), binary.BigEndian.AppendUint64(nil, l.counts[key]))
}

func (l *losses) all() map[string]uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.counts)
}

// logLost is how a log that was set aside is counted: how many records it held
// that the ledger has not, nobody knows.
const logLost = "log:set_aside"

// settle counts each log that was set aside, once.
func (l *losses) settle(dir string) error {
	aside, err := filepath.Glob(dir + ".aside-*")
	if err != nil {
		return err
	}
	known := l.all()[logLost]
	if n := uint64(len(aside)); n > known {
		_, err = l.store.Commit(&wire.Record{Body: &wire.Record_Drop{Drop: &wire.Drop{Class: "log", Why: "set_aside", Count: n - known}}}, nil)
	}
	return err
}
