package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aisle-edge/aisle/central/internal/nodetest"
)

// TestMain makes this binary the real command when it is called by that name.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"aisle-central": main})
}

// TestScripts drives the command as a person would. Each script gets a
// configuration with ports of its own, and the shop's release folder.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Setup: func(e *testscript.Env) error {
			address, hub := freePort(), freePort()
			e.Vars = append(e.Vars, "ADDRESS="+address, "HUB="+hub)
			text := fmt.Sprintf("address: %q\nhub: {address: %q}\ntraining: {every: 1s}\n", address, hub)
			if err := os.WriteFile(filepath.Join(e.WorkDir, "central.yaml"), []byte(text), 0o600); err != nil {
				return err
			}
			dir := filepath.Join(e.WorkDir, "shop")
			if err := os.Mkdir(dir, 0o700); err != nil {
				return err
			}
			return nodetest.Folder(dir)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": func(ts *testscript.TestScript, _ bool, _ []string) {
				ts.Check(ready(context.Background(), ts.Getenv("ADDRESS")))
			},
			"replace": func(ts *testscript.TestScript, _ bool, args []string) {
				path := ts.MkAbs(args[0])
				b, err := os.ReadFile(path)
				ts.Check(err)
				if !strings.Contains(string(b), args[1]) {
					ts.Fatalf("%s has no %q", args[0], args[1])
				}
				ts.Check(os.WriteFile(path, []byte(strings.Replace(string(b), args[1], args[2], 1)), 0o600))
			},
		},
	})
}

func freePort() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// ready waits until a centre takes and keeps what agents send.
func ready(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+"/readyz", nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
			if answer.StatusCode == http.StatusNoContent {
				return nil
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("central at %s is not ready: %w", address, ctx.Err())
		}
	}
}
