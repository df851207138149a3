package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// leastPercent keeps a heap that fills its limit close to what lives in it: a
	// decision allocates little, and a node is small.
	leastPercent = 25
	// mostPercent is where collecting less often spares nothing worth having.
	mostPercent = 200
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
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		now := live()
		debug.SetMemoryLimit(max(limit, now*3/2+beside))
		debug.SetGCPercent(percent(limit, now))
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// percent is by how much the heap may grow over what lives before it is collected: up
// to the limit where there is room. A node with little data needn't be collected every
// few hundred decisions. While nobody knows what lives, as at the start, there is none.
func percent(limit, live int64) int {
	if live == 0 {
		return leastPercent
	}
	return int(min(max(leastPercent, (limit-beside-live)*100/live), mostPercent))
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
