package ledger

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"github.com/aisle-edge/aisle/central/store"
)

const (
	suffix    = ".parquet"
	temporary = ".tmp"
)

// Append commits rows as one file. with runs in the transaction of the file's
// row: what it writes is there exactly when the rows are. When Append fails the
// commit may still have happened (the disk took it, the answer was lost), so
// with must refuse, by a condition on its own rows, to happen a second time.
//
// The rows' byte slices are not kept.
func (l *Ledger) Append(ctx context.Context, rows []Row, with func(*store.Tx) error) (File, error) {
	if len(rows) == 0 {
		return File{}, errors.New("append to ledger: no rows")
	}
	l.appending.Lock()
	defer l.appending.Unlock()
	f, err := l.write(rows)
	if err != nil {
		return File{}, fmt.Errorf("write ledger file: %w", err)
	}
	// From here on the file is on disk; without the row it is garbage.
	err = l.db.Update(ctx, func(tx *store.Tx) error {
		if err := insert(tx, &f, rows); err != nil {
			return err
		}
		return with(tx)
	})
	if err == nil {
		err = l.after("commit")
	}
	if err != nil {
		// The file stays: if the commit did happen, it is no garbage.
		return File{}, fmt.Errorf("commit ledger file: %w", err)
	}
	l.announce(f.Ordinal)
	return f, nil
}

// write leaves the file under its final name, synced, with its folder.
func (l *Ledger) write(rows []Row) (File, error) {
	f := describe(rows)
	path := filepath.Join(l.dir, filepath.FromSlash(f.Path))
	day := filepath.Dir(path)
	if _, err := os.Stat(day); errors.Is(err, os.ErrNotExist) {
		if err := errors.Join(os.Mkdir(day, 0o700), syncFolder(l.dir)); err != nil {
			return f, err
		}
	}
	if err := l.writeTemporary(path+temporary, &f, rows); err != nil {
		return f, err
	}
	if err := os.Rename(path+temporary, path); err != nil {
		return f, err
	}
	if err := l.after("rename"); err != nil {
		return f, err
	}
	if err := syncFolder(day); err != nil {
		return f, err
	}
	return f, l.after("sync folder")
}

func (l *Ledger) writeTemporary(path string, f *File, rows []Row) (err error) {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	sum := &summed{to: file, sha: sha256.New()}
	if err := encode(sum, rows); err != nil {
		return err
	}
	f.Size, f.Digest = sum.size, sum.sha.Sum(nil)
	if err := l.after("write"); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	return l.after("sync")
}

// summed counts and hashes what passes through to the file.
type summed struct {
	to   io.Writer
	sha  hash.Hash
	size int64
}

func (s *summed) Write(b []byte) (int, error) {
	n, err := s.to.Write(b)
	s.sha.Write(b[:n])
	s.size += int64(n)
	return n, err
}

func encode(w io.Writer, rows []Row) error {
	buffered := bufio.NewWriterSize(w, 1<<20)
	p := parquet.NewGenericWriter[Row](buffered,
		parquet.Compression(&zstd.Codec{Level: zstd.SpeedFastest, Concurrency: 1}),
		parquet.BloomFilters(parquet.SplitBlockFilter(10, "pseudonym")),
		parquet.SkipPageStatistics("record"), parquet.SkipPageBounds("record"),
		parquet.CreatedBy("aisle", "0", ""))
	if _, err := p.Write(rows); err != nil {
		return err
	}
	return errors.Join(p.Close(), buffered.Flush())
}

func describe(rows []Row) File {
	f := File{Rows: int64(len(rows)), MinAtMs: rows[0].AtMs, MaxAtMs: rows[0].AtMs}
	for i := range rows {
		f.ReceivedMs = max(f.ReceivedMs, rows[i].ReceivedMs)
		f.MinAtMs = min(f.MinAtMs, rows[i].AtMs)
		f.MaxAtMs = max(f.MaxAtMs, rows[i].AtMs)
	}
	var name [8]byte
	rand.Read(name[:])
	day := time.UnixMilli(f.ReceivedMs).UTC().Format(time.DateOnly)
	f.Path = "day=" + day + "/" + hex.EncodeToString(name[:]) + suffix
	return f
}

// insert writes the file's row and the ranges of the logs it holds. A range
// that starts where one already started violates the key: a second line of
// defence, after the marks, against counting twice.
func insert(tx *store.Tx, f *File, rows []Row) error {
	err := tx.One(`INSERT INTO ledger_file (ordinal, path, rows, size, digest, received_ms, min_at_ms, max_at_ms)
		VALUES ((SELECT coalesce(max(ordinal), 0) + 1 FROM ledger_file), ?, ?, ?, ?, ?, ?, ?) RETURNING ordinal`,
		f.Path, f.Rows, f.Size, f.Digest, f.ReceivedMs, f.MinAtMs, f.MaxAtMs).Scan(&f.Ordinal)
	if err != nil {
		return err
	}
	for first := 0; first < len(rows); {
		last := first
		for last+1 < len(rows) && follows(&rows[last], &rows[last+1]) {
			last++
		}
		r := &rows[first]
		if _, err := tx.Exec(`INSERT INTO ledger_range (file, agent, epoch, first, last) VALUES (?, ?, ?, ?, ?)`,
			f.Ordinal, r.Agent, r.Epoch[:], r.Seq, rows[last].Seq); err != nil {
			return err
		}
		first = last + 1
	}
	return nil
}

func follows(a, b *Row) bool {
	return b.Seq == a.Seq+1 && b.Agent == a.Agent && b.Epoch == a.Epoch
}
