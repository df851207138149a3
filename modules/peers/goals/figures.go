package main

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// figures are those of each benchmark by unit.
type figures map[string]units

type units map[string]float64

var processors = regexp.MustCompile(`-[0-9]+$`)

// read takes the lines of go test that hold figures, and sees whether it failed.
func read(from io.Reader) (all figures, failed bool, err error) {
	all = figures{}
	lines := bufio.NewScanner(from)
	for lines.Scan() {
		line := lines.Text()
		failed = failed || strings.HasPrefix(strings.TrimSpace(line), "--- FAIL") || strings.HasPrefix(line, "FAIL")
		name, ok := strings.CutPrefix(line, "Benchmark")
		fields := strings.Fields(name)
		if !ok || len(fields) < 4 {
			continue
		}
		of := units{}
		for i := 2; i+1 < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i], 64); err == nil {
				of[fields[i+1]] = v
			}
		}
		all[processors.ReplaceAllString(fields[0], "")] = of
	}
	return all, failed, lines.Err()
}

// like is the benchmarks that a name stands for: itself if there are none.
func (f figures) like(name string) []string {
	prefix, open := strings.CutSuffix(name, "*")
	var all []string
	for _, bench := range slices.Sorted(maps.Keys(f)) {
		if open && strings.HasPrefix(bench, prefix) {
			all = append(all, bench)
		}
	}
	if len(all) == 0 {
		all = []string{name}
	}
	return all
}

// pair is our time and the peer's of a ratio x-peer, empty where there is none.
func (u units) pair(unit string) (ours, peer string) {
	if name, ok := strings.CutPrefix(unit, "x-"); ok {
		return u.time("ns-ours"), u.time("ns-" + name)
	}
	return "", ""
}

// time is a figure in nanoseconds for a person, empty if there is none.
func (u units) time(unit string) string {
	ns, ok := u[unit]
	switch {
	case !ok:
		return ""
	case ns < 10_000:
		return fmt.Sprintf("%.0f ns", ns)
	default:
		return fmt.Sprintf("%.1f µs", ns/1000)
	}
}
