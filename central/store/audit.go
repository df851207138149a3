package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Entry is one line of the audit trail: who did what to which thing. No field
// may hold a profile value.
type Entry struct {
	Seq     uint64 // dense from 1; set by the store
	AtMs    int64  // Unix ms of central's clock; set by the store
	Actor   string // a person, an agent, or a part of central
	Action  string // a verb phrase: "enrol agent"
	Subject string // what it was done to
	Detail  string // the rest, in words
}

// Head is the end of the trail. Two equal heads have equal trails, so a head
// noted elsewhere proves that nothing before it was changed or cut off.
type Head struct {
	Seq  uint64
	Hash [sha256.Size]byte
}

// ChainError says that the trail was altered: the entry at Seq, or one before
// it, is not the one that was written.
type ChainError struct{ Seq uint64 }

func (e *ChainError) Error() string {
	return fmt.Sprintf("audit trail altered at or before entry %d; compare with a backup", e.Seq)
}

// Audit appends to the trail, in the transaction of what it tells about: there
// is no deed without its entry, and no entry without its deed.
func (tx *Tx) Audit(e Entry) error {
	head, err := tx.head()
	if err != nil {
		return fmt.Errorf("read audit head: %w", err)
	}
	e.Seq, e.AtMs = head.Seq+1, tx.now().UnixMilli()
	hash := link(head.Hash, e)
	_, err = tx.Exec(`INSERT INTO audit (seq, at_ms, actor, action, subject, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		e.Seq, e.AtMs, e.Actor, e.Action, e.Subject, e.Detail, hash[:])
	return err
}

func (tx *Tx) head() (Head, error) {
	var h Head
	var hash []byte
	err := tx.One(`SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`).Scan(&h.Seq, &hash)
	if errors.Is(err, ErrNone) {
		return Head{}, nil
	}
	copy(h.Hash[:], hash)
	return h, err
}

// Trail calls fn with each entry after the given sequence, in order, and checks
// the chain from its first entry as it goes. It ends with a *ChainError where
// the chain breaks, and returns the head when it is whole.
func (db *DB) Trail(ctx context.Context, after uint64, fn func(Entry) error) (Head, error) {
	var head Head
	err := db.View(ctx, func(tx *Tx) error {
		for row, err := range tx.Query(`SELECT seq, at_ms, actor, action, subject, detail, hash FROM audit ORDER BY seq`) {
			if err != nil {
				return err
			}
			var e Entry
			var hash []byte
			if err := row.Scan(&e.Seq, &e.AtMs, &e.Actor, &e.Action, &e.Subject, &e.Detail, &hash); err != nil {
				return err
			}
			want := link(head.Hash, e)
			if e.Seq != head.Seq+1 || !bytes.Equal(hash, want[:]) {
				return &ChainError{Seq: e.Seq}
			}
			head = Head{Seq: e.Seq, Hash: want}
			if e.Seq > after {
				if err := fn(e); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return head, err
}

// Tail returns the last entries of the trail, newest first, without those of an
// actor that is left out; empty leaves nobody out. Whether they were altered only
// Trail tells.
func (db *DB) Tail(ctx context.Context, limit int, without string) (entries []Entry, err error) {
	err = db.View(ctx, func(tx *Tx) error {
		for row, err := range tx.Query(`SELECT seq, at_ms, actor, action, subject, detail FROM audit WHERE actor <> ? ORDER BY seq DESC LIMIT ?`, without, limit) {
			if err != nil {
				return err
			}
			var e Entry
			if err := row.Scan(&e.Seq, &e.AtMs, &e.Actor, &e.Action, &e.Subject, &e.Detail); err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// link is the hash of an entry over the hash before it: SHA-256 over the name of
// the format, the previous hash, sequence and time as little-endian u64, and
// the four strings, each after its length as u32.
func link(previous [sha256.Size]byte, e Entry) [sha256.Size]byte {
	b := append([]byte("aisle audit 0\n"), previous[:]...)
	b = binary.LittleEndian.AppendUint64(b, e.Seq)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.AtMs))
	for _, s := range []string{e.Actor, e.Action, e.Subject, e.Detail} {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	return sha256.Sum256(b)
}
