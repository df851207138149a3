package ranking

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// attempt runs the decision once, from the rules to the record.
func (s *scratch) attempt(ctx context.Context, number uint32) (*Answer, error) {
	s.number, s.now = number, s.d.opt.Store.Now()
	if err := s.find(); err != nil {
		return nil, err
	}
	if err := errors.Join(s.d.opt.Holds.Settle(), s.d.opt.Budgets.Settle()); err != nil && (s.promises() || s.slot.Book.Pays()) {
		return nil, unwritten(err)
	}
	known, err := s.read()
	if err != nil {
		return nil, err
	}
	if known && !s.request.DryRun {
		return s.repeat(ctx)
	}
	if err := s.candidates(); err != nil {
		return nil, err
	}
	s.stock = s.of.Stock(s.d.opt.Catalogue, &s.ownStock)
	s.of.Allow(&s.allowed, s.stock, rules.Asked{
		Now: s.now, Site: s.d.opt.Site, Person: s.saw[0], Session: s.saw[1], Household: s.saw[2], Showings: s.d.opt.Events.Showings(), Profile: s.who.Fields,
		Context: s.said, Granted: s.granted, Excluded: s.request.ExcludedActions,
		Fulfilment: s.request.Fulfilment, OnHand: s.d.opt.Catalogue.OnHand,
		InSession: s.session != (wire.Pseudonym{}), InHousehold: s.household != (wire.Pseudonym{}),
		Known: s.known != (wire.Pseudonym{}), Used: s.d.opt.Budgets.Used, Redeemed: s.last, Units: s.units(),
	})
	s.assign()
	if err := s.score(); err != nil {
		return nil, err
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.fill(); err != nil {
		return nil, err
	}
	return s.finish(ctx)
}

// find takes the release that runs, and the slot in it.
func (s *scratch) find() error {
	s.active = s.d.opt.Releases.Active()
	if s.active == nil {
		return refuse(NoRelease, nil, "no release runs on this node yet; enrol it and wait for the hub, or start it with a release folder")
	}
	if s.slot = s.active.Slot(s.request.Slot); s.slot == nil {
		return refuse(UnknownSlot, nil, "the release has no slot of this name; see slots.yaml")
	}
	if s.scorer = s.slot.Scorer; s.scorer != nil && !s.d.opt.Releases.Fresh(s.active, s.now) {
		s.scorer = nil
	}
	return nil
}

// purpose is what any use of a profile needs in a slot.
func purpose(kind rulebook.SlotKind) wire.Purpose {
	if kind == rulebook.Offer {
		return wire.PersonalisedOffers
	}
	return wire.PersonalisedContent
}

// read takes what may be known of the person, and what they and the session saw.
// It tells whether the event was decided before.
func (s *scratch) read() (known bool, err error) {
	events := s.d.opt.Events
	s.marks, s.redeems = s.changes(), s.d.opt.Budgets.Redemptions()
	s.tastes.mark = s.d.opt.Tastes.Mark()
	clash := false // the group's event id was a single decision's
	r := consent.Request{Who: s.person, Terms: s.active.Terms, Signals: consent.Signals{
		TCF: s.request.Consent.TCF, GPP: s.request.Consent.GPP, GPPSid: s.request.Consent.GPPSid, GPC: s.request.Consent.GPC,
	}}
	s.declare()
	s.who, err = s.d.opt.Consents.ReadBeside(r, purpose(s.slot.Kind), s.fields, func(v *store.View, g *consent.Grants) error {
		if s.known = (wire.Pseudonym{}); attribution.Known(g) {
			s.known = s.person
		}
		if s.request.EventID != "" {
			_, known = events.Event(v, s.key)
		}
		if g := s.request.Group; g != nil {
			ev, taken := events.Event(v, attribution.KeyOf(g.EventID))
			clash = taken && !ev.Group
		}
		s.saw[0] = events.History(s.saw[0][:0], v, wire.Person, s.known)
		s.saw[1] = events.History(s.saw[1][:0], v, wire.Session, s.session)
		s.redeemed = s.redeemed[:0]
		if s.slot.Book.Redeems() {
			s.redeemed = s.d.opt.Budgets.Redeemed(s.redeemed, v, s.known)
		}
		return nil
	})
	if err != nil {
		return false, unreadable(err)
	}
	if clash {
		return false, eventClash()
	}
	s.account()
	return known, s.belong()
}

// belong takes what the person's household saw, where rules count that. Whether
// they belong to it still is told by the person's own change.
func (s *scratch) belong() error {
	s.household, s.saw[2] = wire.Pseudonym{}, s.saw[2][:0]
	if !s.slot.Book.Household || s.known == (wire.Pseudonym{}) {
		return nil
	}
	for i := range s.who.Fields {
		if f := &s.who.Fields[i]; f.Name == household && f.Value.Text != "" {
			s.household = s.pseudonym(wire.Household, f.Value.Text)
		}
	}
	s.marks[4] = s.d.opt.Events.Change(s.household)
	err := s.d.opt.Store.View(func(v *store.View) error {
		s.saw[2] = s.d.opt.Events.History(s.saw[2], v, wire.Household, s.household)
		return nil
	})
	if err != nil {
		return unreadable(err)
	}
	return nil
}

// household is the field that says to which household a person belongs.
const household = "household"

// declare lists the fields of a person that the model, the rules and mixing read.
func (s *scratch) declare() {
	s.fields = append(s.fields[:0], s.slot.Book.Profile...)
	if s.scorer != nil {
		for _, d := range s.slot.Plan.Profile {
			s.declareOne(d)
		}
	}
	if d := s.slot.Tastes; d != nil && s.active.Embeddings != nil {
		s.declareOne(*d)
	}
}

func (s *scratch) declareOne(d consent.Declared) {
	if !slices.Contains(s.fields, d) {
		s.fields = append(s.fields, d)
	}
}

// changes are the numbers that tell whether what was read is so still.
func (s *scratch) changes() [5]uint32 {
	e := s.d.opt.Events
	return [5]uint32{e.Change(s.person), e.Change(s.session), e.Change(s.basket), e.Change(s.key), e.Change(s.household)}
}

// account enters what needs a purpose beside fields: what the person saw and did, to
// be shown what is sensitive, and columns of no person.
func (s *scratch) account() {
	if s.known != (wire.Pseudonym{}) && s.slot.Book.Remembers() && !slices.ContainsFunc(s.who.Used, attribution.Knowing) {
		s.who.Used = append(s.who.Used, attribution.KnownBy(&s.who.Grants))
	}
	for _, p := range s.slot.Book.Sensitive {
		if s.granted(p) && !slices.Contains(s.who.Used, p) {
			s.who.Used = append(s.who.Used, p)
		}
	}
	if s.scorer == nil {
		return
	}
	for _, c := range s.slot.Plan.Others {
		if why := s.who.Grants.Why(c.Purpose); why != "" {
			s.who.Withheld = append(s.who.Withheld, &wire.Withheld{Field: c.Name, Purpose: string(c.Purpose), Why: why})
		} else if !slices.Contains(s.who.Used, c.Purpose) {
			s.who.Used = append(s.who.Used, c.Purpose)
		}
	}
}

// candidates takes the slot's own, or those that the request gives.
func (s *scratch) candidates() error {
	view := s.slot.Book.View(s.d.opt.Catalogue.Snapshot(), s.now)
	if len(s.request.Actions) == 0 {
		if s.of = view.Source(); s.of == nil {
			return refuse(NoActions, nil, "this slot shows what the caller gives; send actions")
		}
		s.values = nil
		return nil
	}
	s.ids, s.values = s.ids[:0], s.values[:0]
	for i := range s.request.Actions {
		s.ids = append(s.ids, s.request.Actions[i].ID)
		s.values = append(s.values, s.request.Actions[i].Features)
	}
	s.of = &s.given
	if err := view.Give(s.of, s.ids); err != nil {
		return refuse(InvalidRequest, err, err.Error())
	}
	return nil
}

// assign puts the decision in its arm.
func (s *scratch) assign() {
	s.arm, s.by = "", rulebook.Learned
	e := s.slot.Experiment
	if e == nil || s.slot.Mode != rulebook.Online {
		return
	}
	unit := s.event
	switch {
	case e.Unit == rulebook.ByProfile && s.known != (wire.Pseudonym{}):
		unit = hex.EncodeToString(s.known[:])
	case e.Unit != rulebook.ByEvent && s.session != (wire.Pseudonym{}):
		unit = hex.EncodeToString(s.session[:])
	}
	arm := e.Arm(unit)
	s.arm, s.share, s.by = arm.ID, arm.Share, arm.Policy
}

// settle runs with the commit, before it, while nothing else is committed. It draws
// last, for whether a decision runs again must owe nothing to what is drawn: a check
// that looks at it is not the only way, as a draw that takes longer meets more that
// moves meanwhile. So what is logged of a draw is true of those that are kept.
func (s *scratch) settle(v *store.View) error {
	if err := s.check(v); err != nil {
		return err
	}
	return s.draw()
}

// check tells whether what the rules saw is so still.
func (s *scratch) check(v *store.View) error {
	now := s.changes()
	if now[3] != s.marks[3] {
		if _, known := s.d.opt.Events.Event(v, s.key); known {
			return errTwice
		}
	}
	if now[0] != s.marks[0] || now[1] != s.marks[1] || now[2] != s.marks[2] || s.household != (wire.Pseudonym{}) && now[4] != s.marks[4] {
		return errMoved
	}
	budgets := s.d.opt.Budgets
	if !s.of.Affordable(&s.allowed, budgets.Used, s.count()) || s.allowed.Redeemed() && budgets.Redemptions() != s.redeems {
		return errMoved
	}
	if !s.of.Recounted(&s.allowed, s.d.opt.Events.Showings(), s.now, s.count()) {
		return errMoved
	}
	if s.slot.Hold == nil {
		return nil
	}
	if s.d.opt.Catalogue.Snapshot() != s.of.View.Snapshot || s.of.Moved(s.d.opt.Catalogue, s.stock) {
		return errMoved
	}
	return nil
}

func unreadable(err error) error {
	return refuse(ConsentUnread, err, "the node's tables can't be read; it mends them when it starts again")
}
