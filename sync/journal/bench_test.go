package journal

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// peer is what a durable log can't beat on a disk: a plain preallocated file,
// one buffer, one fdatasync for all who wait, no checksum, no end.
type peer struct {
	file *os.File
	mu   sync.Mutex
	cond sync.Cond
	buf  []byte
	off  int64
	seq  uint64 // appended
	done uint64 // durable
	busy bool
}

func newPeer(tb testing.TB) *peer {
	f, err := os.Create(filepath.Join(tb.TempDir(), "peer"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { f.Close() })
	if err := zero(osFile{f}, 0, 64<<20); err != nil {
		tb.Fatal(err)
	}
	p := &peer{file: f}
	p.cond.L = &p.mu
	return p
}

func (p *peer) append(payload []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.buf = append(p.buf, payload...)
	p.seq++
	seq := p.seq
	for p.done < seq {
		if p.busy {
			p.cond.Wait()
			continue
		}
		p.busy = true
		buf, upTo := p.buf, p.seq
		p.buf = nil
		p.mu.Unlock()
		off := p.off % (63 << 20)
		_, err := p.file.WriteAt(buf, off)
		if err == nil {
			err = syncData(p.file)
		}
		p.mu.Lock()
		p.off = off + int64(len(buf))
		p.busy, p.done = false, upTo
		p.cond.Broadcast()
		if err != nil {
			return err
		}
	}
	return nil
}

func openBench(b *testing.B) *Journal {
	j, err := Open(b.TempDir(), Options{Limit: 64 << 30, FlushEvery: time.Hour})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ran := make(chan error)
	go func() { ran <- j.Run(ctx) }()
	b.Cleanup(func() {
		stop()
		<-ran
		j.Close()
	})
	return j
}

// writers runs n of them for a while and returns appends a second.
func writers(b *testing.B, n int, d time.Duration, append func([]byte) error) float64 {
	var wg sync.WaitGroup
	counts := make([]int, n)
	start := time.Now()
	for i := range n {
		wg.Go(func() {
			payload := make([]byte, 300)
			for time.Since(start) < d {
				if err := append(payload); err != nil {
					b.Error(err)
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	sum := 0
	for _, c := range counts {
		sum += c
	}
	return float64(sum) / time.Since(start).Seconds()
}

func durable(j *Journal) func([]byte) error {
	return func(p []byte) error {
		seq, err := j.Append(Important, p)
		if err != nil {
			return err
		}
		return j.Sync(context.Background(), seq)
	}
}

// BenchmarkDurableAppend64 compares 64 writers with the peer, alternating.
func BenchmarkDurableAppend64(b *testing.B) {
	const rounds, round = 9, 200 * time.Millisecond
	for b.Loop() {
		j, p := openBench(b), newPeer(b)
		var ours, theirs []float64
		for range rounds {
			theirs = append(theirs, writers(b, 64, round, p.append))
			ours = append(ours, writers(b, 64, round, durable(j)))
		}
		b.ReportMetric(median(ours), "appends/s")
		b.ReportMetric(median(theirs), "peer-appends/s")
		b.ReportMetric(median(ours)/median(theirs), "ratio-of-peer")
	}
}

// BenchmarkDurableAppend1 compares the wait of one writer with a bare overwrite
// and fdatasync of the same bytes.
func BenchmarkDurableAppend1(b *testing.B) {
	for b.Loop() {
		j, p := openBench(b), newPeer(b)
		payload := make([]byte, 300)
		bare := func(int) error {
			p.off += 316
			if _, err := p.file.WriteAt(payload, p.off); err != nil {
				return err
			}
			return syncData(p.file)
		}
		appendOne := durable(j)
		var ours, theirs []float64
		for i := range 3000 {
			start := time.Now()
			if err := bare(i); err != nil {
				b.Fatal(err)
			}
			mid := time.Now()
			if err := appendOne(payload); err != nil {
				b.Fatal(err)
			}
			theirs = append(theirs, float64(mid.Sub(start)))
			ours = append(ours, float64(time.Since(mid)))
		}
		b.ReportMetric(median(ours)/1e3, "p50-µs")
		b.ReportMetric(median(theirs)/1e3, "bare-p50-µs")
		b.ReportMetric(median(ours)/median(theirs), "ratio-of-bare")
	}
}

func median(x []float64) float64 {
	x = slices.Clone(x)
	slices.Sort(x)
	if len(x) == 0 {
		return math.NaN()
	}
	return x[len(x)/2]
}

// BenchmarkAppend is what a decision waits for: 3 KB appended, the commits on a
// disk that costs nothing.
func BenchmarkAppend(b *testing.B) {
	j, err := openOn(void{}, Options{Limit: math.MaxInt64})
	if err != nil {
		b.Fatal(err)
	}
	payload := make([]byte, 3000)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := j.Append(Routine, payload); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAt fetches one record out of a full file of the page cache.
func BenchmarkAt(b *testing.B) {
	j := openBench(b)
	for range 100_000 {
		if _, err := j.Append(Routine, make([]byte, 300)); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Sync(context.Background(), j.Last()); err != nil {
		b.Fatal(err)
	}
	seq := uint64(0)
	for b.Loop() {
		seq = (seq+7919)%100_000 + 1
		if _, err := j.At(seq); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpen recovers a full file of 300-byte records.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	j, err := Open(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for j.Stats().Bytes < 20<<20 && j.Last() < 50_000 {
		if _, err := j.Append(Routine, make([]byte, 300)); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		j, err := Open(dir, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// void is a disk that takes everything and keeps nothing.
type void struct{}

func (void) list() ([]string, error)                { return nil, nil }
func (void) create(string) (file, error)            { return void{}, nil }
func (void) open(string) (file, error)              { return void{}, nil }
func (void) rename(string, string) error            { return nil }
func (void) remove(string) error                    { return nil }
func (void) syncDir() error                         { return nil }
func (void) free() (uint64, error)                  { return math.MaxUint64, nil }
func (void) close() error                           { return nil }
func (void) ReadAt([]byte, int64) (int, error)      { return 0, nil }
func (void) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
func (void) Close() error                           { return nil }
func (void) sync() error                            { return nil }
func (void) size() (int64, error)                   { return 0, nil }
