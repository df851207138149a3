package store

import (
	"context"
	"fmt"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Commit appends rec to the log and applies it to the tables: from then on
// every View has its effects. It does not wait for the disk; [Store.Sync] does.
//
// check, when not nil, runs first, in the same step: nothing is committed
// between what it sees and rec. It may fill in rec from what it sees, or
// refuse with an error, which Commit returns and of which nothing stays. It
// must not take another View, nor long.
//
// Commit sets rec's time. It keeps nothing of rec.
func (s *Store) Commit(rec *wire.Record, check func(*View) error) (seq uint64, err error) {
	s.order.Lock()
	defer s.order.Unlock()
	if err := s.admit(rec); err != nil {
		return 0, err
	}
	if check != nil {
		if err := s.View(check); err != nil {
			return 0, err
		}
	}
	rec.AtMs = s.clock.now()
	if s.buffer, err = wire.Append(s.buffer[:0], rec); err != nil {
		return 0, err
	}
	if seq, err = s.log.Append(class(rec), s.buffer); err != nil {
		return 0, err
	}
	s.logged.Add(int64(len(s.buffer)))
	s.apply(seq, rec)
	return seq, s.failure()
}

// Sync returns nil once the record seq, and all before it, survives a power
// cut. A sequence from an earlier epoch is durable already.
func (s *Store) Sync(ctx context.Context, seq uint64) error {
	s.mu.RLock()
	seq = min(seq, s.at.seq)
	s.mu.RUnlock()
	return s.log.Sync(ctx, seq)
}

// Pace is what a writer of many records calls between them: it flushes when
// too much lies in memory, so that others need not wait.
func (s *Store) Pace(ctx context.Context) error {
	if !s.crowded(s.opt.FlushRows) {
		return nil
	}
	return s.flush(ctx, false)
}

func (s *Store) crowded(limit int) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.files {
		if f.rows >= limit {
			return true
		}
	}
	return false
}

// admit refuses what would grow a file that can't take it.
func (s *Store) admit(rec *wire.Record) error {
	if err := s.failure(); err != nil {
		return err
	}
	f := s.files[home(rec)]
	if class(rec) == journal.Vital || !f.full.Load() {
		return nil
	}
	return fmt.Errorf("%w: %s; free disk space or raise its limit", ErrFull, f.name)
}

// home is the file a record grows.
func home(rec *wire.Record) File {
	switch rec.Body.(type) {
	case *wire.Record_Item, *wire.Record_StockCount, *wire.Record_StockMove:
		return Catalogue
	case *wire.Record_Profile:
		return Profiles
	}
	return State
}

// class says how long a record is still taken when room runs out. Vital is what
// takes back more than it adds, and what accounts for losses.
func class(rec *wire.Record) journal.Class {
	switch rec.Body.(type) {
	case *wire.Record_Consent, *wire.Record_Erasure, *wire.Record_HoldEnd, *wire.Record_Drop, *wire.Record_Tick:
		return journal.Vital
	case *wire.Record_Decision, *wire.Record_Activation:
		return journal.Routine
	}
	return journal.Important
}

// apply is the one way from a record to the tables, in service and at a start.
// A file that already holds the record's effects is left out.
func (s *Store) apply(seq uint64, rec *wire.Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			s.fail(fmt.Errorf("apply record %d: panic", seq))
			panic(r)
		}
	}()
	s.at = position{seq, rec.AtMs}
	tx := Tx{View: View{s: s}}
	defer tx.close()
	for _, r := range s.derivers {
		if seq > r.file.start.seq {
			tx.file = r.file
			r.deriver.Apply(&tx, seq, rec)
		}
	}
	if tx.err != nil {
		s.fail(tx.err)
	}
	s.callFlush()
}

func (s *Store) callFlush() {
	for _, f := range s.files {
		if f.rows == s.opt.FlushRows {
			select {
			case s.wake <- struct{}{}:
			default:
			}
		}
	}
}
