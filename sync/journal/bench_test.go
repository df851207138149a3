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
