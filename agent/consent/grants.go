package consent

import (
	"slices"
	"time"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Why a purpose is not granted, as wire.Withheld records it.
const (
	notGranted = "not_granted"
	stale      = "stale"
	objection  = "objection"
	signal     = "signal"
	invalid    = "invalid"
	unparsable = "unparsable"
)

// Terms are what the active release says of consent. The zero value grants
// nothing to anyone.
type Terms struct {
	Regime rulebook.Regime // what a missing answer means; "" is opt_in
	Lease  time.Duration   // how long a grant counts since it was confirmed

	Strings rulebook.Consent // how consent strings and signals of requests are read
}

// Signals are what came with one request. They narrow what is granted.
type Signals struct {
	TCF, GPP string // consent strings, "" when there is none
	GPPSid   []int  // sections of GPP that apply: with none, or 0 among them, all; -1 is none
	GPC      bool   // Global Privacy Control, of the body or of Sec-GPC
}

// Request says of whom, and under what terms, something is asked.
type Request struct {
	Who     wire.Pseudonym // zero: nobody, or nobody we may know
	Terms   Terms
	Signals Signals
}

// Grants are the purposes granted in one request at one time. The zero value
// grants nothing.
type Grants struct {
	Version   uint64 // of the person's row; 0 without one
	Confirmed int64  // node time its lease began, Unix milliseconds
	granted   purposes
	told      told
	objection bool
	otherwise string // why everything else is not granted
}

// Has tells whether a purpose is granted.
func (g *Grants) Has(p wire.Purpose) bool { return g.Why(p) == "" }

// Why says why a purpose is not granted; "" means it is.
func (g *Grants) Why(p wire.Purpose) string {
	i := slices.Index(plain[:], p)
	switch {
	case g.otherwise == unparsable || g.otherwise == invalid || g.otherwise == stale:
		return g.otherwise
	case g.objection && p == wire.PersonalisedOffers:
		return objection
	case i >= 0 && (g.told.denied|^g.told.granted)>>i&1 == 1, i < 0 && g.told.sensitive:
		return signal
	case g.granted.has(p):
		return ""
	}
	return notGranted
}

// assumed is what a missing answer grants where the regime is opt_out.
var assumed = setOf([]string{string(wire.DeviceStorage), string(wire.ProfileBuilding), string(wire.PersonalisedContent),
	string(wire.PersonalisedOffers), string(wire.Measurement)})

// decide is the whole of the decision: row is the person's, nil for none, broken
// says that there is one which can't be read, and slot is the purpose that the
// slot needs, "" for every kind of slot.
func decide(row *row, broken bool, r *Request, slot wire.Purpose, now int64) Grants {
	g := Grants{told: r.Signals.read(&r.Terms, slot, now), otherwise: notGranted}
	if row != nil && !row.erased {
		g.Version, g.Confirmed, g.objection = row.version, row.confirmed, row.objection
	}
	switch {
	case broken:
		g.otherwise = unparsable
	case g.told.why != "":
		g.otherwise = g.told.why
	case row != nil && row.erased:
	case row != nil && now-row.confirmed >= r.Terms.Lease.Milliseconds():
		g.otherwise = stale
	case row != nil:
		g.granted = row.granted
	case r.Terms.Regime == rulebook.OptOut:
		g.granted = assumed
	}
	return g
}

// Alone is what strings and signals grant in a slot now when nothing else is
// known of who sent them, least of all what they have said here: a TCF string
// says what its person consents to, and without one the regime says what is
// assumed. slot is the purpose that the slot needs. A node never uses it to
// decide, since there signals only narrow.
func Alone(s Signals, t Terms, slot wire.Purpose, now time.Time) Grants {
	g := decide(nil, false, &Request{Terms: t, Signals: s}, slot, now.UnixMilli())
	if g.told.grants && g.told.why == "" {
		g.granted = purposes{plain: g.told.granted}
	}
	return g
}

// All are the purposes granted, those that have a name of their own before the
// sensitive ones.
func (g *Grants) All() []wire.Purpose {
	return slices.DeleteFunc(g.granted.all(), func(p wire.Purpose) bool { return !g.Has(p) })
}
