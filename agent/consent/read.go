package consent

import (
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
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

// Declared is a field that may exist: what it is for, and for how long.
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
		if r.Who != (wire.Pseudonym{}) && slices.ContainsFunc(declared, func(d Declared) bool { return a.Grants.permits(slot, d) }) {
			version, sealed = l.rows.Get(v, r.Who)
		}
		return beside(v, &a.Grants)
	})
	if err != nil {
		a.Grants = Grants{otherwise: unparsable}
	}
	for _, d := range declared {
		a.account(r.Who, slot, d)
	}
	if err == nil && sealed != nil {
		a.Fields = l.fields(r.Who, version, sealed, &a.Grants, slot, declared)
	}
	return a, err
}

// permits tells whether the slot and the field are granted.
func (g *Grants) permits(slot wire.Purpose, d Declared) bool { return g.Has(slot) && g.Has(d.Purpose) }

// account enters a declared field as used or withheld.
func (a *Answer) account(who wire.Pseudonym, slot wire.Purpose, d Declared) {
	for _, p := range []wire.Purpose{slot, d.Purpose} {
		if why := a.Grants.Why(p); why != "" {
			a.Withheld = append(a.Withheld, &wire.Withheld{Field: d.Name, Purpose: string(p), Why: why})
			return
		}
	}
	for _, p := range []wire.Purpose{slot, d.Purpose} {
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
	permitted := func(name string) *Declared { // the last that names it
		for i := len(declared) - 1; i >= 0; i-- {
			if d := &declared[i]; d.Name == name && g.permits(slot, *d) {
				return d
			}
		}
		return nil
	}
	fields, err := profilebody.Decode(body, func(name string) bool { return permitted(name) != nil })
	if err != nil {
		return nil
	}
	now := l.store.Now()
	return slices.DeleteFunc(fields, func(f Field) bool {
		ttl := permitted(f.Name).TTL
		return ttl > 0 && now-f.SetAtMs >= ttl.Milliseconds()
	})
}
