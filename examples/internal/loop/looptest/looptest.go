// Package looptest gives a test the binaries that people get, and ports for them.
package looptest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/aisle-edge/aisle/examples/internal/loop"
)

// Main builds the binaries into a folder, names it in bin, runs the tests and
// ends the process: it is all of a TestMain.
func Main(m *testing.M, bin *string) {
	code, err := run(m, bin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

func run(m *testing.M, bin *string) (code int, err error) {
	dir, err := os.MkdirTemp("", "aisle-loop-*")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	build := exec.Command("go", "build", "-trimpath", "-o", dir+string(filepath.Separator),
		"github.com/aisle-edge/aisle/agent/cmd/aisle-agent", "github.com/aisle-edge/aisle/central/cmd/aisle-central",
		"github.com/aisle-edge/aisle/modules/cmd/aisle-module")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the binaries: %w: %s", err, out)
	}
	*bin = dir
	return m.Run(), nil
}

// Port is the first of as many free ports in a row as a loop takes.
func Port(t testing.TB) int {
	t.Helper()
	for range 50 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		first := l.Addr().(*net.TCPAddr).Port
		l.Close()
		free := first+loop.HubPort <= 65535
		for p := first; free && p <= first+loop.HubPort; p++ {
			free = loop.Free(p) == nil
		}
		if free {
			return first
		}
	}
	t.Fatal("there are no free ports in a row")
	return 0
}
