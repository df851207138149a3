package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// secret is what a record holds that is to go; stub what then stands there.
const secret = "PLANTED-MARKER"

func holds(seq uint64) bool { return seq%3 == 1 }

func planted(seq uint64) []byte {
	if holds(seq) {
		return append(payload(seq), secret...)
	}
	return payload(seq)
}

func stub(seq uint64) []byte { return fmt.Appendf(nil, "was %d", seq) }

func forget(seq uint64, p []byte) []byte {
	if bytes.Contains(p, []byte(secret)) {
		return stub(seq)
	}
	return nil
}

func plant(t testing.TB, j *Journal, n int) {
	t.Helper()
	for range n {
		if _, err := j.Append(Routine, planted(j.Last()+1)); err != nil {
			t.Fatal(err)
		}
	}
}

// rewritten tells whether every record is there, the secret ones up to a sequence
// as stubs, the others as they were.
func rewritten(j *Journal, upTo uint64) error {
	want := j.First()
	err := j.Read(want, j.Last(), func(seq uint64, p []byte) error {
		expected := planted(seq)
		if holds(seq) && seq <= upTo {
			expected = stub(seq)
		}
		if seq != want || !bytes.Equal(p, expected) {
			return fmt.Errorf("record %d is %.40q", seq, p)
		}
		want++
		return nil
	})
	if err == nil && want != j.Last()+1 {
		err = fmt.Errorf("ends before %d", want)
	}
	return err
}

// TestRewrittenIsNowhere greps the folder, before and after, and reads all that
// was not to change.
func TestRewrittenIsNowhere(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, small())
	plant(t, j, 400)
	if err := j.Sync(t.Context(), 400); err != nil {
		t.Fatal(err)
	}
	if !grep(t, dir, secret) {
		t.Fatal("nothing was planted")
	}
	before := j.Stats()
	for range 2 { // the second time there is nothing to do
		if err := j.Rewrite(t.Context(), 400, forget); err != nil {
			t.Fatal(err)
		}
		if grep(t, dir, secret) {
			t.Error("the folder holds what was rewritten")
		}
		if err := rewritten(j, 400); err != nil {
			t.Error(err)
		}
	}
	if after := j.Stats(); after.Last != 400 || after.First != 1 || after.Bytes > before.Bytes+j.o.FileBytes {
		t.Errorf("%+v became %+v", before, after)
	}
	fill(t, j, 3)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = mustOpen(t, dir, small())
	if b, err := j.At(400); err != nil || string(b) != string(stub(400)) || j.Last() != 403 {
		t.Errorf("%q, %v", b, err)
	}
}

// TestTornBytesAreRewritten: what an abandoned file holds behind its records goes too.
func TestTornBytesAreRewritten(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, small())
	fill(t, j, 10)
	if err := j.Sync(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	if _, err := j.active.WriteAt([]byte(secret), j.current.end); err != nil {
		t.Fatal(err)
	}
	<-j.token
	err := j.rotate()
	j.token <- struct{}{}
	if err == nil {
		err = j.Rewrite(t.Context(), 10, forget)
	}
	if err != nil || grep(t, dir, secret) {
		t.Error("a torn write outlived the rewriting", err)
	}
	expect(t, j, 1, 10)
}

func grep(t testing.TB, dir, text string) bool {
	t.Helper()
	names, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range names {
		if b, err := os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		} else if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}

// TestReadersBesideARewrite: who appends, reads and drops meanwhile finds each
// record whole, as it was or as a stub.
func TestReadersBesideARewrite(t *testing.T) {
	o := small()
	o.FileBytes = 128 << 10 // so that readers go by offsets
	j := mustOpen(t, t.TempDir(), o)
	plant(t, j, 1500)
	if err := j.Sync(t.Context(), 1500); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	for w := range uint64(4) {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(w, 1))
			for {
				select {
				case <-done:
					return
				default:
				}
				seq := 1 + r.Uint64N(1500)
				p, err := j.At(seq)
				if errors.Is(err, ErrNotHeld) && seq < 300 {
					continue
				}
				if err != nil || !bytes.Equal(p, planted(seq)) && !(holds(seq) && bytes.Equal(p, stub(seq))) {
					t.Errorf("record %d is %.40q: %v", seq, p, err)
					return
				}
			}
		})
	}
	wg.Go(func() {
		for range 200 {
			if seq, err := j.Append(Routine, payload(1)); err != nil || j.Sync(context.Background(), seq) != nil {
				t.Error(err)
			}
		}
	})
	if err := j.Rewrite(t.Context(), 1500, forget); err != nil {
		t.Error(err)
	}
	if err := j.Drop(200); err != nil {
		t.Error(err)
	}
	close(done)
	wg.Wait()
}

// TestRewriteSurvivesPowerCuts cuts at every call on the disk: the log holds each
// record, as it was or as a stub, and the same call again does the rest.
func TestRewriteSurvivesPowerCuts(t *testing.T) {
	for at := 1; ; at++ {
		r := rand.New(rand.NewPCG(7, uint64(at)))
		d := newForgetful()
		j, err := openOn(d, small())
		if err != nil {
			t.Fatal(err)
		}
		plant(t, j, 120)
		if err := j.Sync(t.Context(), 120); err != nil {
			t.Fatal(err)
		}
		end := d.hook(nil) + at
		d.hook(func(string, string) error {
			if d.ops > end {
				return errPower
			}
			return nil
		})
		err = j.Rewrite(t.Context(), 120, forget)
		finished := err == nil
		if err != nil && !errors.Is(err, errPower) {
			t.Fatal(err)
		}
		d = d.cut(r)
		if j, err = openOn(d, small()); err != nil {
			t.Fatalf("cut at call %d: %v", at, err)
		}
		if finished {
			if err := rewritten(j, 120); err != nil {
				t.Fatal("finished, and not durable:", err)
			}
			return
		}
		if err := j.Rewrite(t.Context(), 120, forget); err != nil {
			t.Fatalf("cut at call %d, again: %v", at, err)
		}
		if err := rewritten(j, 120); err != nil {
			t.Fatalf("cut at call %d, again: %v", at, err)
		}
		for name, f := range d.names {
			if bytes.Contains(f.data, []byte(secret)) {
				t.Fatalf("cut at call %d: %s holds what was rewritten", at, name)
			}
		}
	}
}
