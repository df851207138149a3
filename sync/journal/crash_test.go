package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// life is what the oracle knows of a log through its crashes: every record that
// it took, and how far it said that they are safe.
type life struct {
	records [][]byte // by sequence, from 1
	acked   uint64
	dropped uint64
	lives   int
}

// next is the next payload: its length depends on the sequence alone, its
// content on the life too, so that bytes of an earlier one fit and are told.
func (l *life) next() []byte {
	seq := len(l.records) + 1
	n := 1 + seq*131%700
	return bytes.Repeat(fmt.Appendf(nil, "%d/%d ", l.lives, seq), n/4+1)[:n]
}

// work appends, syncs, prepares ahead and drops until the disk fails or n
// records are in.
func (l *life) work(j *Journal, r *rand.Rand, n int) error {
	for range n {
		p := l.next()
		if _, err := j.Append(Vital, p); err != nil {
			return err
		}
		l.records = append(l.records, p)
		last := uint64(len(l.records))
		if r.IntN(4) == 0 {
			if err := j.Sync(context.Background(), last); err != nil {
				return err
			}
			l.acked = last
		}
		if r.IntN(20) == 0 {
			j.making.Lock()
			err := j.prepare()
			j.making.Unlock()
			if err != nil {
				return err
			}
		}
		if r.IntN(60) == 0 && l.acked > 60 {
			l.dropped = max(l.dropped, l.acked-60)
			if err := j.Drop(l.dropped); err != nil {
				return err
			}
		}
	}
	return nil
}

// found compares a recovered log with what was promised, and takes it over.
func (l *life) found(j *Journal) error {
	d, first := j.Durable(), j.First()
	if d < l.acked {
		return fmt.Errorf("acknowledged to %d, found to %d", l.acked, d)
	}
	if d > uint64(len(l.records)) || d != j.Last() {
		return fmt.Errorf("%d records were appended, found %d, last %d", len(l.records), d, j.Last())
	}
	if first > l.dropped+1 {
		return fmt.Errorf("dropped to %d, found from %d", l.dropped, first)
	}
	seq := first
	err := j.Read(first, d, func(s uint64, p []byte) error {
		if s != seq || !bytes.Equal(p, l.records[s-1]) {
			return fmt.Errorf("record %d is %.30q, wanted %d %.30q", s, p, seq, l.records[seq-1])
		}
		seq++
		return nil
	})
	if err == nil && seq != d+1 {
		err = fmt.Errorf("read ended before %d of %d", seq, d)
	}
	l.records = l.records[:d]
	l.lives++
	return err
}

// TestAcknowledgedSurvives cuts the power at every single call on the disk, and
// again in the lives that follow.
func TestAcknowledgedSurvives(t *testing.T) {
	for at := 1; ; at++ {
		finished := false
		for seed := range uint64(3) {
			var err error
			if finished, err = liveAndDie(at, seed); err != nil {
				t.Fatalf("cut at call %d, seed %d: %v", at, seed, err)
			}
		}
		if finished {
			return
		}
	}
}

// liveAndDie cuts at a call in the first life and at random ones in two more.
func liveAndDie(at int, seed uint64) (finished bool, err error) {
	r := rand.New(rand.NewPCG(seed, uint64(at)))
	d, l := newForgetful(), &life{}
	for n := range 4 {
		d.before = func(string, string) error {
			if d.ops > at {
				return errPower
			}
			return nil
		}
		j, err := openOn(d, small())
		if err == nil {
			if err = l.found(j); err == nil {
				err = l.work(j, r, 150)
			}
		}
		if err != nil && !errors.Is(err, errPower) {
			return false, err
		}
		finished = finished || n == 0 && err == nil
		d = d.cut(r)
		at = 1 + r.IntN(120)
	}
	j, err := openOn(d, small())
	if err != nil {
		return finished, err
	}
	return finished, l.found(j)
}

// TestFailedCallsAreNeverDurable lets one to six calls in a row fail, anywhere,
// on a disk that forgets what a failed sync covered. The log goes on by itself,
// and what it said is durable survives the power cut at the end.
func TestFailedCallsAreNeverDurable(t *testing.T) {
	for at := 5; at < 260; at++ {
		for fails := 1; fails <= 6; fails++ {
			if err := failAndGoOn(at, fails); err != nil {
				t.Fatalf("%d failures from call %d: %v", fails, at, err)
			}
		}
	}
}

var errDisk = errors.New("input/output error")

func failAndGoOn(at, fails int) error {
	r := rand.New(rand.NewPCG(uint64(fails), uint64(at)))
	d, l := newForgetful(), &life{}
	j, err := openOn(d, small())
	if err != nil {
		return err
	}
	from := d.ops + at
	d.before = func(string, string) error {
		if d.ops >= from && d.ops < from+fails {
			return errDisk
		}
		return nil
	}
	for len(l.records) < 200 {
		err := l.work(j, r, 200-len(l.records))
		if err != nil && !errors.Is(err, errDisk) {
			return err
		}
		if j.Stats().Err != nil {
			if _, err := j.Append(Vital, []byte("x")); !errors.Is(err, ErrFailed) {
				return fmt.Errorf("append on a failed log: %v", err)
			}
			if err := j.Sync(context.Background(), j.Last()); j.Durable() < j.Last() && !errors.Is(err, ErrFailed) {
				return fmt.Errorf("sync on a failed log: %v", err)
			}
			_ = j.commitAll() // as Run does
		}
	}
	for range fails + 1 { // the last records may be the ones that failed
		_ = j.commitAll()
	}
	l.acked = j.Durable()
	if l.acked != 200 {
		return fmt.Errorf("%d of 200 durable after the disk went well", l.acked)
	}
	if err := j.Drop(l.dropped); err != nil {
		return fmt.Errorf("drop after the disk went well: %w", err)
	}
	if j, err = openOn(d.cut(r), small()); err != nil {
		return err
	}
	return l.found(j)
}

