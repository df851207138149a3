package consent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/profilebody"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Denied says that something is not done for want of a grant.
type Denied struct {
	Purpose wire.Purpose
	Why     string // as in wire.Withheld
}

func (d *Denied) Error() string {
	return fmt.Sprintf("consent: %s is needed and not granted (%s)", d.Purpose, d.Why)
}

// undeclared is why a field that no schema declares is not written.
const undeclared = "undeclared"

// Write makes fields the person's profile, in place of what it was but for a
// history that they name none in place of, and is durable once it returns nil. It
// needs wire.ProfileBuilding, or gives *Denied.
// Fields that are not declared, or whose purpose is not granted, are left out
// and listed. A field without a time is set now.
func (l *Ledger) Write(ctx context.Context, r Request, fields []Field, declared []Declared) ([]*wire.Withheld, error) {
	seq, withheld, err := l.write(r, fields, declared)
	if err == nil {
		err = l.vault.Sync() // first the key, then what it opens
	}
	if err == nil {
		err = l.store.Sync(ctx, seq)
	}
	return withheld, err
}

// write is Write without waiting for the disk.
func (l *Ledger) write(r Request, fields []Field, declared []Declared) (seq uint64, withheld []*wire.Withheld, err error) {
	seq, err = l.rewrite(r.Who, func(v *store.View, was []Field) ([]Field, error) {
		g := l.Grants(v, r)
		if why := g.Why(wire.ProfileBuilding); why != "" || r.Who == (wire.Pseudonym{}) {
			return nil, &Denied{wire.ProfileBuilding, cmp.Or(why, notGranted)}
		}
		var permitted []Field
		permitted, withheld = sift(fields, declared, &g, l.store.Now())
		i := slices.IndexFunc(was, isHistory)
		if _, may := keeps(&g, declared); i >= 0 && may && !slices.ContainsFunc(fields, isHistory) {
			permitted = append(permitted, was[i])
		}
		return permitted, nil
	})
	return seq, withheld, err
}

// sift parts what may be written from what may not.
func sift(fields []Field, declared []Declared, g *Grants, now int64) (permitted []Field, withheld []*wire.Withheld) {
	for _, f := range fields {
		i := slices.IndexFunc(declared, func(d Declared) bool { return d.Name == f.Name })
		granted := slices.ContainsFunc(declared, func(d Declared) bool { return d.Name == f.Name && g.Has(d.Purpose) })
		switch {
		case i < 0 || isHistory(f) != (f.Name == rulebook.Purchases):
			withheld = append(withheld, &wire.Withheld{Field: f.Name, Why: undeclared})
		case !granted:
			p := declared[i].Purpose
			withheld = append(withheld, &wire.Withheld{Field: f.Name, Purpose: string(p), Why: g.Why(p)})
		default:
			if f.SetAtMs == 0 {
				f.SetAtMs = now
			}
			permitted = append(permitted, f)
		}
	}
	return permitted, withheld
}

// Person is one imported row: what the person grants, nil to leave that as it
// is, and what is known of them.
type Person struct {
	Who     wire.Pseudonym
	Consent *wire.Consent
	Fields  []Field
}

// Import takes in persons, each consent before its fields, and waits for the
// disk once. A consent without a source has hub: who imports it vouches for it
// as the hub does. A row that may not be written is refused; its consent stays.
func (l *Ledger) Import(ctx context.Context, terms Terms, declared []Declared, rows iter.Seq2[Person, error]) (store.Report, error) {
	report, err := store.Bulk(ctx, l.store, rows, func(p Person) (seq uint64, err error) {
		if p.Consent != nil {
			p.Consent.Pseudonym, p.Consent.Source = p.Who[:], cmp.Or(p.Consent.Source, hub)
			if seq, err = l.commit(p.Consent); err != nil {
				return 0, refused("consent_version", err)
			}
			if withdraws(p.Consent) {
				l.forget(p.Who)
			}
		}
		if len(p.Fields) > 0 {
			if seq, _, err = l.write(Request{Who: p.Who, Terms: terms}, p.Fields, declared); err != nil {
				return 0, refused("purposes", err)
			}
		}
		return seq, nil
	})
	return report, errors.Join(err, l.vault.Sync())
}

// refused makes a row's own fault a reported one.
func refused(column string, err error) error {
	var denied *Denied
	for _, own := range []error{ErrVersion, ErrEvidence, ErrConsent, profilebody.ErrMalformed} {
		if errors.Is(err, own) {
			return &item.RowError{Column: column, Problem: err.Error()}
		}
	}
	if errors.As(err, &denied) {
		return &item.RowError{Column: column, Problem: err.Error()}
	}
	return err
}
