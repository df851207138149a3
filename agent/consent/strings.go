package consent

import (
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/consent/gpp"
	"github.com/aisle-edge/aisle/agent/consent/tcf"
	"github.com/aisle-edge/aisle/sync/wire"
)

// disclosedSince is when strings without a segment of disclosed vendors ceased
// to be valid: those created after 2026-02-28, TCF 2.3.
var disclosedSince = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// ahead is how far ahead of the node's clock a string may be updated, in
// milliseconds; one that is further would never grow stale.
const ahead = int64(24 * time.Hour / time.Millisecond)

// maxSids is more section ids than there are.
const maxSids = 64

// told is what the strings and signals of a request leave of what is granted.
type told struct {
	why       string // why they leave nothing; "" where they may
	grants    bool   // one of them is of a kind that grants, so that only granted is left
	granted   uint8  // a bit for each of plain
	denied    uint8
	sensitive bool // every sensitive purpose is denied
}

// The purposes that a TCF string asks about, by their place in plain; 0 is none.
// What a profile is built for, and what is measured, differs by the slot's kind.
var (
	ofContent = [len(plain)]int{1, 5, 6, 4, 8, 9, 10, 0}
	ofOffers  = [len(plain)]int{1, 3, 6, 4, 7, 9, 10, 0}
)

// optOuts are what a choice in a section of the United States denies.
var optOuts = [...]struct {
	choice    gpp.Kind
	denies    uint8
	sensitive bool
}{
	{gpp.Sale, bit(wire.CrossChannel, wire.PersonalisedOffers), false},
	{gpp.Sharing, bit(wire.CrossChannel, wire.PersonalisedOffers), false},
	{gpp.Targeted, bit(wire.CrossChannel, wire.PersonalisedOffers), false},
	{gpp.Sensitive, 0, true},
	{gpp.Child, bit(wire.ProfileBuilding, wire.PersonalisedContent, wire.PersonalisedOffers, wire.AudienceStatistics,
		wire.ModelTraining, wire.CrossChannel), true},
	{gpp.Secondary, bit(wire.AudienceStatistics, wire.ModelTraining, wire.CrossChannel), false},
}

func bit(all ...wire.Purpose) (bits uint8) {
	for _, p := range all {
		bits |= 1 << slices.Index(plain[:], p)
	}
	return bits
}

// read is what a request's signals say of a slot now. The slot is named by the
// purpose it needs; for another purpose both kinds must grant.
func (s *Signals) read(t *Terms, slot wire.Purpose, now int64) told {
	all := told{granted: 1<<len(plain) - 1}
	if s.GPC {
		all.control(t)
	}
	if s.TCF != "" {
		all.string(tcf.Parse, s.TCF, t, slot, now)
	}
	if s.GPP != "" {
		all.platform(s, t, slot, now)
	} else if slices.ContainsFunc(s.GPPSid, func(sid int) bool { return sid > 0 && (sid != gpp.Europe || s.TCF == "") }) {
		all.refuse(unparsable) // the law that applies has no answer here, nor any string that might hold one
	}
	return all
}

// control enters a Global Privacy Control.
func (a *told) control(t *Terms) {
	a.denied |= bit(wire.CrossChannel)
	if t.Strings.GPCDeniesOffers {
		a.denied |= bit(wire.PersonalisedOffers)
	}
}

// platform enters a GPP string: each section that applies.
func (a *told) platform(s *Signals, t *Terms, slot wire.Purpose, now int64) {
	var room [16]gpp.Section
	sections, err := gpp.Parse(room[:0], s.GPP)
	if err != nil || len(s.GPPSid) > maxSids {
		a.refuse(unparsable)
		return
	}
	for _, sid := range s.GPPSid {
		if sid > 0 && !slices.ContainsFunc(sections, func(one gpp.Section) bool { return one.ID == sid }) {
			a.refuse(unparsable) // the law that applies has no answer here
		}
	}
	everywhere := len(s.GPPSid) == 0 || slices.Contains(s.GPPSid, 0)
	for _, one := range sections {
		if everywhere || slices.Contains(s.GPPSid, one.ID) || slices.Contains(t.Strings.Sections, one.ID) {
			a.section(one, t, slot, now)
		}
	}
}

func (a *told) section(s gpp.Section, t *Terms, slot wire.Purpose, now int64) {
	switch s.ID {
	case gpp.Europe:
		a.string(tcf.Parse, s.Text, t, slot, now)
		return
	case gpp.Canada:
		a.string(tcf.ParseCanada, s.Text, t, slot, now)
		return
	}
	states, err := gpp.ParseStates(s)
	if err != nil {
		a.refuse(unparsable)
		return
	}
	for _, o := range optOuts {
		if states.Denied(o.choice) {
			a.denied |= o.denies
			a.sensitive = a.sensitive || o.sensitive
		}
	}
	if states.GPC {
		a.control(t)
	}
}

// string enters a TCF string: what it does not grant now is not left.
func (a *told) string(parse func(string) (*tcf.String, error), text string, t *Terms, slot wire.Purpose, now int64) {
	a.grants, a.sensitive = true, true
	s, err := parse(text)
	if err != nil {
		a.refuse(unparsable)
		return
	}
	if why := fault(s, t, now); why != "" {
		a.refuse(why)
		return
	}
	if slot != wire.PersonalisedOffers {
		a.granted &= consented(s, t.Strings.Vendor, &ofContent)
	}
	if slot != wire.PersonalisedContent {
		a.granted &= consented(s, t.Strings.Vendor, &ofOffers)
	}
}

// refuse leaves nothing; the first reason is told, but what can't be read is
// before what is out of date.
func (a *told) refuse(why string) {
	if a.granted = 0; a.why == "" || why == unparsable {
		a.why = why
	}
}

// fault is why a string that could be read grants nothing now; "" when it may.
func fault(s *tcf.String, t *Terms, now int64) string {
	switch {
	case now-s.LastUpdated > t.Strings.MaxAge.Milliseconds():
		return stale
	case s.LastUpdated-now > ahead,
		!s.Canada && s.Created >= disclosedSince && s.Disclosed == nil,
		s.Publisher == nil && t.Strings.Vendor == 0:
		return invalid
	}
	return ""
}

// consented are the purposes whose number was consented to: by the publisher's
// own segment, or for a vendor by the core. Legitimate interest is no consent.
func consented(s *tcf.String, vendor int, numbers *[len(plain)]int) (granted uint8) {
	var from tcf.Numbers
	switch {
	case vendor == 0:
		from = s.Publisher.Purposes
	case s.Vendors.Has(vendor):
		from = s.Purposes &^ s.Restrictions.Purposes(vendor, forbids)
	}
	for i, n := range numbers {
		if from.Has(n) {
			granted |= 1 << i
		}
	}
	return granted
}

// forbids are the types of restrictions that a consent does not satisfy: all but
// the one that asks for it.
const forbids = 1<<4 - 1 - 1<<1
