package ranking

import (
	"context"
	"errors"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/store"
)

// repeat answers a request that was answered before, from its record.
func (s *scratch) repeat(ctx context.Context) (*Answer, error) {
	var ev attribution.Event
	err := s.d.opt.Store.View(func(v *store.View) error {
		ev, _ = s.d.opt.Events.Event(v, s.key)
		return nil
	})
	if err != nil {
		return nil, unreadable(err)
	}
	rec, _, err := s.d.opt.Events.Decision(ev)
	if err != nil { // first: of an erased one the request is not known any more
		return nil, unfound(err)
	}
	if ev.Request != [8]byte(s.digest[:]) {
		return nil, eventClash()
	}
	if s.d.opt.Durable || promised(rec) {
		if err := s.d.opt.Store.Sync(ctx, ev.Seq); err != nil {
			return nil, unwritten(err)
		}
	}
	s.d.counts.repeated.Add(1)
	a := s.d.answer(rec, VersionsOf(rec.Versions), s.now)
	if s.request.Explain {
		s.d.explain(a, rec, nil, s.request)
	}
	return a, nil
}

func eventClash() error {
	return refuse(EventClash, nil, "this eventId was used with another request; send a new one, or the same request")
}

// unfound is why a decision can't be read back.
func unfound(err error) error {
	switch {
	case errors.Is(err, attribution.ErrUnknown):
		return refuse(UnknownEvent, err, "no decision of this eventId is known on this node")
	case errors.Is(err, attribution.ErrGone):
		return refuse(EventGone, err, "the record of this eventId is not on the node any more; ask the hub, or decide with a new eventId")
	}
	return refuse(LogFailed, err, "the log can't be read; look at the node's disk")
}

// Activate says that a deferred decision was shown.
func (d *Decider) Activate(ctx context.Context, eventID string) error {
	err := d.opt.Events.Activate(ctx, eventID)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, attribution.ErrUnknown):
		return unfound(err)
	}
	return unwritten(err)
}

// Tell takes outcomes in, by the attribution of the release that runs.
func (d *Decider) Tell(ctx context.Context, outcomes []attribution.Outcome) (attribution.Report, error) {
	r, err := d.opt.Events.Tell(ctx, d.terms(), outcomes)
	if err != nil {
		err = unwritten(err)
	}
	return r, err
}

func (d *Decider) terms() (t attribution.Terms) {
	if a := d.opt.Releases.Active(); a != nil {
		t = attribution.Terms{Slots: a.Rulebook.Slots, Consent: a.Terms, Fields: a.Profile}
	}
	return t
}
