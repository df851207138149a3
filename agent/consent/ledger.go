package consent

import (
	"context"
	"errors"
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
	// ErrConsent: no pseudonym, or a purpose that does not exist.
	ErrConsent = errors.New("consent: malformed consent")
)

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

// Grants are what is granted in a view, for those who check it together with
// something else.
func (l *Ledger) Grants(v *store.View, r Request) Grants {
	row, err := l.row(v, r.Who)
	return decide(row, err != nil, r, l.store.Now())
}

// Get is the consent that is known of a person, nil for none.
func (l *Ledger) Get(who wire.Pseudonym) (row *wire.Consent, err error) {
	err = l.store.View(func(v *store.View) (err error) {
		row, err = l.row(v, who)
		return err
	})
	return row, err
}

func (l *Ledger) row(v *store.View, who wire.Pseudonym) (*wire.Consent, error) {
	if who == (wire.Pseudonym{}) {
		return nil, nil
	}
	b := v.Get(l.table, who[:])
	if b == nil {
		return nil, nil
	}
	row := new(wire.Consent)
	return row, wire.DecodeMessage(b, row)
}

// Set makes c what the person grants from now on; it is durable and in force
// once Set returns nil. Version 0 becomes the next one. The same consent again
// is no error; else a version that is not above the known one is ErrVersion.
//
// With source local, which is what "" means, c was given here: its lease begins
// now, and it needs evidence when it grants more than the known one (ErrEvidence);
// without evidence it only takes back, and the lease goes on as it was. With
// source hub, ConfirmedMs says when the lease began.
func (l *Ledger) Set(ctx context.Context, c *wire.Consent) error {
	seq, err := l.commit(c)
	if err != nil {
		return err
	}
	return l.store.Sync(ctx, seq)
}

// commit is Set without waiting for the disk.
func (l *Ledger) commit(c *wire.Consent) (seq uint64, err error) {
	if c.Source == "" {
		c.Source = local
	}
	slices.Sort(c.Purposes)
	c.Purposes = slices.Compact(c.Purposes)
	if err := valid(c); err != nil {
		return 0, err
	}
	seq, err = l.store.Commit(&wire.Record{Body: &wire.Record_Consent{Consent: c}}, func(v *store.View) error {
		old, err := l.row(v, wire.Pseudonym(c.Pseudonym))
		if err != nil {
			old = nil // what can't be read grants nothing, so anything may follow it
		}
		return l.admit(c, old)
	})
	if errors.Is(err, errKnown) {
		return l.store.Stats().Applied, nil
	}
	return seq, err
}

const (
	local = "local"
	hub   = "hub"
)

func valid(c *wire.Consent) error {
	if len(c.Pseudonym) != len(wire.Pseudonym{}) || wire.Pseudonym(c.Pseudonym) == (wire.Pseudonym{}) || c.Source != local && c.Source != hub {
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

// admit checks c against what is known, and fills in its version and lease.
func (l *Ledger) admit(c, old *wire.Consent) error {
	now := l.store.Now()
	again := old != nil && same(c, old) && (c.Version == 0 || c.Version == old.Version)
	if c.Source == local && c.Evidence == nil && again {
		c.Version, c.ConfirmedMs = old.Version, old.ConfirmedMs
		return errKnown
	}
	if c.Version == 0 {
		c.Version = old.GetVersion() + 1
	}
	switch e := c.Evidence; {
	case c.Source == hub:
		c.ConfirmedMs = min(c.ConfirmedMs, now) // a clock ahead must not lengthen a lease
	case e == nil && !widens(c, old):
		c.ConfirmedMs = old.GetConfirmedMs()
	case e == nil || len(e.Text) != 32 || e.Place == "":
		return ErrEvidence
	default:
		c.ConfirmedMs = now
		if e.AtMs == 0 {
			e.AtMs = now
		}
	}
	return follows(c, old)
}

// follows tells whether c takes the place of old: a higher version does, and the
// same one confirmed anew.
func follows(c, old *wire.Consent) error {
	switch {
	case old == nil || c.Version > old.Version:
		return nil
	case c.Version < old.Version || !same(c, old):
		return ErrVersion
	case c.ConfirmedMs <= old.ConfirmedMs:
		return errKnown
	}
	return nil
}

func same(a, b *wire.Consent) bool {
	return slices.Equal(a.GetPurposes(), b.GetPurposes()) && a.GetMarketingObjection() == b.GetMarketingObjection()
}

// widens tells whether c grants anything that old did not.
func widens(c, old *wire.Consent) bool {
	if old.GetMarketingObjection() && !c.MarketingObjection {
		return true
	}
	return slices.ContainsFunc(c.Purposes, func(p string) bool { return !slices.Contains(old.GetPurposes(), p) })
}

// deriver is the Ledger as the store sees it.
type deriver Ledger

func (d *deriver) Load(*store.View) error { return nil }

// Apply keeps to follows, so that a record which came in twice, or late, changes
// nothing here either.
func (d *deriver) Apply(tx *store.Tx, _ uint64, rec *wire.Record) {
	c := rec.GetConsent()
	if c == nil || len(c.Pseudonym) != len(wire.Pseudonym{}) {
		return
	}
	old, err := (*Ledger)(d).row(&tx.View, wire.Pseudonym(c.Pseudonym))
	if err == nil && follows(c, old) != nil {
		return
	}
	if row, err := wire.AppendMessage(nil, c); err == nil {
		tx.Put(d.table, c.Pseudonym, row)
	}
}
