//go:build !linux && !windows

package loop

import (
	"os"
	"os/exec"
	"syscall"
)

// launch starts a child in a group of its own, so that Ctrl-C at the terminal
// reaches it only through us.
func launch(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd.Start()
}

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
