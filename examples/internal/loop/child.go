package loop

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// child is one process of ours.
type child struct {
	// immutable after newChild
	name string
	path string
	args []string
	log  string // file of what it says

	mu      sync.Mutex // guards running
	running *running
}

// running is one life of a child.
type running struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how; to be read after done
}

const (
	grace   = 20 * time.Second // for a child that was asked to end
	maxSaid = 16 << 20         // bytes of a log that are kept from one start to the next
)

func newChild(name, log, path string, args ...string) *child {
	return &child{name: name, path: path, args: args, log: log}
}

func (c *child) start() error {
	if info, err := os.Stat(c.log); err == nil && info.Size() > maxSaid {
		if err := os.Remove(c.log); err != nil {
			return err
		}
	}
	out, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close()
	cmd := exec.Command(c.path, c.args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := launch(cmd); err != nil {
		return fmt.Errorf("start %s: %w; build it with `make build`", filepath.Base(c.path), err)
	}
	r := &running{cmd: cmd, done: make(chan struct{})}
	go func() {
		r.err = cmd.Wait()
		close(r.done)
	}()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running = r
	return nil
}

func (c *child) now() *running {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.running
}

// gone is closed when the present life has ended.
func (c *child) gone() <-chan struct{} {
	if r := c.now(); r != nil {
		return r.done
	}
	never := make(chan struct{})
	close(never)
	return never
}

// keep starts the child again whenever it ends, until ctx ends.
func (c *child) keep(ctx context.Context, pause time.Duration, say func(string, ...any)) {
	for {
		r := c.now()
		select {
		case <-ctx.Done():
			return
		case <-r.done:
		}
		say("%s ended (%v); it is started again", c.name, r.err)
		for wait := pause; ; wait = min(2*wait, 30*time.Second) {
			select {
			case <-ctx.Done():
				return
			case <-time.After(wait):
			}
			err := c.start()
			if err == nil {
				break
			}
			say("%s: %v", c.name, err)
		}
	}
}

// stop asks the child to end, and makes it after a while. Ending by request is
// no error.
func (c *child) stop() error {
	r := c.now()
	if r == nil {
		return nil
	}
	asked := interrupt(r.cmd.Process)
	select {
	case <-r.done:
	case <-time.After(grace):
		asked = errors.Join(fmt.Errorf("%s did not end in %v and was killed; look into %s", c.name, grace, c.log), r.cmd.Process.Kill())
		<-r.done
	}
	if errors.Is(asked, os.ErrProcessDone) {
		return nil
	}
	return asked
}

// kill ends the present life as a power cut would, but for the disk, and waits.
func (c *child) kill() {
	if r := c.now(); r != nil {
		r.cmd.Process.Kill()
		<-r.done
	}
}
