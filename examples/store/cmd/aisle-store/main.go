// Command aisle-store runs the whole loop on this machine: `make run`.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/aisle-edge/aisle/examples/store"
)

func main() {
	var o store.Options
	flag.IntVar(&o.Port, "port", 8460, "first of six `PORT`s: console, two stores, the page's agent, the page, the hub")
	flag.StringVar(&o.Var, "var", "var", "`FOLDER` of all state; a later run goes on from there")
	flag.StringVar(&o.Data, "data", "", "`FOLDER` of The Complete Journey, to replay its baskets instead of the generated world")
	flag.DurationVar(&o.For, "for", 0, "end after this `DURATION`; default: run until stopped")
	flag.Float64Var(&o.Speed, "speed", 1, "how fast the world's time passes")
	flag.Uint64Var(&o.Seed, "seed", 1, "of the world: the same one has the same shoppers")
	flag.BoolVar(&o.JSON, "json", false, "print reports as JSON, a line each")
	flag.Parse()
	if flag.NArg() > 0 || o.Speed <= 0 || o.Port < 1 || o.Port > 65530 {
		fmt.Fprintln(os.Stderr, "aisle-store: these words can't be used; see aisle-store --help")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "aisle-store:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o store.Options) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	o.Bin, o.Out = filepath.Dir(self), os.Stdout
	if info, err := os.Stdout.Stat(); err == nil {
		o.Live = info.Mode()&os.ModeCharDevice != 0 && !o.JSON
	}
	return store.Run(ctx, o)
}
