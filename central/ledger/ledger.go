// Package ledger is the record of everything the agents sent: Parquet files
// that only ever grow in number, and one SQL row for each that counts.
//
// A file counts from the moment its row is committed. Append writes it whole
// under a name never used before, syncs it, renames it, syncs the folder, and
// then commits the row together with whatever its caller adds (ingest adds its
// marks). So a crash leaves either a file with its row and its marks, or a file
// without a row, which the next Open removes. Nothing is ever appended to a
// file or written over.
//
// # Layout
//
//	ledger/day=2026-11-21/<16 hex digits>.parquet
//
// The day is that of receipt in UTC, so a commit is one file and retention
// drops whole days; at_ms of a row can be much older (a store that was offline)
// or wrong (its clock). Columns are those of Row, zstd. Within a file the rows
// of an agent are in the order of its log. Files are known by their ordinal,
// dense from 1 in commit order; a reader's place is (ordinal, row).
//
// # Erasing a person
//
// A file holds all agents of a short span of time, and a person is seen by few
// agents at a time, so one visit lies in one or two files. Each file carries a
// Bloom filter over pseudonym, ten bits a row: the files to rewrite are found
// from the footers alone. A rewritten file keeps its ordinal and its rows; the
// person's become Nothing with an empty record, so that no reader's place
// moves, and one SQL row changes to name the new file.
//
// # Damage
//
// The SQL row holds size and SHA-256 of the file. Read verifies both before it
// gives out a row and returns ErrDamaged otherwise.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aisle-edge/aisle/central/store"
)

// ErrDamaged is returned by Read for a file that is not the one that was
// committed.
var ErrDamaged = errors.New("ledger file is damaged; restore it from a backup")

// Schema is the ledger's tables, for store.Open.
var Schema = store.Schema{Name: "ledger", Steps: []string{`
CREATE TABLE ledger_file (
  ordinal INTEGER PRIMARY KEY,
  path TEXT NOT NULL UNIQUE,
  rows INTEGER NOT NULL,
  size INTEGER NOT NULL,
  digest BLOB NOT NULL,
  received_ms INTEGER NOT NULL,
  min_at_ms INTEGER NOT NULL,
  max_at_ms INTEGER NOT NULL
);
CREATE TABLE ledger_range (
  file INTEGER NOT NULL REFERENCES ledger_file (ordinal),
  agent TEXT NOT NULL,
  epoch BLOB NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (agent, epoch, first)
) WITHOUT ROWID;`}}

// File is a committed file.
type File struct {
	Ordinal    int64  // dense from 1, in commit order
	Path       string // below the ledger's folder, with /
	Rows       int64
	Size       int64  // bytes
	Digest     []byte // SHA-256
	ReceivedMs int64  // of its newest row
	MinAtMs    int64
	MaxAtMs    int64
}

// Ledger is an open ledger. It is safe for concurrent use; appends queue.
type Ledger struct {
	// immutable after Open
	dir   string
	db    *store.DB
	after func(step string) error // crash tests stop between steps here

	appending sync.Mutex // one file at a time, so ordinals follow the order of commits

	mu   sync.Mutex // guards the rest
	end  int64      // ordinal of the last committed file
	grew chan struct{}
}

// Open opens the ledger in dir over a store that has Schema, and removes the
// files that a crash left without a row.
func Open(ctx context.Context, dir string, db *store.DB) (*Ledger, error) {
	l := &Ledger{dir: dir, db: db, after: func(string) error { return nil }, grew: make(chan struct{})}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	files, err := l.Files(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	if n := len(files); n > 0 {
		l.end = files[n-1].Ordinal
	}
	if err := l.sweep(files); err != nil {
		return nil, fmt.Errorf("open ledger: remove files of no commit: %w", err)
	}
	return l, nil
}

// sweep removes files that no row names. It only touches names of our own kind.
func (l *Ledger) sweep(committed []File) error {
	keep := make(map[string]bool, len(committed))
	for _, f := range committed {
		keep[f.Path] = true
	}
	return fs.WalkDir(os.DirFS(l.dir), ".", func(path string, d fs.DirEntry, err error) error {
		ours := strings.HasSuffix(path, suffix) || strings.HasSuffix(path, suffix+temporary)
		if err != nil || d.IsDir() || !ours || keep[path] {
			return err
		}
		return os.Remove(filepath.Join(l.dir, filepath.FromSlash(path)))
	})
}

// Files lists the committed files after an ordinal, in order.
func (l *Ledger) Files(ctx context.Context, after int64) (files []File, err error) {
	err = l.db.View(ctx, func(tx *store.Tx) error {
		for row, err := range tx.Query(`SELECT ordinal, path, rows, size, digest, received_ms, min_at_ms, max_at_ms
			FROM ledger_file WHERE ordinal > ? ORDER BY ordinal`, after) {
			if err != nil {
				return err
			}
			var f File
			if err := row.Scan(&f.Ordinal, &f.Path, &f.Rows, &f.Size, &f.Digest, &f.ReceivedMs, &f.MinAtMs, &f.MaxAtMs); err != nil {
				return err
			}
			files = append(files, f)
		}
		return nil
	})
	return files, err
}

// Wait blocks until a file after the given ordinal is committed.
func (l *Ledger) Wait(ctx context.Context, after int64) error {
	for {
		l.mu.Lock()
		end, grew := l.end, l.grew
		l.mu.Unlock()
		if end > after {
			return nil
		}
		select {
		case <-grew:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *Ledger) announce(ordinal int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end = ordinal
	close(l.grew)
	l.grew = make(chan struct{})
}
