package ingest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/subject"
)

// reason says why a segment can't be taken in. It is a closed set, fit for a
// metric's label.
type reason string

const (
	stranger   reason = "agent is unknown or revoked"
	signature  reason = "signature"
	version    reason = "version"
	malformed  reason = "malformed"
	otherAgent reason = "names another agent"
)

func reasonOf(err error) reason {
	switch {
	case errors.Is(err, segment.ErrSignature):
		return signature
	case errors.Is(err, segment.ErrVersion):
		return version
	}
	return malformed
}

// bury puts a segment that can't be taken in where a person can look at it, as
// long as there is room, and counts it in any case. The same bytes again only
// count up. A crash loses at most the copy: no mark covers it, so its agent
// still has the segment.
func (i *Ingest) bury(ctx context.Context, node subject.Node, data []byte, why reason) error {
	room, err := i.roomForDead(ctx)
	if err != nil {
		return fmt.Errorf("measure dead segments: %w", err)
	}
	digest := sha256.Sum256(data)
	name, kept := hex.EncodeToString(digest[:16])+".segment", len(data)
	if int64(kept) > room {
		name, kept = node.Agent()+": "+string(why), 0 // one row for all that don't fit
	} else if err := os.WriteFile(filepath.Join(i.dead, name), data, 0o600); err != nil {
		return fmt.Errorf("keep dead segment: %w", err)
	}
	return i.db.Update(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO ingest_dead (name, agent, site, reason, kept, times, first_ms, last_ms) VALUES (?, ?, ?, ?, ?, 1, ?, ?)
			ON CONFLICT (name) DO UPDATE SET times = times + 1, last_ms = excluded.last_ms`,
			name, node.Agent(), node.Site(), string(why), kept, i.nowMs(), i.nowMs())
		return err
	})
}

func (i *Ingest) roomForDead(ctx context.Context) (room int64, err error) {
	err = i.db.View(ctx, func(tx *store.Tx) error {
		return tx.One(`SELECT ? - coalesce(sum(kept), 0) FROM ingest_dead`, i.maxDead).Scan(&room)
	})
	return room, err
}
