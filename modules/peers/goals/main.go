// Command goals reads the figures of benchmarks from its input, passes them on, and
// ends with a table that holds them against what we promise.
//
//	go test -run '^$' -bench . ./... | go run ./goals
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run fails when a benchmark did; a missed goal is a figure like any other.
func run(from io.Reader, to io.Writer) error {
	figures, failed, err := read(io.TeeReader(from, to))
	if err != nil {
		return err
	}
	table(to, figures)
	if failed {
		return fmt.Errorf("a benchmark failed")
	}
	return nil
}
