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
	b, err := l.load(f)
	if err != nil {
		return fmt.Errorf("read ledger file %s: %w", f.Path, err)
	}
	p, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return fmt.Errorf("read ledger file %s: %w", f.Path, err)
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
	rows, err := openRows(group)
	if err != nil {
		return n, err
	}
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
