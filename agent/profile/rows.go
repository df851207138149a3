package profile

import (
	"encoding/binary"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Rows are the sealed profiles of a node.
type Rows struct {
	table *store.Table
}

// NewRows declares the table of profiles, which takes in every wire.Profile of
// the log whose version is above the one it has, and lets go of them by wire.Erasure.
func NewRows(st *store.Store) *Rows {
	r := &Rows{st.Table(store.Profiles, "profiles", 0)}
	st.Register(store.Profiles, (*deriver)(r))
	return r
}

// Get is a person's profile, still sealed, and its version: 0 when there is none.
func (r *Rows) Get(v *store.View, who wire.Pseudonym) (version uint64, sealed []byte) {
	row := v.Get(r.table, who[:])
	if len(row) < versionSize {
		return 0, nil
	}
	return binary.BigEndian.Uint64(row), row[versionSize:]
}

const versionSize = 8

type deriver Rows

func (d *deriver) Load(*store.View) error { return nil }

func (d *deriver) Apply(tx *store.Tx, _ uint64, rec *wire.Record) {
	if e := rec.GetErasure(); len(e.GetPseudonym()) > 0 {
		tx.Delete(d.table, e.Pseudonym)
	}
	p := rec.GetProfile()
	if p == nil || len(p.Pseudonym) != len(wire.Pseudonym{}) {
		return
	}
	if old, _ := (*Rows)(d).Get(&tx.View, wire.Pseudonym(p.Pseudonym)); p.Version > old {
		row := binary.BigEndian.AppendUint64(make([]byte, 0, versionSize+len(p.Body)), p.Version)
		tx.Put(d.table, p.Pseudonym, append(row, p.Body...))
	}
}
