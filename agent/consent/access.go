package consent

import (
	"errors"

	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/profilebody"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Held is all that is kept of a person, whatever it was granted for: what they
// grant, nil for nothing, and every field. It is for that person themselves, who
// may see what is kept of them whether or not anybody else may; every other use
// goes through Read.
func (l *Ledger) Held(who wire.Pseudonym) (c *wire.Consent, fields []Field, err error) {
	var version uint64
	var sealed []byte
	err = l.store.View(func(v *store.View) error {
		row, err := l.row(v, who)
		if row != nil && !row.erased {
			c = row.consent(who)
		}
		version, sealed = l.rows.Get(v, who)
		return err
	})
	if err != nil || sealed == nil {
		return c, nil, err
	}
	body, err := l.unseal(nil, who, version, sealed)
	if errors.Is(err, profile.ErrNoKey) || errors.Is(err, profile.ErrSealed) {
		return c, nil, nil // nobody can read it any more, so it is not kept
	} else if err != nil {
		return c, nil, err
	}
	fields, err = profilebody.Decode(body, func(string) bool { return true })
	return c, fields, err
}
