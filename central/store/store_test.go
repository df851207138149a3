package store

import (
	"context"
	"errors"
	"testing"
	"time"
)

var things = Schema{Name: "thing", Steps: []string{`CREATE TABLE thing (id INTEGER PRIMARY KEY, word TEXT)`}}

func open(t *testing.T, dir string, schemas ...Schema) *DB {
	t.Helper()
	clock := time.UnixMilli(1_700_000_000_000)
	db, err := Open(dir, func() time.Time { clock = clock.Add(time.Second); return clock }, schemas...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func count(t *testing.T, db *DB, query string) (n int) {
	t.Helper()
	if err := db.View(t.Context(), func(tx *Tx) error { return tx.One(query).Scan(&n) }); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestUpdateIsAllOrNothing(t *testing.T) {
	db := open(t, t.TempDir(), things)
	broken := errors.New("broken")
	insert := func(tx *Tx) error {
		_, err := tx.Exec(`INSERT INTO thing (word) VALUES (?)`, "a")
		return err
	}
	if err := db.Update(t.Context(), insert); err != nil {
		t.Fatal(err)
	}
	err := db.Update(t.Context(), func(tx *Tx) error {
		if err := insert(tx); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v, want the function's own error", err)
	}
	func() {
		defer func() { recover() }()
		db.Update(t.Context(), func(tx *Tx) error { insert(tx); panic("half way") })
	}()
	if n := count(t, db, `SELECT count(*) FROM thing`); n != 1 {
		t.Fatalf("%d rows, want the one that was committed", n)
	}
}

func TestViewSeesWholeUpdatesAndDoesNotWait(t *testing.T) {
	db := open(t, t.TempDir(), things)
	inside := make(chan struct{})
	release := make(chan struct{})
	done := make(chan error, 1)
	go func() {
		done <- db.Update(context.Background(), func(tx *Tx) error {
			_, err := tx.Exec(`INSERT INTO thing (word) VALUES ('a'), ('b')`)
			close(inside)
			<-release
			return err
		})
	}()
	<-inside
	if n := count(t, db, `SELECT count(*) FROM thing`); n != 0 {
		t.Fatalf("a view saw %d rows of an update in flight", n)
	}
	close(release)
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := count(t, db, `SELECT count(*) FROM thing`); n != 2 {
		t.Fatalf("%d rows after the update, want 2", n)
	}
	if err := db.View(t.Context(), func(tx *Tx) error { _, err := tx.Exec(`DELETE FROM thing`); return err }); err == nil {
		t.Fatal("a view could write")
	}
}

func TestQueryIterates(t *testing.T) {
	db := open(t, t.TempDir(), things)
	err := db.Update(t.Context(), func(tx *Tx) error {
		if _, err := tx.Exec(`INSERT INTO thing (word) VALUES ('a'), ('b'), ('c')`); err != nil {
			return err
		}
		var got string
		for row, err := range tx.Query(`SELECT word FROM thing ORDER BY id`) {
			var w string
			if err := errors.Join(err, row.Scan(&w)); err != nil {
				return err
			}
			if got += w; w == "b" {
				break
			}
		}
		if got != "ab" {
			t.Errorf("read %q, want %q", got, "ab")
		}
		for _, err := range tx.Query(`SELECT nonsense`) {
			if err == nil {
				t.Error("a broken query gave a row")
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.View(t.Context(), func(tx *Tx) error { return tx.One(`SELECT 1 FROM thing WHERE id = 99`).Scan(new(int)) })
	if !errors.Is(err, ErrNone) {
		t.Fatalf("got %v, want ErrNone", err)
	}
}

func TestOneProcessADirectory(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	if _, err := Open(dir, nil); !errors.Is(err, ErrLocked) {
		t.Fatalf("got %v, want ErrLocked", err)
	}
	if err := errors.Join(db.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestMigrations(t *testing.T) {
	dir := t.TempDir()
	reopen := func(s Schema) error {
		db, err := Open(dir, nil, s)
		if err == nil {
			err = db.Close()
		}
		return err
	}
	if err := reopen(things); err != nil {
		t.Fatal(err)
	}
	broken := Schema{Name: "thing", Steps: append(things.Steps[:1:1], `ALTER TABLE thing ADD COLUMN size INTEGER`, `CREATE NONSENSE`)}
	if err := reopen(broken); err == nil {
		t.Fatal("a broken step was accepted")
	}
	// The good step before the broken one must not have stuck, or it would run twice.
	two := Schema{Name: "thing", Steps: broken.Steps[:2]}
	for range 2 {
		if err := reopen(two); err != nil {
			t.Fatal(err)
		}
	}
	if err := reopen(things); !errors.Is(err, ErrNewer) {
		t.Fatalf("got %v, want ErrNewer", err)
	}
}
