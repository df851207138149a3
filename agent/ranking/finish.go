package ranking

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// finish draws, records the decision and answers. After an error nothing was
// recorded, unless the disk failed under a record that was taken: then what it held
// is let go.
func (s *scratch) finish(ctx context.Context) (*Answer, error) {
	s.drawn = false
	if s.request.DryRun {
		s.d.counts.dry.Add(1)
		return s.unrecorded()
	}
	s.d.tellLost(s.now)
	seq, err := s.d.opt.Store.Commit(&s.record.Record, s.settled)
	switch {
	case err == nil:
		s.keepPart()
		s.fair()
	case errors.Is(err, errMoved), errors.Is(err, errTwice), errors.Is(err, explore.ErrMean):
		return nil, err
	case s.mayLose(err):
		return s.lose()
	default:
		return nil, unwritten(err)
	}
	s.tally()
	if s.d.opt.Durable || s.promises() || promised(&s.record.decision) {
		if err := s.d.opt.Store.Sync(ctx, seq); err != nil {
			return nil, s.letGo(err)
		}
	}
	return s.answer(), nil
}

// unrecorded answers what stands in no log. Where there was no room for it, that
// may have been told before anything was drawn.
func (s *scratch) unrecorded() (*Answer, error) {
	if !s.drawn {
		if err := s.draw(); err != nil {
			return nil, err
		}
	}
	return s.answer(), nil
}

// lose answers what there is no room to record.
func (s *scratch) lose() (*Answer, error) {
	a, err := s.unrecorded()
	if err == nil {
		s.d.lost.Add(1)
		s.d.counts.lost.Add(1)
		s.tally()
	}
	return a, err
}

func (s *scratch) tally() {
	c := &s.d.counts
	c.decisions.Add(1)
	s.watch()
	switch s.degraded {
	case Shortlist:
		c.shortlist.Add(1)
	case Baseline:
		c.baseline.Add(1)
	}
}

// keepPart keeps what the log may not hold of the person. It is no promise.
func (s *scratch) keepPart() {
	if len(s.record.part) == 0 || s.d.opt.Replay == nil {
		return
	}
	err := s.d.opt.Replay.Append(s.id, s.known, s.record.part)
	if err != nil && !errors.Is(err, profile.ErrNoKey) {
		slog.Warn("a decision can't be replayed later", "err", err)
	}
}

// mayLose tells whether a decision may be answered without its record: when there
// is no room, nothing is held, nobody waits for the disk, and no cap would go
// uncounted.
func (s *scratch) mayLose(err error) bool {
	if !errors.Is(err, journal.ErrFull) && !errors.Is(err, store.ErrFull) && !errors.Is(err, journal.ErrFailed) {
		return false
	}
	return !s.d.opt.Durable && !s.promises() && !s.slot.Book.Counts(s.known != (wire.Pseudonym{}), s.session != (wire.Pseudonym{}))
}

// tellEvery is the least time between two records of lost decisions. They may go
// where a full log takes nothing else but withdrawals of consent; one for each
// decision would soon leave no room for those.
const tellEvery = 10 * time.Second

// tellLost records now and then how many decisions were lost.
func (d *Decider) tellLost(now int64) {
	last := d.told.Load()
	if d.lost.Load() == 0 || now-last < tellEvery.Milliseconds() || !d.told.CompareAndSwap(last, now) {
		return
	}
	n := d.lost.Swap(0)
	drop := &wire.Drop{Class: "decision", Why: "full", Count: uint64(n)}
	if _, err := d.opt.Store.Commit(&wire.Record{Body: &wire.Record_Drop{Drop: drop}}, nil); err != nil {
		d.lost.Add(n)
	}
}

// letGo ends the holds and actions of an answer that can't be given.
func (s *scratch) letGo(cause error) error {
	if s.promises() || promised(&s.record.decision) {
		if err := s.takeBack(); err != nil {
			slog.Warn("a promise that nobody was given stays until its time is over", "err", err)
		}
	}
	return unwritten(cause)
}

func unwritten(err error) error {
	if errors.Is(err, journal.ErrFull) || errors.Is(err, store.ErrFull) {
		return refuse(LogFull, err, "there is no room to record this; free disk space, or let the node reach its hub, and send it again")
	}
	if errors.Is(err, journal.ErrSize) || errors.Is(err, wire.ErrSize) {
		return refuse(TooLarge, err, "the record of this decision would not fit the log; send fewer actions, or shorter ids")
	}
	return refuse(LogFailed, err, "this could not be recorded; look at the node's disk, and send it again")
}