// written is a one-file log of known commits.
type written struct {
	data    []byte
	starts  []int    // offset of each record, and the end
	commits []uint64 // first sequence of each commit
}

func oneFile(t *testing.T, commits ...int) written {
	t.Helper()
	d := newForgetful()
	j, err := openOn(d, small())
	if err != nil {
		t.Fatal(err)
	}
	w := written{starts: []int{headerSize}}
	for _, n := range commits {
		w.commits = append(w.commits, j.Last()+1)
		for range n {
			w.starts = append(w.starts, w.starts[len(w.starts)-1]+frameSize+len(payload(j.Last()+1)))
			fill(t, j, 1)
		}
		if err := j.Sync(context.Background(), j.Last()); err != nil {
			t.Fatal(err)
		}
	}
	w.data = d.names[fileName(1)].data
	return w
}

// record is the one with this byte, 0 in the header, one more than the last
// behind the end.
func (w written) record(off int) uint64 {
	i, _ := slices.BinarySearch(w.starts, off+1)
	return uint64(i)
}

func reopen(data []byte) (*Journal, *forgetful, error) {
	d := newForgetful()
	f := &forgetfulFile{disk: d, name: fileName(1), data: data, kept: slices.Clone(data)}
	d.names[f.name], d.kept[f.name] = f, f
	j, err := openOn(d, small())
	return j, d, err
}

// TestEveryPrefix: a file that ends anywhere, in zeros or for good, is the log
// up to the last whole record.
func TestEveryPrefix(t *testing.T) {
	w := oneFile(t, 3, 1, 4, 2)
	for n := range w.data[:w.starts[10]+100] {
		zeros := slices.Clone(w.data)
		clear(zeros[n:])
		for _, data := range [][]byte{zeros, w.data[:n]} {
			j, _, err := reopen(slices.Clone(data))
			if n < headerUsed {
				if !errors.Is(err, ErrDamaged) {
					t.Fatalf("header cut at %d: %v", n, err)
				}
				continue
			}
			if err != nil {
				t.Fatalf("cut at %d: %v", n, err)
			}
			whole := uint64(0)
			for int(whole) < 10 && w.starts[whole+1] <= n {
				whole++
			}
			// Payloads don't end in zeros, so nothing cut can look whole.
			if j.Durable() != whole {
				t.Fatalf("cut at %d: %d records, wanted %d", n, j.Durable(), whole)
			}
			expect(t, j, 1, whole)
			fill(t, j, 3)
			if err := j.Sync(context.Background(), whole+3); err != nil {
				t.Fatal(err)
			}
			expect(t, j, 1, whole+3)
		}
	}
}

// TestEveryBitFlip: a flip in the last commit is like a torn write. A flip in
// one before it hits what was synced: it is reported, never cut off.
func TestEveryBitFlip(t *testing.T) {
	w := oneFile(t, 3, 1, 4, 2)
	lastCommit := w.commits[len(w.commits)-1]
	for i := range w.data[:w.starts[10]+700] {
		if i >= headerUsed && i < headerSize {
			continue // nothing is there
		}
		data := slices.Clone(w.data)
		data[i] ^= 1 << (i % 8)
		j, d, err := reopen(data)
		switch hit := w.record(i); {
		case hit < lastCommit:
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("flip at %d in record %d: %v", i, hit, err)
			}
		case err != nil:
			t.Fatalf("flip at %d in record %d: %v", i, hit, err)
		case j.Durable() != hit-1:
			t.Fatalf("flip at %d in record %d: %d records left", i, hit, j.Durable())
		default:
			expect(t, j, 1, hit-1)
			if rest := d.kept[fileName(1)].kept[w.starts[hit-1]:]; len(bytes.Trim(rest, "\x00")) > 0 {
				t.Fatalf("flip at %d: stale bytes left behind the end", i)
			}
		}
	}
}

// FuzzOpen opens a log whose records are any bytes; what it makes of them must
// be a log that goes on.
func FuzzOpen(f *testing.F) {
	h := header{first: 1}
	good := appendFrame(nil, payloadSum(h.seed(), []byte("one")), 1|barrier, []byte("one"))
	good = appendFrame(good, payloadSum(h.seed(), []byte("two")), 2, []byte("two"))
	f.Add(good)
	f.Add(append([]byte{0}, good...))
	f.Add(good[:len(good)-1])
	f.Fuzz(func(t *testing.T, b []byte) {
		data := write(make([]byte, 16<<10), 0, h.encode())
		j, d, err := reopen(write(data, headerSize, b))
		if errors.Is(err, ErrDamaged) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		n := j.Durable()
		fill(t, j, 2)
		if err := j.Sync(context.Background(), n+2); err != nil {
			t.Fatal(err)
		}
		j, err = openOn(d.cut(rand.New(rand.NewPCG(1, 1))), small())
		if err != nil || j.Durable() != n+2 {
			t.Fatalf("%d records became %d: %v", n+2, j.Durable(), err)
		}
		expect(t, j, n+1, n+2)
	})
}

func FuzzHeader(f *testing.F) {
	f.Add(header{first: 9, previous: 4}.encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := parseHeader(b); err == nil && !bytes.Equal(h.encode(), b[:headerUsed]) {
			t.Fatal("read something else than was written")
		}
	})
}
