package journal

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

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

func TestClassesGiveWayInOrder(t *testing.T) {
	o := small()
	o.Limit, o.Reserve = 6*o.FileBytes, 8<<10
	d := newForgetful()
	j, err := openOn(d, o)
	if err != nil {
		t.Fatal(err)
	}
	var until [3]int64 // bytes appended when a class was first refused
	bytes := int64(0)
	for c := Routine; c <= Vital; c++ {
		for {
			p := payload(j.Last() + 1)
			if _, err := j.Append(c, p); errors.Is(err, ErrFull) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			bytes += int64(len(p) + frameSize)
		}
		until[c] = bytes
		for lower := Routine; lower <= c; lower++ {
			if _, err := j.Append(lower, payload(j.Last()+1)); !errors.Is(err, ErrFull) {
				t.Errorf("class %d goes on where class %d is refused", lower, c)
			}
		}
	}
	if a, b := until[1]-until[0], until[2]-until[1]; a < o.Reserve/2 || b < o.Reserve/2 {
		t.Errorf("classes were refused at %d bytes", until)
	}
	// All that was taken fits, and no more than the limit is used.
	if err := j.Sync(context.Background(), j.Last()); err != nil {
		t.Fatal(err)
	}
	if s := j.Stats(); s.Bytes > o.Limit {
		t.Errorf("%d bytes on the disk, limit %d", s.Bytes, o.Limit)
	}
	expect(t, j, 1, j.Last())
	end, err := j.FileEnd(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.Drop(end-1), j.Drop(end)); err != nil {
		t.Fatal(err)
	}
	if j.First() != end+1 {
		t.Errorf("dropped to %d, first is %d", end, j.First())
	}
	if _, err := j.At(end); !errors.Is(err, ErrNotHeld) {
		t.Errorf("a dropped record: %v", err)
	}
	if _, err := j.Append(Vital, payload(j.Last()+1)); err != nil {
		t.Errorf("after a drop: %v", err)
	}
}

func TestFreeSpaceFloor(t *testing.T) {
	o := small()
	d := newForgetful()
	d.space = o.MinFree + 2*uint64(o.FileBytes) + 1
	j, err := openOn(d, o)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = j.Append(Vital, payload(1))
	}
	if !errors.Is(err, ErrFull) {
		t.Fatal(err)
	}
	if err := j.Sync(context.Background(), j.Last()); err != nil {
		t.Fatal(err)
	}
	if s := j.Stats(); s.Bytes > 3*o.FileBytes {
		t.Errorf("%d files where the floor left room for two more", s.Bytes/o.FileBytes)
	}
	d.space += 4 * uint64(o.FileBytes)
	j.look()
	if _, err := j.Append(Routine, payload(1)); err != nil {
		t.Errorf("with space again: %v", err)
	}
}

