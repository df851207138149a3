// Package store is the whole loop with one command: a centre, two stores and a
// page, and shoppers who come and go, until somebody stops it.
//
// The shoppers are those of package world, or the households of The Complete
// Journey. Everything they do goes through the agents' API as kiosks and tills
// use it. The numbers shown are the centre's; only broken promises are counted
// here, by a judge who knows the shelves.
package store

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/aisle-edge/aisle/examples/cdn"
	"github.com/aisle-edge/aisle/examples/internal/loop"
	"github.com/aisle-edge/aisle/examples/internal/world"
	"github.com/aisle-edge/aisle/examples/kiosk"
	"github.com/aisle-edge/aisle/sync/item"
)

//go:embed release journey
var folders embed.FS

// Options are what can be chosen. Bin and Var are required.
type Options struct {
	Bin   string        // folder of the binaries
	Var   string        // folder of all state; a later run goes on from there
	Port  int           // first of six; default 8460
	Data  string        // folder of The Complete Journey; default: the generated world
	For   time.Duration // ends after so long; default: never
	Speed float64       // of the world's time; default 1
	Seed  uint64        // of the world; default 1
	JSON  bool          // reports as JSON, a line each
	Live  bool          // Out is a terminal: reports take each other's place
	Every time.Duration // between two reports; default 2 s on a terminal, else 10 s
	Out   io.Writer
}

const (
	pagePort = 4 // after the first
	refresh  = 10 * time.Second
	// halfLife lets tastes that have changed be forgotten within minutes.
	halfLife = 10 * time.Minute
)

// Run runs until ctx ends or Options.For is over, and stops everything it
// started. Both are no error.
func Run(ctx context.Context, o Options) error {
	o.Port, o.Speed, o.Seed = cmp.Or(o.Port, 8460), cmp.Or(o.Speed, 1), cmp.Or(o.Seed, 1)
	if o.Every == 0 {
		o.Every = 10 * time.Second
		if o.Live {
			o.Every = 2 * time.Second
		}
	}
	if o.Data != "" {
		return replay(ctx, o)
	}
	return shops(ctx, o)
}

// shops runs the generated world.
func shops(ctx context.Context, o Options) (err error) {
	screen := newScreen(o)
	if err := loop.Free(o.Port + pagePort); err != nil {
		return err
	}
	release, err := fs.Sub(folders, "release")
	if err != nil {
		return err
	}
	room, err := openStockRoom(filepath.Join(o.Var, "world"))
	if err != nil {
		return err
	}
	defer room.listener.Close()
	var names []string
	for _, site := range world.Sites() {
		names = append(names, site.Name)
	}
	screen.say("starting the centre and the agents of %v; state in %s", names, o.Var)
	l, err := loop.Start(ctx, loop.Options{
		Bin: o.Bin, Var: filepath.Join(o.Var, "world"), Port: o.Port, Release: release, Sites: names, Scheme: item.GTIN,
		Pages: map[string]fs.FS{"/kiosk": kiosk.Page}, More: room.config, Every: refresh, Half: halfLife, Say: screen.say,
	})
	if err != nil {
		return interrupted(ctx, err)
	}
	defer func() {
		screen.say("stopping")
		err = errors.Join(err, l.Stop())
	}()
	town, err := open(ctx, o, l)
	if err != nil {
		return interrupted(ctx, err)
	}
	if err := welcome(ctx, o, l, screen); err != nil {
		return interrupted(ctx, err)
	}
	return live(ctx, o, l, screen, town, room)
}

// interrupted is nil for what failed because somebody stopped it.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// welcome says where to look.
func welcome(ctx context.Context, o Options, l *loop.Loop, s *screen) error {
	link, err := l.Centre.Command(ctx, "link")
	if err != nil {
		return err
	}
	s.say("console   %s   (sign in once: %s)", l.Centre.URL, link)
	for i, a := range l.Agents {
		if i < 2 {
			s.say("store %-7s %s/kiosk   (cards: %s-00001 and so on; the staff: %s/kiosk/staff.html)", a.Site, a.URL, a.Site, a.URL)
		} else {
			s.say("page      http://127.0.0.1:%d   (its agent: %s)", o.Port+pagePort, a.URL)
		}
	}
	s.say("Ctrl-C stops everything; the same command goes on from there")
	return nil
}

// live lets the shoppers come until it is time to end.
func live(ctx context.Context, o Options, l *loop.Loop, screen *screen, t *town, room *stockRoom) error {
	began := time.Now()
	if o.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.For)
		defer cancel()
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return l.Run(ctx) })
	g.Go(func() error { return servePage(ctx, o.Port+pagePort, l.Agents[2].URL) })
	g.Go(func() error { return room.run(ctx) })
	var desks []*staff
	for _, s := range t.shops {
		g.Go(func() error { return s.run(ctx, began, o.Speed) })
		if s.off != nil {
			desk := &staff{agent: s.agent}
			desks = append(desks, desk)
			g.Go(func() error { return desk.run(ctx) })
		}
	}
	watch := &watch{loop: l, began: began, promises: t.promises, fetches: func() *Fetches {
		f := room.counted()
		for _, desk := range desks {
			f.Waiting += int(desk.waiting.Load())
		}
		return &f
	}}
	g.Go(func() error { return watch.run(ctx, o.Every, screen) })
	err := g.Wait()
	screen.last(watch.latest())
	return err
}

// servePage serves the page until ctx ends.
func servePage(ctx context.Context, port int, agent string) error {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return fmt.Errorf("serve the page: %w", err)
	}
	server := &http.Server{Handler: cdn.Handler(cdn.Options{Agent: agent}), ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the page: %w", err)
	}
	return nil
}

// importFile makes a file and brings it into an agent by the command that people
// use.
func importFile(ctx context.Context, a *loop.Agent, dir, kind string, write func(io.Writer) error) error {
	path := filepath.Join(dir, a.Site+"-"+kind+".csv")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if _, err := a.Command(ctx, "import", kind, path); err != nil {
		return fmt.Errorf("bring the %s to %s: %w", kind, a.Site, err)
	}
	return nil
}
