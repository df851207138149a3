// Package store is the one door to SQL: central's small facts (marks, agents,
// ledger files, checkpoints, releases, the audit trail) in one SQLite file.
//
// The door passes statements; it knows no table but its own two. Each package
// keeps its tables, its statements and its migrations beside the code that
// means them, and hands Open a Schema under its own name. So store does not
// grow with every noun of central, a table has one owner, and packages still
// commit together: whoever opens the transaction passes it on, which is how a
// ledger file and the marks that it covers become one commit.
//
// Durability: write-ahead log with synchronous=FULL, so Update has returned
// only after its fsync; a crash leaves the transactions that had returned, and
// at most the one in flight. Updates run one at a time; views are snapshots and
// never wait for them. A second process on the same directory gets ErrLocked.
package store

import (
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

var (
	// ErrNone is returned by Row.Scan when the query gave no row.
	ErrNone = errors.New("no such row")
	// ErrLocked is returned by Open while another process has the directory.
	ErrLocked = errors.New("another process uses this directory; stop it first")
	// ErrNewer is returned by Open for a file that a newer version has migrated.
	ErrNewer = errors.New("written by a newer version; install that version or restore an older backup")
)

const (
	fileName = "central.db"
	lockName = "central.lock"
	readers  = 4 // connections for views; each keeps its own page cache
)

// DB is an open store. It is safe for concurrent use.
type DB struct {
	// immutable after Open
	write *sql.DB // one connection, so updates queue in order
	read  *sql.DB
	lock  *sql.DB
	held  *sql.Tx // exclusive, on the lock file, never committed
	now   func() time.Time
}

// Open opens the store in dir, makes it if it is not there, and migrates every
// schema to its last step. now stamps the audit trail; nil means time.Now.
func Open(dir string, now func() time.Time, schemas ...Schema) (*DB, error) {
	if now == nil {
		now = time.Now
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db := &DB{now: now}
	if err := db.open(dir, schemas); err != nil {
		return nil, errors.Join(fmt.Errorf("open store %s: %w", dir, err), db.Close())
	}
	return db, nil
}

func (db *DB) open(dir string, schemas []Schema) error {
	if err := db.takeLock(filepath.Join(dir, lockName)); err != nil {
		return err
	}
	path := filepath.Join(dir, fileName)
	var err error
	if db.write, err = connect(path, 1, "_txlock=immediate", "_pragma=busy_timeout(5000)",
		"_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)", "_pragma=foreign_keys(1)"); err != nil {
		return err
	}
	if err := db.migrate(append([]Schema{own}, schemas...)); err != nil {
		return err
	}
	db.read, err = connect(path, readers, "_pragma=busy_timeout(5000)", "_pragma=query_only(1)")
	return err
}

// takeLock leans on SQLite's own file locking, which every system of ours has,
// to keep a second process out until this one closes or dies.
func (db *DB) takeLock(path string) (err error) {
	if db.lock, err = connect(path, 1, "_txlock=exclusive", "_pragma=busy_timeout(200)"); err != nil {
		return err
	}
	db.held, err = db.lock.Begin()
	if busy := (*sqlite.Error)(nil); errors.As(err, &busy) && busy.Code() == lib.SQLITE_BUSY {
		return ErrLocked
	}
	return err
}

// connect makes a pool of SQLite connections; its first use opens the file.
func connect(path string, conns int, options ...string) (*sql.DB, error) {
	file := &url.URL{Path: filepath.ToSlash(path)}
	db, err := sql.Open("sqlite", "file:"+file.EscapedPath()+"?"+strings.Join(options, "&"))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// Close waits for transactions in flight and releases the directory. It may be
// called twice.
func (db *DB) Close() error {
	var errs []error
	if db.held != nil {
		errs = append(errs, db.held.Rollback())
		db.held = nil
	}
	for _, pool := range []**sql.DB{&db.read, &db.write, &db.lock} {
		if *pool != nil {
			errs = append(errs, (*pool).Close())
			*pool = nil
		}
	}
	return errors.Join(errs...)
}
