package consent

import (
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
	unparsable = "unparsable"
)

// Terms are what the active release says of consent. The zero value grants
// nothing to anyone.
type Terms struct {
	Regime rulebook.Regime // what a missing answer means; "" is opt_in
	Lease  time.Duration   // how long a grant counts since it was confirmed
}

// Signals are what came with one request. They narrow what is granted.
type Signals struct {
	TCF, GPP string // consent strings, "" when there is none
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
	denied    []denial
	otherwise string // why everything else is not granted
}

type denial struct {
	purpose wire.Purpose
	why     string
}

// Has tells whether a purpose is granted.
func (g *Grants) Has(p wire.Purpose) bool { return g.Why(p) == "" }

// Why says why a purpose is not granted; "" means it is.
func (g *Grants) Why(p wire.Purpose) string {
	for _, d := range g.denied {
		if d.purpose == p {
			return d.why
		}
	}
	switch {
	case g.granted.has(p):
		return ""
	case g.otherwise == "":
		return notGranted
	}
	return g.otherwise
}

// assumed is what a missing answer grants where the regime is opt_out.
var assumed = setOf([]string{string(wire.DeviceStorage), string(wire.ProfileBuilding), string(wire.PersonalisedContent),
	string(wire.PersonalisedOffers), string(wire.Measurement)})

// decide is the whole of the decision: row is the person's, nil for none, and
// broken says that there is one which can't be read.
func decide(row *row, broken bool, r Request, now int64) Grants {
	g := Grants{otherwise: notGranted}
	if row != nil {
		g.Version, g.Confirmed = row.version, row.confirmed
	}
	switch {
	case broken || r.Signals.TCF != "" || r.Signals.GPP != "":
		g.otherwise = unparsable
		return g
	case row != nil && now-row.confirmed >= r.Terms.Lease.Milliseconds():
		g.otherwise = stale
		return g
	case row != nil:
		g.granted = row.granted
	case r.Terms.Regime == rulebook.OptOut:
		g.granted = assumed
	}
	if row != nil && row.objection {
		g.denied = append(g.denied, denial{wire.PersonalisedOffers, objection})
	}
	if r.Signals.GPC {
		g.denied = append(g.denied, denial{wire.CrossChannel, signal}, denial{wire.PersonalisedOffers, signal})
	}
	return g
}
