// Package crashtest kills processes for tests of what survives it.
package crashtest

import (
	"bufio"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// Kills is how often a test is to kill: a few times among all tests, and
// AISLE_KILLS times where that is set, as `make crash` does for every such test.
func Kills(few int) int {
	if n, err := strconv.Atoi(os.Getenv("AISLE_KILLS")); err == nil && n > 0 {
		return n
	}
	return few
}

// Kill starts a process and kills it as soon as enough is true, asked before
// each line that it says on its standard output. heard gets every line, also
// those that it had said before the blow and that are read after it: they are
// acknowledgements too. A process that ends by itself fails the test.
func Kill(t testing.TB, cmd *exec.Cmd, enough func() bool, heard func(line string)) {
	t.Helper()
	var problems strings.Builder
	cmd.Stderr = &problems
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killed := false
	for lines := bufio.NewScanner(out); ; heard(lines.Text()) {
		if !killed && enough() {
			killed = true
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
		if !lines.Scan() {
			break
		}
	}
	if err := cmd.Wait(); !killed {
		t.Fatalf("the process ended by itself: %v\n%s", err, &problems)
	}
}
