package ingest

import (
	"context"
	"fmt"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
)

// advance is how a commit moves one log.
type advance struct {
	log       *nodeLog
	committed uint64
	atMs      int64
}

// commit puts everything that can be in the ledger there. See the package for
// what a crash leaves at each step.
func (i *Ingest) commit(ctx context.Context) error {
	i.fresh = 0
	rows := i.rows[:0]
	defer func() { clear(rows); i.rows = rows }() // let the segments' memory go
	var advances []advance
	for _, l := range i.logs {
		if len(l.waiting) == 0 {
			continue
		}
		before := len(rows)
		var committed uint64
		if rows, committed = l.drain(rows); len(rows) > before {
			advances = append(advances, advance{l, committed, rows[len(rows)-1].AtMs})
		}
	}
	if len(rows) == 0 {
		return nil
	}
	i.seen.mark(rows)
	if _, err := i.ledger.Append(ctx, rows, func(tx *store.Tx) error { return i.writeMarks(tx, advances) }); err != nil {
		return fmt.Errorf("commit %d rows: %w", len(rows), err)
	}
	i.seen.commit(rows)
	i.countRows(rows)
	for _, a := range advances {
		i.owed[a.log.key] = a.log
		for _, answered := range a.log.settle(a.committed, a.atMs) {
			i.waiting -= answered.bytes()
			i.count(func(s *Stats) { s.Segments++ })
			i.answer(ctx, answered.Delivery)
		}
	}
	return nil
}

// writeMarks moves the marks, each from exactly where this process believes it
// to be. If an earlier commit happened although its answer was lost, or another
// process is at work, the transaction fails and the rows are not there twice.
func (i *Ingest) writeMarks(tx *store.Tx, advances []advance) error {
	for _, a := range advances {
		l := a.log
		var moved int64
		var err error
		if l.committed == 0 {
			moved, err = tx.Exec(`INSERT INTO ingest_mark (agent, epoch, site, committed, at_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?)`,
				l.key.agent, l.key.epoch[:], l.node.Site(), a.committed, a.atMs, i.nowMs())
		} else {
			moved, err = tx.Exec(`UPDATE ingest_mark SET committed = ?, site = ?, at_ms = ?, updated_ms = ?
				WHERE agent = ? AND epoch = ? AND committed = ?`,
				a.committed, l.node.Site(), a.atMs, i.nowMs(), l.key.agent, l.key.epoch[:], l.committed)
		}
		if err != nil {
			return err
		}
		if moved != 1 {
			return fmt.Errorf("mark of %s is not at %d any more", l.key.agent, l.committed)
		}
	}
	return nil
}

func (i *Ingest) countRows(rows []ledger.Row) {
	i.count(func(s *Stats) {
		s.Rows += int64(len(rows))
		for k := range rows {
			switch r := &rows[k]; {
			case r.Kind == ledger.Unreadable:
				s.Unreadable++
			case r.Duplicate:
				s.Duplicates++
			case r.Kind == ledger.Outcome && len(r.Decision) == 0:
				s.Unmatched++
			}
		}
	})
}
