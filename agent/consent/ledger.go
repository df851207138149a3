package consent

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

var (
	// ErrVersion: a newer, or another, consent of this version is known. Read it
	// and answer with a higher version.
	ErrVersion = errors.New("consent: a newer version is known; read it and send a higher one")
	// ErrEvidence: a grant given here says what words were shown, where and when.
	ErrEvidence = errors.New("consent: a grant needs evidence: the digest of the words shown (32 bytes), the place and the time")
	// ErrConsent: no pseudonym, a purpose that does not exist, or a version above
	// 2^63-1.
	ErrConsent = errors.New("consent: malformed consent")
)

// maxVersion is the highest version that a consent may come with, so that there is
// always a higher one by which a person takes it back.
const maxVersion = math.MaxInt64

// Ledger is what the persons of a node grant. All methods may be called at the
// same time.
type Ledger struct {
	store  *store.Store
	table  *store.Table
	rows   *profile.Rows
	vault  *profile.Vault
	unseal func(dst []byte, who wire.Pseudonym, version uint64, sealed []byte) ([]byte, error)
}

// New declares the ledger's table; it is empty until the store has recovered.
func New(st *store.Store, vault *profile.Vault, rows *profile.Rows) *Ledger {
	l := &Ledger{st, st.Table(store.State, "consent", 0), rows, vault, vault.Open}
	st.Register(store.State, (*deriver)(l))
	return l
}

// Grants are what is granted in a view whatever the slot, for those who check it
// together with something else.
func (l *Ledger) Grants(v *store.View, r Request) Grants { return l.grants(v, &r, "") }

func (l *Ledger) grants(v *store.View, r *Request, slot wire.Purpose) Grants {
	row, err := l.row(v, r.Who)
	return decide(row, err != nil, r, slot, l.store.Now())
}

// Get is the consent that is known of a person, nil for none.
func (l *Ledger) Get(who wire.Pseudonym) (c *wire.Consent, err error) {
	err = l.store.View(func(v *store.View) error {
		row, err := l.row(v, who)
		if row != nil && !row.erased {
			c = row.consent(who)
		}
		return err
	})
	return c, err
}

// row is nil when there is none; of a person who was erased it is what bars an
// older copy of what they granted.
func (l *Ledger) row(v *store.View, who wire.Pseudonym) (*row, error) {
	if who == (wire.Pseudonym{}) {
		return nil, nil
	}
	b := v.Get(l.table, who[:])
	if b == nil {
		tombstone := who.Tombstone()
		b = v.Get(l.table, tombstone[:])
	}
	if b == nil {
		return nil, nil
	}
	return parseRow(b)
}

// Set makes c what the person grants from now on; it is durable and in force
// once Set returns nil. Version 0 becomes the next one. The same consent again
// is no error; else a version that is not above the known one is ErrVersion.
//
// With source local, which is what "" means, c was given here: its lease begins
// now, and it needs evidence when it grants more than the known one (ErrEvidence);
// without evidence it only takes back, and the lease goes on as it was. With source hub,
// ConfirmedMs says when the lease began; 0 is now.
func (l *Ledger) Set(ctx context.Context, c *wire.Consent) error {
	seq, err := l.commit(c)
	if err != nil {
		return err
	}
	if withdraws(c) {
		l.forget(wire.Pseudonym(c.Pseudonym))
	}
	return l.store.Sync(ctx, seq)
}

// withdraws tells whether a profile may not be built under a consent.
func withdraws(c *wire.Consent) bool {
	return !slices.Contains(c.Purposes, string(wire.ProfileBuilding))
}

// commit is Set without waiting for the disk.
func (l *Ledger) commit(c *wire.Consent) (seq uint64, err error) {
	if c.Source == "" {
		c.Source = local
	}
	if err := valid(c); err != nil {
		return 0, err
	}
	seq, err = l.store.Commit(&wire.Record{Body: &wire.Record_Consent{Consent: c}}, func(v *store.View) error {
		old, err := l.row(v, wire.Pseudonym(c.Pseudonym))
		if err != nil || old == nil {
			old = &row{} // what can't be read grants nothing, so anything may follow it
		}
		return admit(c, old, l.store.Now())
	})
	if errors.Is(err, errKnown) {
		return l.store.Stats().Applied, nil
	}
	return seq, err
}

