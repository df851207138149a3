package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/aisle-edge/aisle/central/ledger"
)

const dayMs = int64(24 * time.Hour / time.Millisecond)

// seen knows the outcomes that count already, by the day they came. It is
// derived from the ledger, which alone is durable, so that the two can't differ
// after a crash. An outcome takes about 16 bytes.
type seen struct {
	days map[int64]map[uint64]struct{}
	keep int64 // days
}

// load reads the outcomes of the window from the ledger.
func (s *seen) load(ctx context.Context, l Ledger, nowMs int64) error {
	s.days = make(map[int64]map[uint64]struct{})
	files, err := l.Files(ctx, 0)
	if err != nil {
		return fmt.Errorf("list ledger files: %w", err)
	}
	for _, f := range files {
		if f.ReceivedMs/dayMs <= nowMs/dayMs-s.keep {
			continue
		}
		day := s.day(f.ReceivedMs)
		if err := l.OutcomeKeys(ctx, f, func(key uint64) { day[key] = struct{}{} }); err != nil {
			return err
		}
	}
	return nil
}

func (s *seen) day(ms int64) map[uint64]struct{} {
	day := s.days[ms/dayMs]
	if day == nil {
		day = make(map[uint64]struct{})
		s.days[ms/dayMs] = day
		for old := range s.days {
			if old <= ms/dayMs-s.keep {
				delete(s.days, old)
			}
		}
	}
	return day
}

func (s *seen) has(key uint64) bool {
	for _, day := range s.days {
		if _, ok := day[key]; ok {
			return true
		}
	}
	return false
}

// mark flags the outcomes among rows that count already, be it since an earlier
// commit or since an earlier row.
func (s *seen) mark(rows []ledger.Row) {
	fresh := make(map[uint64]struct{})
	for i := range rows {
		key := rows[i].OutcomeKey
		if key == 0 {
			continue
		}
		if _, twice := fresh[key]; twice || s.has(key) {
			rows[i].Duplicate = true
		}
		fresh[key] = struct{}{}
	}
}

// commit remembers the outcomes of rows once they are in the ledger.
func (s *seen) commit(rows []ledger.Row) {
	for i := range rows {
		if rows[i].OutcomeKey != 0 {
			s.day(rows[i].ReceivedMs)[rows[i].OutcomeKey] = struct{}{}
		}
	}
}
