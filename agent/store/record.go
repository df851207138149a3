package store

import (
	"errors"
	"fmt"

	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrGone: the log does not hold this record any more, or is another one.
var ErrGone = errors.New("store: the record is not in the log")

// Record reads a record back from the log, durable or not. ErrGone.
func (s *Store) Record(seq uint64) (*wire.Record, error) {
	b, err := s.log.At(seq)
	if errors.Is(err, journal.ErrNotHeld) {
		return nil, ErrGone
	} else if err != nil {
		return nil, fmt.Errorf("read record %d: %w", seq, err)
	}
	rec, err := wire.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("read record %d: %w", seq, err)
	}
	return rec, nil
}

// Epoch names the log that sequences are of.
func (s *Store) Epoch() [16]byte { return s.log.Epoch() }