// Erase takes a person out of the tables, with what else of theirs e names, and has
// them grant nothing until a consent of a higher version comes in. It fills in e's
// tombstone and version, and does not wait for the disk.
func (l *Ledger) Erase(e *wire.Erasure) (seq uint64, err error) {
	who := wire.Pseudonym(e.Pseudonym)
	tombstone := who.Tombstone()
	e.Tombstone = tombstone[:]
	return l.store.Commit(&wire.Record{Body: &wire.Record_Erasure{Erasure: e}}, func(v *store.View) error {
		if old, err := l.row(v, who); err == nil && old != nil {
			e.Version = old.version
		}
		return nil
	})
}

const (
	local = "local"
	hub   = "hub"
)

func valid(c *wire.Consent) error {
	if len(c.Pseudonym) != len(wire.Pseudonym{}) || wire.Pseudonym(c.Pseudonym) == (wire.Pseudonym{}) || c.Source != local && c.Source != hub || c.Version > maxVersion {
		return ErrConsent
	}
	for _, p := range c.Purposes {
		if !wire.Purpose(p).Valid() {
			return ErrConsent
		}
	}
	return nil
}

// errKnown: the very same consent is in the ledger.
var errKnown = errors.New("known")

// admit checks c against what is known, version 0 meaning nothing, and fills in
// its version and lease.
func admit(c *wire.Consent, old *row, now int64) error {
	next := rowOf(c)
	again := old.version > 0 && next.same(old) && (c.Version == 0 || c.Version == old.version)
	if c.Source == local && c.Evidence == nil && again {
		c.Version, c.ConfirmedMs = old.version, old.confirmed
		return errKnown
	}
	if c.Version == 0 {
		c.Version = old.version + 1
	}
	switch e := c.Evidence; {
	case c.Source == hub && (c.ConfirmedMs == 0 || c.ConfirmedMs > now): // a clock ahead must not lengthen a lease
		c.ConfirmedMs = now
	case c.Source == hub:
	case e == nil && next.granted.within(old.granted) && (c.MarketingObjection || !old.objection):
		c.ConfirmedMs = old.confirmed
	case e == nil || len(e.Text) != 32 || e.Place == "" || len(e.Place) > maxText:
		return ErrEvidence
	default:
		c.ConfirmedMs = now
		if e.AtMs == 0 {
			e.AtMs = now
		}
	}
	return rowOf(c).follows(old)
}

// follows tells whether r takes the place of old: a higher version does, and the
// same one confirmed anew.
func (r *row) follows(old *row) error {
	switch {
	case r.version > old.version:
		return nil
	case r.version < old.version || old.erased || !r.same(old):
		return ErrVersion
	case r.confirmed <= old.confirmed:
		return errKnown
	}
	return nil
}

// same tells whether both grant the same.
func (r *row) same(o *row) bool {
	return r.objection == o.objection && r.granted.within(o.granted) && o.granted.within(r.granted)
}

// deriver is the Ledger as the store sees it.
type deriver Ledger

func (d *deriver) Load(*store.View) error { return nil }

// Apply keeps to follows, so that a record which came in twice, or late, changes
// nothing here either.
func (d *deriver) Apply(tx *store.Tx, _ uint64, rec *wire.Record) {
	if e := rec.GetErasure(); e != nil {
		d.erase(tx, e)
		return
	}
	c := rec.GetConsent()
	if c == nil || len(c.Pseudonym) != len(wire.Pseudonym{}) {
		return
	}
	next := rowOf(c)
	old, err := (*Ledger)(d).row(&tx.View, wire.Pseudonym(c.Pseudonym))
	if err == nil && old != nil && next.follows(old) != nil {
		return
	}
	tx.Put(d.table, c.Pseudonym, next.append(nil))
	if old != nil && old.erased {
		tombstone := wire.Pseudonym(c.Pseudonym).Tombstone()
		tx.Delete(d.table, tombstone[:])
	}
}

// erase leaves a row that grants nothing under the tombstone. Of an erasure that is
// done the record does not say whose row it was: there is none any more.
func (d *deriver) erase(tx *store.Tx, e *wire.Erasure) {
	if len(e.Tombstone) != len(wire.Pseudonym{}) {
		return
	}
	if len(e.Pseudonym) > 0 {
		tx.Delete(d.table, e.Pseudonym)
	}
	tx.Put(d.table, e.Tombstone, (&row{version: e.Version, erased: true}).append(nil))
}