func TestSizes(t *testing.T) {
	j := mustOpen(t, t.TempDir(), Options{FileBytes: 2 << 20, MinFree: 1})
	for _, n := range []int{0, MaxRecord + 1} {
		if _, err := j.Append(Vital, make([]byte, n)); !errors.Is(err, ErrSize) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	// A commit that is larger than a file, of records that leave gaps.
	for range 12 {
		if _, err := j.Append(Vital, make([]byte, MaxRecord)); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Sync(context.Background(), 12); err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= 12; seq++ {
		if p, err := j.At(seq); err != nil || len(p) != MaxRecord {
			t.Errorf("record %d has %d bytes: %v", seq, len(p), err)
		}
	}
	if err := j.Sync(context.Background(), 13); !errors.Is(err, ErrNotHeld) {
		t.Errorf("sync of what is to come: %v", err)
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	made := func(t *testing.T) string {
		dir := t.TempDir()
		j := mustOpen(t, dir, small())
		fill(t, j, 500)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	logs := func(dir string) []string {
		names, err := filepath.Glob(filepath.Join(dir, "*.log"))
		if err != nil || len(names) < 4 {
			t.Fatalf("%v, %v", names, err)
		}
		return names
	}
	patch := func(t *testing.T, name string, off int64, b ...byte) {
		data, err := os.ReadFile(name)
		if err == nil {
			copy(data[off:], b)
			if off < headerUsed && off+int64(len(b)) < 44 {
				le.PutUint32(data[44:], crc32.Checksum(data[:44], castagnoli))
			}
			err = os.WriteFile(name, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for what, spoil := range map[string]func(t *testing.T, names []string){
		"gap":             func(t *testing.T, names []string) { os.Remove(names[1]) },
		"another epoch":   func(t *testing.T, names []string) { patch(t, names[1], 12, 0, 0, 0) },
		"a newer version": func(t *testing.T, names []string) { patch(t, names[3], 8, 1) },
		"another name": func(t *testing.T, names []string) {
			os.Rename(names[0], filepath.Join(filepath.Dir(names[0]), fileName(3)))
		},
		"no header": func(t *testing.T, names []string) { patch(t, names[0], 0, 'x') },
	} {
		dir := made(t)
		spoil(t, logs(dir))
		_, err := Open(dir, small())
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", what, err)
		} else {
			t.Logf("%s: %v", what, err)
		}
	}
	// A record broken in an old file is found by those who read it.
	dir := made(t)
	patch(t, logs(dir)[0], 9000, 'x', 'x', 'x')
	j := mustOpen(t, dir, small())
	err := j.Read(1, j.Last(), func(uint64, []byte) error { return nil })
	if !errors.Is(err, ErrDamaged) {
		t.Errorf("read over a broken record: %v", err)
	}
	expect(t, j, 300, j.Last())
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	j := mustOpen(t, dir, small())
	if _, err := Open(dir, small()); !errors.Is(err, ErrLocked) {
		t.Fatalf("opened twice: %v", err)
	}
	j.Close()
	mustOpen(t, dir, small())
}

// TestGroupCommit: while one commit is under way, all who come wait for one more.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newForgetful()
		j, err := openOn(d, small())
		if err != nil {
			t.Fatal(err)
		}
		syncs := 0
		d.hook(func(op, _ string) error {
			if op == "sync" {
				syncs++
				time.Sleep(time.Second)
			}
			return nil
		})
		var wg sync.WaitGroup
		write := func() {
			seq, err := j.Append(Routine, []byte("x"))
			if err == nil {
				err = j.Sync(t.Context(), seq)
			}
			if err != nil || j.Durable() < seq {
				t.Errorf("record %d: %v", seq, err)
			}
		}
		start := time.Now()
		wg.Go(write)
		synctest.Wait()
		for range 50 {
			wg.Go(write)
		}
		synctest.Wait()
		short, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		if err := j.Sync(short, j.Last()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a wait that was cut short: %v", err)
		}
		wg.Wait()
		if syncs != 2 || time.Since(start) != 2*time.Second {
			t.Errorf("%d syncs in %v for 51 records", syncs, time.Since(start))
		}
	})
}

// TestRun: nobody waits, and still the records become durable in time; the disk
// fails, and the log goes on when it is well again.
func TestRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newForgetful()
		j, err := openOn(d, small())
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ran := make(chan error)
		go func() { ran <- j.Run(ctx) }()

		fill(t, j, 20)
		time.Sleep(small().FlushEvery + 1)
		if j.Durable() != 20 {
			t.Errorf("%d of 20 durable after FlushEvery", j.Durable())
		}
		failing := func(op, _ string) error {
			if op == "sync" {
				return errDisk
			}
			return nil
		}
		tried := d.hook(failing)
		fill(t, j, 20)
		if err := j.Sync(t.Context(), 40); !errors.Is(err, ErrFailed) || !errors.Is(err, errDisk) {
			t.Errorf("sync on a failing disk: %v", err)
		}
		if _, err := j.Append(Vital, []byte("x")); !errors.Is(err, ErrFailed) {
			t.Errorf("append on a failing disk: %v", err)
		}
		time.Sleep(10 * time.Second)
		if n := d.hook(nil) - tried; n < 10 || n > 80 {
			t.Errorf("%d calls on a failing disk in ten seconds", n)
		}
		if j.Durable() != 20 {
			t.Errorf("%d durable without a sync", j.Durable())
		}
		time.Sleep(2 * retryEvery)
		if j.Durable() != 40 || j.Stats().Err != nil {
			t.Errorf("the disk is well again: %+v", j.Stats())
		}
		fill(t, j, 5)
		stop()
		if err := <-ran; err != nil || j.Durable() != 45 {
			t.Errorf("Run ended with %d of 45 durable: %v", j.Durable(), err)
		}
		expect(t, j, 1, 45)
	})
}

// TestHammer does everything at once on a real disk, closes in the middle, and
// finds every record that was acknowledged.
func TestHammer(t *testing.T) {
	dir := t.TempDir()
	o := small()
	o.Limit, o.FlushEvery = 1<<30, time.Millisecond
	j := mustOpen(t, dir, o)
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, stop := context.WithCancel(t.Context())
	var run, wg sync.WaitGroup
	run.Go(func() {
		if err := j.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	var acked sync.Map
	for w := range 16 {
		wg.Go(func() {
			for i := 0; ; i++ {
				p := fmt.Appendf(nil, "%d/%d %*d", w, i, 1+i%500, i)
				seq, err := j.Append(Class(w%3), p)
				if err == nil && i%2 == 0 {
					if err = j.Sync(t.Context(), seq); err == nil {
						acked.Store(seq, p)
					}
				}
				if err == nil && w == 0 && i%100 == 0 {
					err = j.Drop(seq / 2)
				}
				if err == nil && w == 1 {
					if _, err = j.At(seq); err == nil {
						err = j.Read(max(seq, 200)-100, seq, func(uint64, []byte) error { return nil })
					}
				}
				if errors.Is(err, ErrClosed) {
					return
				}
				if err != nil && !errors.Is(err, ErrNotHeld) {
					t.Error(err)
					return
				}
				if seq == 20000 {
					go j.Close()
				}
			}
		})
	}
	wg.Wait()
	if err := j.Close(); err != nil {
		t.Error(err)
	}
	stop()
	run.Wait()
	j = mustOpen(t, dir, o)
	n := 0
	acked.Range(func(seq, p any) bool {
		if seq.(uint64) < j.First() {
			return true
		}
		n++
		got, err := j.At(seq.(uint64))
		if err != nil || !bytes.Equal(got, p.([]byte)) {
			t.Errorf("record %d is %.20q, wanted %.20q: %v", seq, got, p, err)
		}
		return err == nil
	})
	if n < 1000 {
		t.Errorf("%d records checked", n)
	}
}

// TestGolden reads a log of every version that was ever written.
func TestGolden(t *testing.T) {
	name := filepath.Join("testdata", "v0.log")
	if *rewrite {
		w := oneFile(t, 4, 1, 7)
		if err := os.WriteFile(name, w.data[:w.starts[12]], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, fileName(1)), data, 0o600); err != nil {
		t.Fatal(err)
	}
	j := mustOpen(t, dir, small())
	expect(t, j, 1, 12)
	if e := j.Epoch(); j.Durable() != 12 || !bytes.Equal(e[:], data[12:28]) {
		t.Errorf("epoch %x, %+v", e, j.Stats())
	}
}
