package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// gcPercent keeps the heap close to what lives in it: a decision allocates
	// little, and a node is small.
	gcPercent = 25
	// beside is what a Go process takes besides its heap.
	beside = 8 << 20
	// lookAgain is how often the limit follows the data.
	lookAgain = 10 * time.Second
)

// frugal keeps the process's memory near a limit until ctx ends. A limit below
// what lives would only keep the collector busy, so it rises with the data. Who
// sets GOGC or GOMEMLIMIT has decided otherwise.
func frugal(ctx context.Context, limit int64) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(gcPercent)
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		debug.SetMemoryLimit(max(limit, live()*3/2+beside))
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// live is how much of the heap the last collection found alive.
func live() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}
