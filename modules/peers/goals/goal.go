package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// goal is the most that a figure may be.
type goal struct {
	bench string // as go test prints it, without "Benchmark" and the processors; or what ends in * begins with
	unit  string
	most  float64
}

var goals = []goal{
	{"Peers/dense-1000x32", "x-C", 4},
	{"Peers/dense-1000x32", "x-Go", 0.4},
	{"Peers/dense-1000x128", "x-C", 4},
	{"Peers/hashed-1000x30-of-2^16", "x-C", 2.3},
	{"Peers/hashed-1000x30-of-2^16", "x-Go", 1.7},
	{"Peers/hashed-1000x30-of-2^18", "x-C", 2.3},
	{"Peers/hashed-1000x30-of-2^18", "x-Go", 1.7},
	{"Peers/linucb-100x32", "x-C", 3.5},
	{"Peers/linucb-100x32", "x-Go", 0.4},
	{"Peers/trees-1-again/leaves", "x-leaves", 0.5},
	{"Peers/trees-1-again/xgboost", "x-xgboost", 0.125},
	{"Peers/trees-1/leaves", "x-leaves", 0.5},
	{"Peers/trees-1/xgboost", "x-xgboost", 0.125},
	{"Peers/trees-1000/leaves", "x-leaves", 0.7},
	{"Peers/trees-1000/xgboost", "x-xgboost", 1},
	{"Peers/call-100x32", "ns-ours", 1500},
	{"Peers/call-100x32", "x-goplugin", 1. / 10},
	{"Peers/call-100x32", "x-extism", 1. / 15},
	{"Peers/meter/*", "x-plain", 1.15},
	{"MeterOverhead/*", "ratio-to-plain", 1.5},
	{"Template1000/go", "ratio", 1.5},
	{"Template1000/rust", "ratio", 1.5},
	{"Template1000/c", "ratio", 1.5},
	{"Template1000/assemblyscript", "ratio", 1.5},
	{"SmallInstance", "KiB/instance", 100},
	{"SmallInstance", "µs/instance", 25},
	{"Admit100KB", "ms-best", 150},
}

// table prints each goal, what was seen and, of a race, both times.
func table(to io.Writer, all figures) {
	var lines, missed, unseen int
	fmt.Fprintln(to)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "benchmark\tfigure\tours\tpeer\tseen\tgoal\t")
	for _, g := range goals {
		for _, bench := range all.like(g.bench) {
			of := all[bench]
			seen, verdict := "-", "not measured"
			if v, ok := of[g.unit]; !ok {
				unseen++
			} else if seen, verdict = fmt.Sprintf("%.3g", v), "ok"; v > g.most {
				missed, verdict = missed+1, "MISSED"
			}
			ours, peer := of.pair(g.unit)
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t≤ %.3g\t%s\n", bench, g.unit, ours, peer, seen, g.most, verdict)
			lines++
		}
	}
	w.Flush()
	fmt.Fprintf(to, "%d goals: %d missed, %d not measured\n", lines, missed, unseen)
}
