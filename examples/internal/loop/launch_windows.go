package loop

import (
	"os"
	"os/exec"
	"syscall"
)

// launch starts a child in a group of its own, so that Ctrl-C at the terminal
// reaches it only through us.
func launch(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
	return cmd.Start()
}

// interrupt ends a child at once: a process of another group can't be asked.
func interrupt(p *os.Process) error { return p.Kill() }
