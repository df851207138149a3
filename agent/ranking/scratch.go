package ranking

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"math"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// scratch is the memory of one decision, which the next one uses again: so what a
// decision allocates does not grow with its candidates.
type scratch struct {
	// immutable after newScratch
	d       *Decider
	settled func(*store.View) error                       // settle, bound once
	last    func(offer string) int64                      // when the person redeemed an offer, bound once
	granted func(wire.Purpose) bool                       // grants.Has, bound once
	said    func(key string) (consent.Value, bool)        // of the context, bound once
	mask    func(at explore.At, remove, pool bitmap.Bits) // maskAt, bound once
	adjust  func(at explore.At, all []int, m []float64)   // adjustAt, bound once

	// of the request
	request *Request
	started time.Time
	event   string
	key     attribution.EventKey
	digest  [16]byte
	person  wire.Pseudonym // of the profile id, whether it may be known or not
	session wire.Pseudonym
	basket  wire.Pseudonym
	buffer  []byte

	// of the attempt
	number     uint32
	now        int64 // node time
	id         [16]byte
	active     *release.Active
	slot       *release.Slot
	scorer     *release.Scorer // nil: no model scores
	who        consent.Answer
	known      wire.Pseudonym          // person, if they may be known
	household  wire.Pseudonym          // of the person, if rules count by it and it may be known
	marks      [5]uint32               // of person, session, basket, event and household, before anything was read
	saw        [3][]attribution.Entry  // of person, session and household
	redeemed   []coordinate.Redemption // by the person
	redeems    uint64                  // changes of that, before it was read
	of         *rules.Candidates
	given      rules.Candidates
	ids        []string
	values     []features.Values
	stock      *rules.Stock
	ownStock   rules.Stock
	allowed    rules.Allowed
	prefix     rules.Prefix
	masks      bool // prefix has something to say
	tastes     tastes
	diversity  diversity
	fields     []consent.Declared // that the model, the rules and mixing read
	none       bool
	arm        string
	share      float64
	by         rulebook.ArmPolicy
	degraded   Degraded
	degradedBy DegradedBy
	policy     explore.Policy
	rows       features.Rows
	planned    bool    // rows are of this attempt
	scored     bool    // means are the model's
	inside     []int32 // places of what is in the basket
	dense      []float32
	hashed     []uint32
	means      []float64 // one a candidate
	guess      []float64 // one a candidate: predictions, where means are worths
	worth      []float64 // likewise: what those are weighed with; empty: they are not
	predicted  []float64 // one a row of the frame
	variance   []float64 // likewise, empty without
	order      []uint32
	ranks      []float64 // one a candidate: its place in the baseline
	drawer     *explore.Drawer
	salt       rulebook.Salt // of drawer
	problem    explore.Problem
	slate      explore.Slate
	drawn      bool // slate is of this attempt
	shadow     string
	seen       fairness.Seen

	record record
}

func newScratch(d *Decider) *scratch {
	s := &scratch{d: d}
	s.settled = s.settle
	s.granted = func(p wire.Purpose) bool { return s.who.Grants.Has(p) }
	s.said = func(key string) (consent.Value, bool) { return s.request.Context.Find(key) }
	s.mask, s.adjust = s.maskAt, s.adjustAt
	s.last = func(offer string) int64 { return coordinate.Last(s.redeemed, offer) }
	s.record.init()
	return s
}

// begin checks a request and works out what does not change between attempts.
func (s *scratch) begin(r *Request) error {
	if err := r.valid(); err != nil {
		return err
	}
	s.request, s.started = r, s.d.opt.Now()
	s.person = s.pseudonym(wire.Person, r.ProfileID)
	s.session = s.pseudonym(wire.Session, r.SessionID)
	s.basket = s.pseudonym(wire.Basket, r.BasketID)
	s.id = newID(s.d.opt.Store.Now())
	if s.event = r.EventID; s.event == "" {
		s.event = idText(s.id)
	}
	s.key = attribution.KeyOf(s.event)
	s.digestRequest()
	return nil
}

func (s *scratch) pseudonym(kind wire.Kind, id string) wire.Pseudonym {
	if id == "" {
		return wire.Pseudonym{}
	}
	return wire.Pseudonymise(s.d.opt.Secret, kind, id)
}

