package consent

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/aisle-edge/aisle/sync/wire"
)

// row is what the ledger keeps of a person's consent. It is small, since there
// is one of every person, and read in every decision about one.
type row struct {
	version   uint64
	confirmed int64
	objection bool
	hub       bool
	granted   purposes
	evidence  *wire.Evidence
	erased    bool // of this person nothing is kept but version
}

// purposes is a set of them.
type purposes struct {
	plain     uint8          // a bit for each of plain
	sensitive []wire.Purpose // sorted
}

// plain are the purposes that have a bit in a row, in this order for ever.
var plain = [8]wire.Purpose{wire.DeviceStorage, wire.ProfileBuilding, wire.PersonalisedContent, wire.PersonalisedOffers,
	wire.Measurement, wire.AudienceStatistics, wire.ModelTraining, wire.CrossChannel}

func setOf(texts []string) (p purposes) {
	for _, text := range texts {
		if i := slices.Index(plain[:], wire.Purpose(text)); i >= 0 {
			p.plain |= 1 << i
		} else if !slices.Contains(p.sensitive, wire.Purpose(text)) {
			p.sensitive = append(p.sensitive, wire.Purpose(text))
		}
	}
	slices.Sort(p.sensitive)
	return p
}

func (p purposes) has(one wire.Purpose) bool {
	i := slices.Index(plain[:], one)
	return i >= 0 && p.plain&(1<<i) != 0 || i < 0 && slices.Contains(p.sensitive, one)
}

func (p purposes) all() (all []wire.Purpose) {
	for i, one := range plain {
		if p.plain&(1<<i) != 0 {
			all = append(all, one)
		}
	}
	return append(all, p.sensitive...)
}

// within tells whether o has all of p.
func (p purposes) within(o purposes) bool {
	return p.plain&^o.plain == 0 && !slices.ContainsFunc(p.sensitive, func(one wire.Purpose) bool { return !o.has(one) })
}

func rowOf(c *wire.Consent) *row {
	return &row{
		version: c.Version, confirmed: c.ConfirmedMs, objection: c.MarketingObjection, hub: c.Source == hub,
		granted: setOf(c.Purposes), evidence: c.Evidence,
	}
}

func (r *row) consent(who wire.Pseudonym) *wire.Consent {
	c := &wire.Consent{Pseudonym: who[:], Version: r.version, ConfirmedMs: r.confirmed, MarketingObjection: r.objection, Source: local, Evidence: r.evidence}
	if r.hub {
		c.Source = hub
	}
	for _, p := range r.granted.all() {
		c.Purposes = append(c.Purposes, string(p))
	}
	return c
}

const (
	rowVersion   = 0
	flagObjects  = 1
	flagHub      = 2
	flagEvidence = 4
	flagErased   = 8
	maxText      = 256
)

func (r *row) append(dst []byte) []byte {
	var flags byte
	if r.objection {
		flags |= flagObjects
	}
	if r.hub {
		flags |= flagHub
	}
	if r.evidence != nil {
		flags |= flagEvidence
	}
	if r.erased {
		flags |= flagErased
	}
	dst = append(dst, rowVersion, flags, r.granted.plain)
	dst = binary.AppendUvarint(dst, r.version)
	dst = binary.AppendUvarint(dst, uint64(r.confirmed))
	dst = binary.AppendUvarint(dst, uint64(len(r.granted.sensitive)))
	for _, p := range r.granted.sensitive {
		dst = appendText(dst, string(p))
	}
	if e := r.evidence; e != nil {
		dst = appendText(dst, string(e.Text))
		dst = appendText(dst, e.Place)
		dst = binary.AppendUvarint(dst, uint64(e.AtMs))
	}
	return dst
}

func appendText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

var errRow = errors.New("consent: malformed row")

// parseRow reads what append wrote, and refuses everything else.
func parseRow(b []byte) (*row, error) {
	if len(b) < 3 || b[0] != rowVersion || b[1]&^(flagObjects|flagHub|flagEvidence|flagErased) != 0 {
		return nil, errRow
	}
	r := &row{objection: b[1]&flagObjects != 0, hub: b[1]&flagHub != 0, erased: b[1]&flagErased != 0, granted: purposes{plain: b[2]}}
	in := reader{b: b[3:]}
	r.version = in.number()
	r.confirmed = int64(in.number())
	for n := in.number(); n > 0 && !in.broken; n-- {
		r.granted.sensitive = append(r.granted.sensitive, wire.Purpose(in.text()))
	}
	if b[1]&flagEvidence != 0 {
		r.evidence = &wire.Evidence{Text: []byte(in.text()), Place: in.text(), AtMs: int64(in.number())}
	}
	if in.broken || len(in.b) > 0 || r.confirmed < 0 {
		return nil, errRow
	}
	return r, nil
}

// reader takes numbers and texts off a row, until it breaks.
type reader struct {
	b      []byte
	broken bool
}

func (r *reader) number() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.b, r.broken = nil, true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string {
	n := r.number()
	if n > maxText || n > uint64(len(r.b)) {
		r.b, r.broken = nil, true
		return ""
	}
	text := string(r.b[:n])
	r.b = r.b[n:]
	return text
}
