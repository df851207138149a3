package consent

import (
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/profilebody"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Field is one thing known about a person: a name, a value, when it was set.
type Field = profilebody.Field

// Value is a text, a number or a list of texts.
type Value = profilebody.Value

// The kinds of a Value.
const (
	Text   = profilebody.Text
	Number = profilebody.Number
	List   = profilebody.List
)

// Declared is a field that may exist: what it is for, and for how long. Of one
// that is declared twice a value is given while any permits it: who reads it by a
// declaration of its own asks for that one's purpose, and for Fresh.
type Declared struct {
	Name    string
	Purpose wire.Purpose
	TTL     time.Duration // since it was set; 0: no end
}

// Answer is what one request may know of a person.
type Answer struct {
	Grants   Grants
	Fields   []Field          // values of declared, permitted fields, by name
	Used     []wire.Purpose   // that permitted fields are declared for; none of nobody
	Withheld []*wire.Withheld // declared fields that are not permitted, whether or not there is a value
}

// Read gives of a person what is granted now. slot is the purpose that any use
// of a profile needs in this request, such as wire.PersonalisedOffers; fields
// need their own besides. After an error the answer holds no value, and
// withholds all.
func (l *Ledger) Read(r Request, slot wire.Purpose, declared []Declared) (Answer, error) {
	return l.ReadBeside(r, slot, declared, func(*store.View, *Grants) error { return nil })
}

// ReadBeside is Read for who reads something else in the same view, and may have
// to know what is granted for that. Its error is beside's, too.
func (l *Ledger) ReadBeside(r Request, slot wire.Purpose, declared []Declared, beside func(*store.View, *Grants) error) (Answer, error) {
	var a Answer
	var version uint64
	var sealed []byte
	err := l.store.View(func(v *store.View) error {
		a.Grants = l.grants(v, &r, slot)
		if r.Who != (wire.Pseudonym{}) && slices.ContainsFunc(declared, func(d Declared) bool { return a.Grants.permits(slot, &d) }) {
			version, sealed = l.rows.Get(v, r.Who)
		}
		return beside(v, &a.Grants)
	})
	if err != nil {
		a.Grants = Grants{otherwise: unparsable}
	}
	for i := range declared {
		a.account(r.Who, slot, &declared[i])
	}
	if err == nil && sealed != nil {
		a.Fields = l.fields(r.Who, version, sealed, &a.Grants, slot, declared)
	}
	return a, err
}

// needs are the purposes that must be granted for a field: the slot's, its own,
// and for a history that of building a profile, since it is kept by that alone.
func needs(slot wire.Purpose, d *Declared) [3]wire.Purpose {
	if d.Name == rulebook.Purchases {
		return [3]wire.Purpose{slot, d.Purpose, wire.ProfileBuilding}
	}
	return [3]wire.Purpose{slot, d.Purpose, slot}
}

// permits tells whether all that a field needs is granted.
func (g *Grants) permits(slot wire.Purpose, d *Declared) bool {
	for _, p := range needs(slot, d) {
		if !g.Has(p) {
			return false
		}
	}
	return true
}

// account enters a declared field as used or withheld.
func (a *Answer) account(who wire.Pseudonym, slot wire.Purpose, d *Declared) {
	all := needs(slot, d)
	for _, p := range all {
		if why := a.Grants.Why(p); why != "" {
			a.Withheld = append(a.Withheld, &wire.Withheld{Field: d.Name, Purpose: string(p), Why: why})
			return
		}
	}
	for _, p := range all {
		if who != (wire.Pseudonym{}) && !slices.Contains(a.Used, p) {
			a.Used = append(a.Used, p)
		}
	}
}

// fields decodes what is permitted. A body that can't be opened is no profile:
// its key was lost with a crash, or destroyed with intent.
func (l *Ledger) fields(who wire.Pseudonym, version uint64, sealed []byte, g *Grants, slot wire.Purpose, declared []Declared) []Field {
	body, err := l.unseal(nil, who, version, sealed)
	if err != nil {
		return nil
	}
	permitted := func(name string, ttl func(time.Duration) bool) bool {
		return slices.ContainsFunc(declared, func(d Declared) bool { return d.Name == name && g.permits(slot, &d) && ttl(d.TTL) })
	}
	fields, err := profilebody.Decode(body, func(name string) bool { return permitted(name, func(time.Duration) bool { return true }) })
	if err != nil {
		return nil
	}
	now := l.store.Now()
	return slices.DeleteFunc(fields, func(f Field) bool {
		return !permitted(f.Name, func(ttl time.Duration) bool { return Fresh(&f, now, ttl) })
	})
}

// Fresh tells whether a field counts still at node time now, for who reads it for
// so long since it was set; 0 is no end.
func Fresh(f *Field, now int64, ttl time.Duration) bool {
	return ttl == 0 || now-f.SetAtMs < ttl.Milliseconds()
}
