package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"
)

// Read calls fn with each row of a committed file, in order. The row and all it
// points to are valid until fn returns, except Agent, Site and Kind, which may
// be kept. fn's error ends the reading and is returned as it is.
func (l *Ledger) Read(ctx context.Context, f File, fn func(row int64, r *Row) error) error {
	p, err := l.open(f)
	if err != nil {
		return err
	}
	n := int64(0)
	for _, group := range p.RowGroups() {
		if n, err = readGroup(ctx, group, n, fn); err != nil {
			return err
		}
	}
	return nil
}

func readGroup(ctx context.Context, group parquet.RowGroup, n int64, fn func(int64, *Row) error) (int64, error) {
	rows := openRows(group)
	defer rows.close()
	for r := new(Row); ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return n, ctx.Err()
		}
		if err := rows.next(r); errors.Is(err, io.EOF) {
			return n, nil
		} else if err != nil {
			return n, err
		}
		if err := fn(n, r); err != nil {
			return n, err
		}
	}
}

// OutcomeKeys calls fn with the key of each outcome in a committed file. It is
// Read for the one column, and about ten times as fast.
func (l *Ledger) OutcomeKeys(ctx context.Context, f File, fn func(key uint64)) error {
	p, err := l.open(f)
	if err != nil {
		return err
	}
	for _, group := range p.RowGroups() {
		c := column{pages: group.ColumnChunks()[outcomeKey].Pages()}
		for range group.NumRows() {
			v, err := c.next()
			if err != nil {
				c.close()
				return fmt.Errorf("read ledger file %s: %w", f.Path, err)
			}
			if key := v.Uint64(); key != 0 {
				fn(key)
			}
		}
		c.close()
	}
	return ctx.Err()
}

func (l *Ledger) open(f File) (*parquet.File, error) {
	b, err := l.load(f)
	if err != nil {
		return nil, fmt.Errorf("read ledger file %s: %w", f.Path, err)
	}
	p, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return nil, fmt.Errorf("read ledger file %s: %w", f.Path, err)
	}
	if got, want := len(p.Schema().Columns()), len(schema.Columns()); got != want {
		return nil, fmt.Errorf("read ledger file %s: %d columns, want %d", f.Path, got, want)
	}
	return p, nil
}

// load reads a file whole: it is at most one commit large.
func (l *Ledger) load(f File) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(l.dir, filepath.FromSlash(f.Path)))
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(b); !bytes.Equal(sum[:], f.Digest) {
		return nil, ErrDamaged
	}
	return b, nil
}
