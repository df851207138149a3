package ownmodule

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/examples/internal/loop/looptest"
)

var bin string // folder of the binaries

func TestMain(m *testing.M) { looptest.Main(m, &bin) }

// answer is what a test reads of an agent's.
type answer struct {
	Degraded string
	Items    []struct {
		ID      string
		Score   float64
		Reasons []struct {
			Feature      string
			Contribution float64
		}
	}
}

// node is an agent without a centre, which decides by a release folder.
type node struct {
	t    testing.TB
	url  string
	conf string
}

// serve starts an agent on a release folder; it ends with the test.
func serve(t *testing.T, release string) *node {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", looptest.Port(t))
	n := &node{t, "http://" + address, filepath.Join(t.TempDir(), "agent.yaml")}
	text := fmt.Sprintf("address: %q\nrelease: %q\nlog: {limit: 64MiB}\n", address, release)
	if err := os.WriteFile(n.conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said := new(bytes.Buffer)
	cmd := exec.Command(program("aisle-agent"), "run", "--config", n.conf)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		cmd.Wait()
	}()
	t.Cleanup(func() {
		if runtime.GOOS == "windows" || cmd.Process.Signal(os.Interrupt) != nil {
			cmd.Process.Kill()
		}
		<-done
		if t.Failed() {
			t.Logf("the agent said:\n%s", said)
		}
	})
	n.ready(done)
	return n
}

// ready waits until the agent can decide.
func (n *node) ready(gone <-chan struct{}) {
	n.t.Helper()
	ctx, cancel := context.WithTimeout(n.t.Context(), time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if a, err := http.Get(n.url + "/readyz"); err == nil {
			a.Body.Close()
			if a.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-tick.C:
		case <-gone:
			n.t.Fatal("the agent ended")
		case <-ctx.Done():
			n.t.Fatal("the agent is not ready within a minute")
		}
	}
}

// put imports items as people do, from CSV.
func (n *node) put(items string) {
	n.t.Helper()
	file := filepath.Join(n.t.TempDir(), "items.csv")
	if err := os.WriteFile(file, []byte(items), 0o600); err != nil {
		n.t.Fatal(err)
	}
	call(n.t, "aisle-agent", "import", "items", file, "--config", n.conf)
}

// decide asks for one candidate, and why.
func (n *node) decide(slot, id string, context any) *answer {
	n.t.Helper()
	body, err := json.Marshal(map[string]any{
		"slot": slot, "explain": true, "context": context, "actions": []any{map[string]string{"id": id}}, "count": 1,
	})
	if err != nil {
		n.t.Fatal(err)
	}
	r, err := http.Post(n.url+"/v1/decide", "application/json", bytes.NewReader(body))
	if err != nil {
		n.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		n.t.Fatalf("%v: %s, %v", r.Status, b, err)
	}
	a := new(answer)
	if err := json.Unmarshal(b, a); err != nil {
		n.t.Fatal(err)
	}
	if a.Degraded != "none" || len(a.Items) != 1 || a.Items[0].ID != id {
		n.t.Fatalf("%s of %s: %s", id, slot, b)
	}
	return a
}

// scored compares the score of an answer's only item, and the sum of its reasons.
func scored(t testing.TB, what string, a *answer, want, bias float64) {
	t.Helper()
	it := a.Items[0]
	sum := bias
	for _, r := range it.Reasons {
		sum += r.Contribution
	}
	if math.Abs(it.Score-want) > 1e-6 || math.Abs(sum-want) > 1e-6 {
		t.Errorf("%s: score %v, reasons %+v of %v; want %v", what, it.Score, it.Reasons, sum, want)
	}
}

// call runs one of the programs and gives what it printed.
func call(t testing.TB, name string, words ...string) string {
	t.Helper()
	var out, complaint strings.Builder
	cmd := exec.Command(program(name), words...)
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s%s", name, words, err, complaint.String(), out.String())
	}
	return out.String()
}

func program(name string) string {
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(bin, name)
}
