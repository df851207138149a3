package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// payload is what the tests append under a sequence: told apart by it, and of
// lengths that end anywhere in a sector.
func payload(seq uint64) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%d,", seq), int(1+seq*7%61))
}

func small() Options {
	return Options{FileBytes: 16 << 10, Limit: 16 << 20, Reserve: 1 << 10, MinFree: 1, FlushEvery: 10 * time.Millisecond}
}

func mustOpen(t testing.TB, dir string, o Options) *Journal {
	t.Helper()
	j, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

func fill(t testing.TB, j *Journal, n int) {
	t.Helper()
	for range n {
		seq, err := j.Append(Routine, payload(j.Last()+1))
		if err != nil || seq != j.Last() {
			t.Fatalf("append: %d, %v", seq, err)
		}
	}
}

// expect reads the whole log and compares each record.
func expect(t testing.TB, j *Journal, first, last uint64) {
	t.Helper()
	want := first
	err := j.Read(first, last, func(seq uint64, p []byte) error {
		if seq != want || !bytes.Equal(p, payload(seq)) {
			return fmt.Errorf("record %d is %q, wanted %d", seq, p, want)
		}
		want++
		return nil
	})
	if err != nil || want != last+1 {
		t.Fatalf("read %d to %d: ended before %d: %v", first, last, want, err)
	}
}

func TestAppendSyncReopen(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, small())
	fill(t, j, 1000)
	if j.Durable() != 0 {
		t.Fatalf("durable %d before any sync", j.Durable())
	}
	expect(t, j, 1, 1000)
	if err := j.Sync(context.Background(), 500); err != nil {
		t.Fatal(err)
	}
	if j.Durable() != 1000 {
		t.Fatalf("one sync made only %d durable", j.Durable())
	}
	fill(t, j, 500)
	expect(t, j, 1, 1500)
	epoch := j.Epoch()
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, dir, small())
	if j.Epoch() != epoch || j.Durable() != 1500 || j.First() != 1 {
		t.Fatalf("reopened as %x with %+v", j.Epoch(), j.Stats())
	}
	fill(t, j, 10)
	expect(t, j, 1, 1510)
	for seq := uint64(1); seq <= 1510; seq += 13 {
		if p, err := j.At(seq); err != nil || !bytes.Equal(p, payload(seq)) {
			t.Fatalf("record %d is %q, %v", seq, p, err)
		}
	}
}
