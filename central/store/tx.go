package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"
)

// Tx is a transaction. It is valid until the function it was given to returns,
// and for one goroutine.
type Tx struct {
	tx  *sql.Tx // ends with the context it was begun with
	now func() time.Time
}

// Row is one row of a query's answer.
type Row struct {
	scan func(dest ...any) error
}

// Update runs fn in the one writing transaction. When it returns nil everything
// fn did is durable; when fn fails or the process dies, nothing of it happened.
func (db *DB) Update(ctx context.Context, fn func(*Tx) error) error {
	return db.run(ctx, db.write, fn)
}

// View runs fn over a snapshot: it sees whole updates only, and the same ones
// from its first statement to its last.
func (db *DB) View(ctx context.Context, fn func(*Tx) error) error {
	return db.run(ctx, db.read, fn)
}

func (db *DB) run(ctx context.Context, pool *sql.DB, fn func(*Tx) error) error {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("begin transaction: %w", err)
	}
	defer tx.Rollback() // after a commit this does nothing
	if err := fn(&Tx{tx: tx, now: db.now}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	return nil
}

// Exec runs a statement and says how many rows it changed.
func (tx *Tx) Exec(statement string, args ...any) (changed int64, err error) {
	res, err := tx.tx.Exec(statement, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// One returns the first row of a query's answer. What went wrong, ErrNone
// included, comes out of Scan.
func (tx *Tx) One(query string, args ...any) Row {
	row := tx.tx.QueryRow(query, args...)
	return Row{scan: row.Scan}
}

// Query iterates over a query's answer. An error ends it.
func (tx *Tx) Query(query string, args ...any) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		rows, err := tx.tx.Query(query, args...)
		if err != nil {
			yield(Row{}, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			if !yield(Row{scan: rows.Scan}, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(Row{}, err)
		}
	}
}

// Scan copies the row's columns into dest, as database/sql does.
func (r Row) Scan(dest ...any) error {
	err := r.scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNone
	}
	return err
}
