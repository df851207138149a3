package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// standIn is this program's name in the folder of a run, under which it stands
// between the go command and the compiler. What was compiled is beside it.
const standIn, compiledIn = "stand", "compiled"

// newRun makes the folder of a run, with what stand needs.
func newRun() (dir string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if dir, err = os.MkdirTemp("", "mutants"); err != nil {
		return "", err
	}
	return dir, errors.Join(os.Mkdir(filepath.Join(dir, compiledIn), 0o700), os.Symlink(self, filepath.Join(dir, standIn)))
}

// stand is this program as -toolexec, in the folder of a run: it runs the tool,
// but hands out again what was compiled before. The go command compiles whatever
// imports, over however many packages, the one with the broken line; where that
// line changes nothing of what the compiler reads of an import, the same comes
// out each time. It returns the status to exit with.
func stand(run string, tool []string) int {
	c, err := readCall(run, tool)
	if err != nil {
		return runTool(tool)
	}
	kept := filepath.Join(run, compiledIn, c.key)
	if err := c.again(kept); err == nil {
		return 0
	}
	if status := runTool(tool); status != 0 {
		return status
	}
	if err := c.keep(kept); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}

// again writes what was kept, with the name of this build for that of the other.
func (c compiling) again(kept string) error {
	b, err := os.ReadFile(kept)
	if err != nil {
		return err
	}
	id, object, _ := bytes.Cut(b, []byte("\n"))
	if len(id) != len(c.id) {
		return errNotKept
	}
	return os.WriteFile(c.out, bytes.ReplaceAll(object, id, []byte(c.id)), 0o666)
}

// keep keeps what was compiled, at once or not at all: others may want it just now.
func (c compiling) keep(kept string) error {
	object, err := os.ReadFile(c.out)
	if err != nil {
		return err
	}
	part := fmt.Sprint(kept, ".", os.Getpid())
	if err := os.WriteFile(part, slices.Concat([]byte(c.id+"\n"), object), 0o600); err != nil {
		return err
	}
	return os.Rename(part, kept)
}

func runTool(tool []string) int {
	cmd := exec.Command(tool[0], tool[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		return failed.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	return 0
}
