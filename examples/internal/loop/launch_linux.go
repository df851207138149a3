package loop

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// launcher starts children on one thread that lives as long as the process: the
// kernel ends them when the thread that started them is gone, however it went.
var launcher = sync.OnceValue(func() chan func() {
	work := make(chan func())
	go func() {
		runtime.LockOSThread()
		for do := range work {
			do()
		}
	}()
	return work
})

// launch starts a child in a group of its own, so that Ctrl-C at the terminal
// reaches it only through us, and so that it does not outlive us.
func launch(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	done := make(chan error)
	launcher() <- func() { done <- cmd.Start() }
	return <-done
}

func interrupt(p *os.Process) error { return p.Signal(os.Interrupt) }
