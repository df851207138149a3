package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/aisle-edge/aisle/sync/crashtest"
)

// TestMain lets the crash test run this binary again as its victim.
func TestMain(m *testing.M) {
	if dir := os.Getenv("STORE_VICTIM"); dir != "" {
		victim(dir)
	}
	os.Exit(m.Run())
}

// victim commits numbers for ever and says each one only after its commit.
func victim(dir string) {
	db, err := Open(dir, nil, things)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for {
		var id int64
		err := db.Update(context.Background(), func(tx *Tx) error {
			if _, err := tx.Exec(`INSERT INTO thing (word) VALUES ('x')`); err != nil {
				return err
			}
			if err := tx.Audit(Entry{Action: "insert"}); err != nil {
				return err
			}
			return tx.One(`SELECT max(id) FROM thing`).Scan(&id)
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(id)
	}
}

// TestAcknowledgedUpdateSurvivesKill kills a writing process at random moments:
// what it had announced must be there, with its audit entry, and nothing half.
func TestAcknowledgedUpdateSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	announced, kills := 0, crashtest.Kills(20)
	for range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "STORE_VICTIM="+dir)
		said, after := 0, 1+rng.IntN(12)
		crashtest.Kill(t, cmd, func() bool { return said >= after }, func(line string) {
			said++
			fmt.Sscan(line, &announced)
		})

		db := open(t, dir, things)
		rows := count(t, db, `SELECT count(*) FROM thing`)
		head, err := db.Trail(t.Context(), 0, func(Entry) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if rows < announced || rows > announced+1 || head.Seq != uint64(rows) {
			t.Fatalf("%d rows and %d audit entries after %d were announced", rows, head.Seq, announced)
		}
		announced = rows
		db.Close()
	}
	t.Logf("%d kills, %d updates, none half and none missing", kills, announced)
}
