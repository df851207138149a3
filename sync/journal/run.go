package journal

import (
	"context"
	"sync"
	"time"
)

// retryEvery is the pause between two attempts on a disk that refuses.
const retryEvery = time.Second

// Run does what nobody waits for: it commits records within FlushEvery, makes
// the next file ahead, watches the free space and, when the disk refused, tries
// again. It returns nil when ctx ends, after a last commit, or that commit's
// error. A log without Run loses nothing that Sync confirmed.
func (j *Journal) Run(ctx context.Context) error {
	var ahead sync.WaitGroup
	defer ahead.Wait()
	ahead.Go(func() { j.prepareAhead(ctx) })

	tick := time.NewTicker(j.o.FlushEvery)
	defer tick.Stop()
	var failed time.Time
	for {
		select {
		case <-ctx.Done():
			return j.commitAll()
		case <-tick.C:
			j.look()
		case <-j.kick:
		}
		if time.Since(failed) < retryEvery {
			continue
		}
		if err := j.commitAll(); err != nil {
			failed = time.Now()
		}
	}
}

// prepareAhead makes "next" when the active file is half full and the limits
// allow it. Where it can't, the commit that needs the file finds out why.
func (j *Journal) prepareAhead(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-j.low:
		}
		j.making.Lock()
		if j.mayGrow() {
			_ = j.prepare()
		}
		j.making.Unlock()
	}
}

func (j *Journal) mayGrow() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.released && int64(len(j.files)) < j.o.Limit/j.o.FileBytes && j.free > j.o.MinFree+uint64(j.o.FileBytes)
}

// look measures the free space. Where it can't be known it is no bound.
func (j *Journal) look() {
	free, err := j.disk.free()
	if err != nil {
		free = ^uint64(0)
	}
	j.mu.Lock()
	j.free = free
	j.mu.Unlock()
}
