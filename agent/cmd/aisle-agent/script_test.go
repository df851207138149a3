package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nkeys"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/aisle-edge/aisle/sync/trust/trusttest"
)

func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){"aisle-agent": main})
}

// TestScripts drive the command as people do.
func TestScripts(t *testing.T) {
	central := fakeCentral(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ADDRESS", freeAddress(t))
			e.Setenv("CENTRAL", central)
			return expand(e)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "await": await, "http": ask},
	})
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// expand writes the address into the configurations of a script.
func expand(e *testscript.Env) error {
	names, err := filepath.Glob(filepath.Join(e.WorkDir, "*.yaml"))
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		b = bytes.ReplaceAll(b, []byte("$ADDRESS"), []byte(e.Getenv("ADDRESS")))
		if err := os.WriteFile(name, b, 0o600); err != nil {
			return err
		}
	}
	return err
}

// code runs a command that must end with a code: code N command arguments.
func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [arguments]")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if want, _ := strconv.Atoi(args[0]); got != want {
		ts.Fatalf("ended with %d, want %d", got, want)
	}
}

const patience = 20 * time.Second

// await waits until an agent answers at an address.
func await(ts *testscript.TestScript, _ bool, args []string) {
	if err := answers("http://" + args[0] + "/livez"); err != nil {
		ts.Fatalf("%v", err)
	}
}

// answers waits until something answers at a URL.
func answers(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		if answer, err := http.DefaultClient.Do(r); err == nil {
			answer.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing answers at %s", url)
		case <-again.C:
		}
	}
}

// ask sends a request: http METHOD PATH [FILE].
func ask(ts *testscript.TestScript, _ bool, args []string) {
	var body io.Reader
	if len(args) > 2 {
		body = strings.NewReader(ts.ReadFile(args[2]))
	}
	r, err := http.NewRequest(args[0], "http://"+ts.Getenv("ADDRESS")+args[1], body)
	if err != nil {
		ts.Fatalf("%v", err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		ts.Fatalf("%v", err)
	}
	defer answer.Body.Close()
	if _, err := io.Copy(ts.Stdout(), answer.Body); err != nil {
		ts.Fatalf("%v", err)
	}
}

// fakeCentral answers as a centre does to who enrols.
func fakeCentral(t *testing.T) string {
	root := trusttest.New(t).Root()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Token, PublicKey string
			Proof            []byte
		}
		b, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/api/v1/enrol" || json.Unmarshal(b, &in) != nil {
			http.NotFound(w, r)
			return
		}
		key, err := nkeys.FromPublicKey(in.PublicKey)
		if err != nil || key.Verify([]byte("aisle enrol 0\n"+in.Token+"\n"+in.PublicKey), in.Proof) != nil {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"detail":"the proof is no signature by the given key"}`)
			return
		}
		name, ok := map[string]string{"good": "north-till", "other": "south-till"}[in.Token]
		if !ok {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"detail":"the token is unknown, used or expired; make a new one with `+"`aisle-central enrol AGENT`"+`"}`)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"agent": name, "site": "north", "hub": []string{"nats://127.0.0.1:1"}, "root": root, "secret": bytes.Repeat([]byte{7}, 32),
		})
	}))
	t.Cleanup(s.Close)
	return s.URL
}
