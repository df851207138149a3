package main

import (
	"bytes"
	"testing"

	"github.com/aisle-edge/aisle/modules/terminal"
)

// TestExitStatus: 0 success, 1 the work failed, 2 the words or the input are
// wrong, each with one line.
func TestExitStatus(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		status int
		words  []string
	}{
		{0, []string{"version"}},
		{0, []string{"release"}},
		{1, []string{"report"}},
		{1, []string{"enrol", "store-1", "--site", "north"}},
		{2, []string{"nothing"}},
		{2, []string{"release", "nothing"}},
		{2, []string{"version", "more"}},
		{2, []string{"enrol", "store-1"}},
		{2, []string{"release", "publish", "1", "2"}},
		{2, []string{"report", "--config", "none.yaml"}},
		{2, []string{"release", "check", "none"}},
		{2, []string{"release", "rollback", "x"}},
	} {
		var out, problems bytes.Buffer
		if got := terminal.Run(t.Context(), commands(), c.words, nil, &out, &problems); got != c.status {
			t.Errorf("%q: status %d, want %d: %s", c.words, got, c.status, &problems)
		}
		if lines := bytes.Count(problems.Bytes(), []byte("\n")); (lines == 1) != (c.status != 0) {
			t.Errorf("%q: %d lines of problems: %s", c.words, lines, &problems)
		}
	}
}
