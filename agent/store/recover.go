package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Recover loads the derivers and brings the tables up to the end of the log;
// last it calls Recovered() error of the derivers that have it. Before it,
// nothing may be committed; after it, no table declared and no deriver
// registered.
func (s *Store) Recover(ctx context.Context) error {
	s.at = s.least()
	if err := s.View(s.load); err != nil {
		return fmt.Errorf("load the tables: %w", err)
	}
	from := s.at.seq + 1
	if first := s.log.First(); from < first {
		slog.Error("records between a rebuilt file and the log are gone", "from", from, "to", first-1)
		from = first
	}
	err := s.log.Read(from, math.MaxUint64, func(seq uint64, payload []byte) error {
		if err := s.replay(seq, payload); err != nil {
			return err
		}
		return s.Pace(ctx)
	})
	if err != nil {
		return fmt.Errorf("read the log: %w", err)
	}
	for _, r := range s.derivers {
		if d, ok := r.deriver.(interface{ Recovered() error }); ok {
			if err := d.Recovered(); err != nil {
				return err
			}
		}
	}
	s.trim()
	return nil
}

func (s *Store) load(v *View) error {
	for _, r := range s.derivers {
		err := r.deriver.Load(v)
		if errors.Is(err, ErrCorrupt) && v.err == nil {
			err = r.file.suspect(err) // or every start would end here
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) replay(seq uint64, payload []byte) error {
	rec, err := wire.Decode(payload)
	if err != nil {
		return fmt.Errorf("decode record %d: %w", seq, err)
	}
	s.logged.Add(int64(len(payload)))
	s.clock.raise(rec.AtMs)
	s.apply(seq, rec)
	return s.failure()
}

// least is where the file that is furthest behind stands, at the latest time
// that any of them has seen.
func (s *Store) least() position {
	p := s.files[0].start
	for _, f := range s.files[1:] {
		p = position{min(p.seq, f.start.seq), max(p.ms, f.start.ms)}
	}
	return p
}
