package attribution

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// errActive: nothing to be done any more.
var errActive = errors.New("active already")

// Activate says that a deferred decision was shown: from now on it counts. Again,
// or for one that was not deferred, it does nothing. It is durable once it
// returns nil. For a group's event id it is said of each of its decisions. ErrUnknown.
func (e *Events) Activate(ctx context.Context, eventID string) error {
	of, err := e.group(eventID)
	switch {
	case err != nil:
		return err
	case of == nil:
		return e.activate(ctx, eventID)
	}
	for _, part := range of.Parts {
		// one that is not there was never answered
		if err := e.activate(ctx, PartID(of.EventId, part)); err != nil && !errors.Is(err, ErrUnknown) {
			return err
		}
	}
	return nil
}

// group is what an event id that names one stands for, nil of another.
func (e *Events) group(eventID string) (of *wire.Group, err error) {
	var ev Event
	if err := e.store.View(func(v *store.View) error {
		ev, _ = e.Event(v, KeyOf(eventID))
		return nil
	}); err != nil || !ev.Group {
		return nil, err
	}
	d, _, err := e.Decision(ev)
	if errors.Is(err, ErrGone) {
		return nil, nil
	}
	return d.GetGroup(), err
}

// PartID is the event id of one decision of a group.
func PartID(group, part string) string { return group + ":" + part }

func (e *Events) activate(ctx context.Context, eventID string) error {
	a := &wire.Activation{EventId: eventID}
	k := KeyOf(eventID)
	seq, err := e.store.Commit(&wire.Record{Body: &wire.Record_Activation{Activation: a}}, func(v *store.View) error {
		ev, ok := e.Event(v, k)
		if !ok {
			return ErrUnknown
		}
		if ev.Activated {
			return errActive
		}
		s, ok := parseShowing(v.Get(e.tables.deferred, k[:]))
		if !ok || e.expires(s.decision) {
			return ErrUnknown
		}
		a.Decision = s.decision[:]
		return nil
	})
	if errors.Is(err, errActive) {
		seq, err = e.store.Stats().Applied, nil
	}
	if err != nil {
		return err
	}
	return e.store.Sync(ctx, seq)
}

// expires tells whether a decision is, or is about to be, past the time that its
// event id is known. A view can't tell: it shows what was there at the last
// record.
func (e *Events) expires(decision [16]byte) bool {
	made := int64(binary.BigEndian.Uint64(decision[:]) >> 16) // a UUIDv7
	return e.store.Now()-made >= e.keep.events-time.Second.Milliseconds()
}
