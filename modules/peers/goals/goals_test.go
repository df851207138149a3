package main

import (
	"strings"
	"testing"
)

const some = `goos: linux
BenchmarkPeers/dense-1000x32-2         	       1	         0 ns/op	      1000 ns-C	      5000 ns-ours	         5.000 x-C	         0.300 x-Go
--- BENCH: BenchmarkPeers/trees-1/xgboost-2
    race_test.go:80: without xgboost: libxgboost is missing
BenchmarkPeers/call-100x32-2         	       1	         0 ns/op	      900 ns-ours
BenchmarkPeers/meter/hashed-8                    1         0 ns/op          1.2 x-plain
BenchmarkPeers/meter/dense-8                     1         0 ns/op          1.1 x-plain
PASS
`

// TestTable: what is above its goal is called missed, what nobody measured is
// called so, and benchmarks that failed fail the command.
func TestTable(t *testing.T) {
	var out strings.Builder
	if err := run(strings.NewReader(some), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Peers/dense-1000x32 x-C 5000 ns 1000 ns 5 ≤ 4 MISSED",
		"Peers/dense-1000x32 x-Go 5000 ns 0.3 ≤ 0.4 ok",
		"Peers/trees-1/xgboost x-xgboost - ≤ 0.125 not measured",
		"Peers/call-100x32 ns-ours 900 ≤ 1.5e+03 ok",
		"without xgboost: libxgboost is missing",
		"Peers/meter/dense x-plain 1.1 ≤ 1.15 ok",
		"Peers/meter/hashed x-plain 1.2 ≤ 1.15 MISSED",
		"MeterOverhead/* ratio-to-plain - ≤ 1.5 not measured",
		" 2 missed, ",
	} {
		if !strings.Contains(words(out.String()), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if err := run(strings.NewReader(some+"--- FAIL: BenchmarkPeers\n"), &out); err == nil {
		t.Error("a benchmark failed and nobody hears of it")
	}
}

func words(text string) string { return strings.Join(strings.Fields(text), " ") }
