package store

import (
	"errors"
	"testing"
)

func written(t *testing.T) *DB {
	db := open(t, t.TempDir(), things)
	for _, subject := range []string{"store-1", "store-2", "store-3"} {
		err := db.Update(t.Context(), func(tx *Tx) error {
			return tx.Audit(Entry{Actor: "admin", Action: "enrol agent", Subject: subject, Detail: "by token"})
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestAuditTrailReadsBack(t *testing.T) {
	db := written(t)
	var got []string
	head, err := db.Trail(t.Context(), 1, func(e Entry) error { got = append(got, e.Subject); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if head.Seq != 3 || len(got) != 2 || got[0] != "store-2" || got[1] != "store-3" {
		t.Fatalf("head %d, entries %q; want head 3 and the last two", head.Seq, got)
	}
}

func TestAuditTail(t *testing.T) {
	db := written(t)
	tail, err := db.Tail(t.Context(), 2, "")
	if err != nil || len(tail) != 2 || tail[0].Seq != 3 || tail[0].Subject != "store-3" || tail[1].Seq != 2 || tail[1].AtMs == 0 {
		t.Errorf("tail is %+v (%v)", tail, err)
	}
	if tail, err := db.Tail(t.Context(), 2, "admin"); err != nil || len(tail) != 0 {
		t.Errorf("without its only actor the tail is %+v (%v)", tail, err)
	}
}

func TestAuditEntryGoesWithItsDeed(t *testing.T) {
	db := written(t)
	failed := errors.New("deed failed")
	err := db.Update(t.Context(), func(tx *Tx) error { return errors.Join(tx.Audit(Entry{Action: "revoke"}), failed) })
	if !errors.Is(err, failed) {
		t.Fatal(err)
	}
	if n := count(t, db, `SELECT count(*) FROM audit`); n != 3 {
		t.Fatalf("%d entries, want 3: the fourth deed failed", n)
	}
}

func TestAuditAlterationIsFound(t *testing.T) {
	for name, alter := range map[string]string{
		"field":    `UPDATE audit SET detail = 'by hand' WHERE seq = 2`,
		"time":     `UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 1`,
		"shifted":  `UPDATE audit SET actor = 'admi', action = 'nenrol agent' WHERE seq = 2`,
		"hash":     `UPDATE audit SET hash = zeroblob(32) WHERE seq = 3`,
		"deleted":  `DELETE FROM audit WHERE seq = 2`,
		"first":    `DELETE FROM audit WHERE seq = 1`,
		"inserted": `INSERT INTO audit SELECT 4, at_ms, actor, action, subject, detail, hash FROM audit WHERE seq = 3`,
	} {
		t.Run(name, func(t *testing.T) {
			db := written(t)
			if err := db.Update(t.Context(), func(tx *Tx) error { _, err := tx.Exec(alter); return err }); err != nil {
				t.Fatal(err)
			}
			_, err := db.Trail(t.Context(), 0, func(Entry) error { return nil })
			if broken := (*ChainError)(nil); !errors.As(err, &broken) {
				t.Fatalf("got %v, want a *ChainError", err)
			}
		})
	}
}

// TestForgedEntryBreaksTheChainAfterIt: whoever can write the file can also
// compute a hash, but then not the ones that were noted after it.
func TestForgedEntryBreaksTheChainAfterIt(t *testing.T) {
	db := written(t)
	err := db.Update(t.Context(), func(tx *Tx) error {
		var before []byte
		forged := Entry{Seq: 2, Actor: "admin", Action: "enrol agent", Subject: "store-9", Detail: "by token"}
		if err := tx.One(`SELECT hash FROM audit WHERE seq = 1`).Scan(&before); err != nil {
			return err
		}
		if err := tx.One(`SELECT at_ms FROM audit WHERE seq = 2`).Scan(&forged.AtMs); err != nil {
			return err
		}
		hash := link([32]byte(before), forged)
		_, err := tx.Exec(`UPDATE audit SET subject = ?, hash = ? WHERE seq = 2`, forged.Subject, hash[:])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = db.Trail(t.Context(), 0, func(Entry) error { return nil })
	if broken := (*ChainError)(nil); !errors.As(err, &broken) || broken.Seq != 3 {
		t.Fatalf("got %v, want the chain to break at 3", err)
	}
}

func TestAuditCutTailChangesTheHead(t *testing.T) {
	db := written(t)
	ignore := func(Entry) error { return nil }
	before, err := db.Trail(t.Context(), 0, ignore)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(t.Context(), func(tx *Tx) error { _, err := tx.Exec(`DELETE FROM audit WHERE seq = 3`); return err }); err != nil {
		t.Fatal(err)
	}
	after, err := db.Trail(t.Context(), 0, ignore)
	if err != nil || after == before {
		t.Fatalf("head %v after the cut (error %v), equal to the one noted before", after, err)
	}
}
