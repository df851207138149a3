package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// build makes the binary that people get, once.
var build = sync.OnceValues(func() (path string, err error) {
	path = filepath.Join(buildDir(), "aisle-agent")
	out, err := command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, ".").CombinedOutput()
	if err != nil {
		err = &exec.Error{Name: "go build", Err: errText(out)}
	}
	return path, err
})

// cleaned removes what build made.
type cleaned struct{ *testing.M }

func (c cleaned) Run() int {
	defer os.RemoveAll(buildDir())
	return c.M.Run()
}

func buildDir() string { return filepath.Join(os.TempDir(), fmt.Sprint("aisle-agent-", os.Getpid())) }

type errText []byte

func (e errText) Error() string { return string(e) }

func command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	return c
}

func binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// node is a running binary.
type node struct {
	cmd      *exec.Cmd
	url, dir string
	said     bytes.Buffer
}

// start runs the binary with variables set, in a folder of its own.
func start(t testing.TB, set map[string]string) *node {
	t.Helper()
	return startIn(t, t.TempDir(), set)
}

func startIn(t testing.TB, dir string, set map[string]string) *node {
	t.Helper()
	n := &node{cmd: command(binary(t), "run"), dir: dir}
	address := freeAddress(t)
	n.url = "http://" + address
	n.cmd.Dir, n.cmd.Stdout, n.cmd.Stderr = dir, &n.said, &n.said
	n.cmd.Env = append(n.cmd.Env, "AISLE_ADDRESS="+address, "AISLE_LOG_LEVEL=warn")
	for name, value := range set {
		n.cmd.Env = append(n.cmd.Env, name+"="+value)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		n.stop()
		if t.Failed() {
			t.Logf("the agent said\n%s", n.said.String())
		}
	})
	if err := answers(n.url + "/livez"); err != nil {
		n.stop()
		t.Fatalf("%v\n%s", err, n.said.String())
	}
	return n
}

// stop ends the process as somebody at the terminal would, and waits.
func (n *node) stop() {
	if n.cmd.ProcessState == nil {
		_ = n.cmd.Process.Signal(os.Interrupt) // it may have gone
		_ = n.cmd.Wait()
	}
}

// kill ends the process as a power cut would end it, but for the disk.
func (n *node) kill() {
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

const maxBinary = 25 << 20

func TestBinaryStaysSmall(t *testing.T) {
	info, err := os.Stat(binary(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%.1f MB", float64(info.Size())/1e6)
	if info.Size() > maxBinary {
		t.Errorf("%d bytes, at most %d are promised", info.Size(), maxBinary)
	}
}

// TestDeadCodeGoes: one method looked up by its name at run time, as templates do,
// and the linker keeps every exported method of everything.
func TestDeadCodeGoes(t *testing.T) {
	cmd := command("go", "build", "-ldflags", "-dumpdep", "-o", filepath.Join(t.TempDir(), "x"), ".")
	var dump bytes.Buffer
	cmd.Stderr = &dump
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if dump.Len() < 1<<20 {
		t.Fatalf("the linker told too little: %d bytes", dump.Len())
	}
	for line := range strings.Lines(dump.String()) {
		if strings.Contains(line, "<ReflectMethod>") {
			t.Errorf("%s", line)
		}
	}
}
