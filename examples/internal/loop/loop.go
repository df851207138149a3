package loop

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/sync/item"
)

// Options say what runs where. The first three, Release and Sites are required.
type Options struct {
	Bin     string // folder of aisle-agent and aisle-central
	Var     string // folder of all state
	Port    int    // of the centre; the agents have those after it, the hub Port+5
	Release fs.FS  // release folder
	Sites   []string
	Scheme  item.Scheme          // default own
	Pages   map[string]fs.FS     // served by every agent, by path
	More    string               // of every agent's configuration, YAML; default: nothing more
	Every   time.Duration        // between two refreshes of the models; default 10 s
	Half    time.Duration        // after which what was learned weighs half; default: never
	Pause   time.Duration        // before a child that ended is started again; default 1 s
	Say     func(string, ...any) // tells a person what happens; default: nobody
}

// HubPort is how far after the centre's the hub's port is.
const HubPort = 5

// Loop is a running system.
type Loop struct {
	// immutable after Start
	opt    Options
	Centre *Centre
	Agents []*Agent
}

// Start brings everything up. After an error nothing runs.
func Start(ctx context.Context, o Options) (*Loop, error) {
	o.Every, o.Pause, o.Scheme = cmp.Or(o.Every, 10*time.Second), cmp.Or(o.Pause, time.Second), cmp.Or(o.Scheme, item.Own)
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	l := &Loop{opt: o}
	if err := l.start(ctx); err != nil {
		return nil, errors.Join(err, l.Stop())
	}
	return l, nil
}

func (l *Loop) start(ctx context.Context) error {
	if err := l.free(); err != nil {
		return err
	}
	if err := l.lay(); err != nil {
		return err
	}
	if err := l.startCentre(ctx); err != nil {
		return err
	}
	for i, site := range l.opt.Sites {
		if err := l.startAgent(ctx, i, site); err != nil {
			return fmt.Errorf("start the agent of %s: %w", site, err)
		}
	}
	for _, a := range l.Agents {
		if err := a.Ready(ctx); err != nil {
			return fmt.Errorf("wait until %s has a release: %w; look into %s", a.Site, err, a.child.log)
		}
	}
	return nil
}

// free refuses to start beside something that has one of the ports.
func (l *Loop) free() error {
	ports := []int{l.opt.Port, l.opt.Port + HubPort}
	for i := range l.opt.Sites {
		ports = append(ports, l.opt.Port+1+i)
	}
	for _, p := range ports {
		if err := Free(p); err != nil {
			return err
		}
	}
	return nil
}

// Free is nil if nothing listens on a port of this machine.
func Free(port int) error {
	listener, err := net.Listen("tcp", address(port))
	if err != nil {
		return fmt.Errorf("port %d can't be used (%w); stop what listens there, or choose another with PORT", port, err)
	}
	return listener.Close()
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// lay writes the pages and the folder for what children say.
func (l *Loop) lay() error {
	for at, files := range l.opt.Pages {
		if err := l.write(files, "pages/"+strings.Trim(at, "/")); err != nil {
			return err
		}
	}
	return os.MkdirAll(l.path("log"), 0o755)
}

// write makes a folder under Var hold these files.
func (l *Loop) write(files fs.FS, to string) error {
	return cmp.Or(os.RemoveAll(l.path(to)), os.CopyFS(l.path(to), files))
}

func (l *Loop) path(parts ...string) string {
	return filepath.Join(append([]string{l.opt.Var}, parts...)...)
}

// Run keeps the children running until ctx ends, and returns nil.
func (l *Loop) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, c := range l.children() {
		all.Go(func() { c.keep(ctx, l.opt.Pause, l.opt.Say) })
	}
	all.Wait()
	return nil
}

func (l *Loop) children() (all []*child) {
	for _, a := range l.Agents {
		all = append(all, a.child)
	}
	if l.Centre != nil {
		all = append(all, l.Centre.child)
	}
	return all
}

// Stop ends the agents, and then the centre. It is called once Run has returned.
func (l *Loop) Stop() error {
	var all sync.WaitGroup
	errs := make([]error, len(l.Agents))
	for i, a := range l.Agents {
		all.Go(func() { errs[i] = a.child.stop() })
	}
	all.Wait()
	if l.Centre != nil {
		errs = append(errs, l.Centre.child.stop())
	}
	return errors.Join(errs...)
}

// until asks an address until it answers with a 2xx, or the child is gone.
func until(ctx context.Context, c *child, url string, most time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
			if answer.StatusCode/100 == 2 {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-c.gone():
			return fmt.Errorf("%s ended; look into %s", c.name, c.log)
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer; look into %s: %w", c.name, c.log, ctx.Err())
		}
	}
}