func (r *Request) valid() error {
	invalid := func(detail string) error { return refuse(InvalidRequest, nil, detail) }
	switch {
	case r.Slot == "":
		return invalid("slot is missing; name one of slots.yaml")
	case len(r.EventID) > MaxEventID:
		return invalid("eventId is longer than 256 bytes")
	case max(len(r.ProfileID), len(r.SessionID), len(r.BasketID)) > MaxEventID:
		return invalid("profileId, sessionId or basketId is longer than 256 bytes")
	case r.Count < 0 || r.Count > MaxCount:
		return invalid("count must be 1 to 100, or 0 for the slot's own")
	case len(r.Fulfilment) > 64:
		return invalid("fulfilment must be a word such as in_store or collect")
	case len(r.Language) > MaxEventID:
		return invalid("language is longer than 256 bytes; send one, as de")
	case r.BudgetMs < 0:
		return invalid("budgetMs must be a number of milliseconds, or 0 for none")
	case len(r.Actions) > MaxActions || len(r.ExcludedActions) > MaxExcluded:
		return invalid("there are more than 10,000 actions")
	case r.ForItem != "":
		return refuse(NotSupported, nil, "forItem is not supported yet; leave it out")
	}
	for i := range r.Actions {
		if id := r.Actions[i].ID; id == "" || len(id) > MaxItemID {
			return invalid("the id of an action must be 1 to 256 bytes")
		}
	}
	return nil
}

// digestRequest tells a repeat of the request from another one under its event
// id. Ids of persons enter as their pseudonyms, and it is keyed, so that nothing
// can be told from it.
func (s *scratch) digestRequest() {
	r, b := s.request, s.buffer[:0]
	text := func(t string) {
		b = binary.AppendUvarint(b, uint64(len(t)))
		b = append(b, t...)
	}
	values := func(v features.Values) {
		b = binary.AppendUvarint(b, uint64(len(v)))
		for i := range v {
			text(v[i].Name)
			text(v[i].Text)
			b = binary.LittleEndian.AppendUint64(append(b, byte(v[i].Kind)), math.Float64bits(v[i].Number))
			b = binary.AppendUvarint(b, uint64(len(v[i].List)))
			for _, t := range v[i].List {
				text(t)
			}
		}
	}
	text(r.Slot)
	b = append(append(append(b, s.person[:]...), s.session[:]...), s.basket[:]...)
	text(r.Fulfilment)
	text(r.Consent.TCF)
	text(r.Consent.GPP)
	b = binary.AppendUvarint(b, uint64(len(r.Consent.GPPSid)))
	for _, sid := range r.Consent.GPPSid {
		b = binary.AppendVarint(b, int64(sid))
	}
	b = append(b, flag(r.Consent.GPC), flag(r.DeferActivation))
	b = binary.AppendUvarint(b, uint64(r.Count))
	values(r.Context)
	b = binary.AppendUvarint(b, uint64(len(r.Actions)))
	for i := range r.Actions {
		text(r.Actions[i].ID)
		values(r.Actions[i].Features)
	}
	for _, id := range r.ExcludedActions {
		text(id)
	}
	if g := r.Group; g != nil {
		text(g.EventID)
		text(g.Part)
		for _, part := range g.Parts {
			text(part)
		}
	}
	s.buffer = b
	var sums [16]byte
	binary.LittleEndian.PutUint64(sums[:], xxhash.Sum64(b))
	b = append(b, 0)
	binary.LittleEndian.PutUint64(sums[8:], xxhash.Sum64(b))
	s.digest = wire.Pseudonymise(s.d.opt.Secret, "request", string(sums[:]))
}

func flag(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// newID is a UUIDv7 of a node time.
func newID(ms int64) (id [16]byte) {
	rand.Read(id[:]) // never fails
	binary.BigEndian.PutUint64(id[:], uint64(ms)<<16|uint64(binary.BigEndian.Uint16(id[6:])))
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}

func idText(id [16]byte) string {
	var b [36]byte
	hex.Encode(b[:], id[:4])
	hex.Encode(b[9:], id[4:6])
	hex.Encode(b[14:], id[6:8])
	hex.Encode(b[19:], id[8:10])
	hex.Encode(b[24:], id[10:])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
