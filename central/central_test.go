package central

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/internal/nodetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// centre is a running one, which a test may stop and start.
type centre struct {
	t   *testing.T
	cfg Config
	*Central
	stop func()
}

func newCentre(t *testing.T) *centre {
	t.Helper()
	c := &centre{t: t}
	c.cfg.State = t.TempDir()
	c.cfg.Address, c.cfg.Hub.Address = "127.0.0.1:0", "127.0.0.1:0"
	c.cfg.Training.Every = 300 * time.Millisecond
	c.cfg.fill(".")
	c.start()
	t.Cleanup(func() { c.stop() })
	return c
}

func (c *centre) start() {
	c.t.Helper()
	log := slog.New(slog.NewTextHandler(c.t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	if c.Central, err = New(ctx, c.cfg, "test", log); err != nil {
		c.t.Fatal(err)
	}
	c.cfg.Address, c.cfg.Hub.Address = strings.TrimPrefix(c.URL(), "http://"), strings.TrimPrefix(c.HubURL(), "nats://")
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	c.stop = func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
		for range 2 {
			if err := c.Close(); err != nil {
				c.t.Error(err)
			}
		}
		c.stop = func() {}
	}
}

// node is an agent that joined, and stops with the test.
func (c *centre) node(name, site string) *nodetest.Node {
	c.t.Helper()
	token, err := c.fleet.Invite(c.t.Context(), "test", name, site, time.Hour)
	if err != nil {
		c.t.Fatal(err)
	}
	n, err := nodetest.Join(c.t.Context(), c.URL(), token, filepath.Join(c.t.TempDir(), name))
	if err != nil {
		c.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	c.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
		if err := n.Close(); err != nil {
			c.t.Error(err)
		}
	})
	return n
}

func (c *centre) release() {
	c.t.Helper()
	files := make(map[string][]byte)
	for name, text := range nodetest.Files() {
		files[name] = []byte(text)
	}
	if _, err := c.releases.Propose(c.t.Context(), "test", "first", files); err != nil {
		c.t.Fatal(err)
	}
	if _, err := c.releases.Publish(c.t.Context(), "test", 0); err != nil {
		c.t.Fatal(err)
	}
}

// until asks again and again, at most a minute.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func arms(o *api.Overview) map[string]api.Arm {
	by := make(map[string]api.Arm)
	for _, s := range o.Slots {
		for _, a := range s.Arms {
			by[a.ID] = a
		}
	}
	return by
}

// TestTheLoop: agents join, decide by what they were sent, and tell what came of
// it; the centre learns, and what it sends next is better, as its own numbers
// show. In the middle of it the centre is stopped and started.
func TestTheLoop(t *testing.T) {
	c := newCentre(t)
	nodes := []*nodetest.Node{c.node("kiosk-1", "north"), c.node("kiosk-2", "south")}
	c.release()
	rng := rand.New(rand.NewPCG(1, 2))
	trade := func(visits int) {
		for _, n := range nodes {
			until(t, "a release runs", func() bool { counters, _ := n.Releases(); return len(counters) > 0 })
			for range visits / 50 {
				var records = n.Visit(rng)
				for range 49 {
					records = append(records, n.Visit(rng)...)
				}
				if err := n.Write(t.Context(), records...); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	apart := func(o *api.Overview) bool {
		a := arms(o)
		return a["random"].Low != nil && a["learned"].Low != nil && a["fixed"].Low != nil &&
			*a["learned"].Low > *a["random"].High && *a["learned"].Low > *a["fixed"].High && a["fixed"].Mean > a["random"].Mean
	}
	restarted := false
	twice := func() bool { // refreshed by what the refreshed models earned
		return !slices.ContainsFunc(nodes, func(n *nodetest.Node) bool { counters, _ := n.Releases(); return len(counters) < 3 })
	}
	until(t, "learned beats random and fixed, with the intervals apart", func() bool {
		trade(200)
		if o := c.pulse.overview(t.Context()); !restarted && arms(o)["learned"].Decisions > 500 {
			restarted = true
			c.stop()
			c.start()
		}
		return apart(c.pulse.overview(t.Context())) && twice()
	})
	o := c.pulse.overview(t.Context())
	t.Logf("%+v after %d decisions, release %d: %+v", o.Refresh, o.Counts.Training.Decisions, o.Release.Counter, arms(o))
	if len(o.Slots) != 1 || o.Slots[0].SampleRatio < 0.001 || len(o.Slots[0].History) == 0 || o.Release.Kind != "refresh" {
		t.Errorf("overview is %+v", o)
	}
	for _, n := range nodes {
		counters, refused := n.Releases()
		if len(refused) > 0 || !slices.IsSorted(counters) || len(counters) < 3 {
			t.Errorf("%s ran %v and refused %v", n.Name, counters, refused)
		}
		until(t, "all is in the ledger", func() bool { return n.Confirmed() == n.Last() })
	}
	until(t, "statuses come", func() bool {
		o = c.pulse.overview(t.Context())
		return len(o.Agents) == 2 && o.Agents[0].Status != nil && o.Agents[0].Standing == "in scope" && o.Agents[0].Log != nil
	})
	lint(t, c)
	c.stop()
	if err := nodetest.Judge(t.Context(), c.cfg.State, nodes...); err != nil {
		t.Error(err)
	}
}

// lint checks the metrics of a centre at work.
func lint(t *testing.T, c *centre) {
	t.Helper()
	answer, err := http.Get(c.URL() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(strings.NewReader(string(text))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v %v", problems, err)
	}
	for _, want := range []string{`aisle_central_records_total{kind="decision"}`, `aisle_central_arm_reward_mean{arm="learned",slot="hero"}`, `aisle_central_agent_release_counter{agent="kiosk-1",site="north"}`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("metrics lack %s", want)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	c := newCentre(t)
	cfg := c.cfg
	cfg.Address, cfg.Hub.Address = "127.0.0.1:0", "127.0.0.1:0"
	if _, err := New(t.Context(), cfg, "test", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
}

func TestTakenPortIsSaid(t *testing.T) {
	c := newCentre(t)
	cfg := c.cfg
	cfg.State, cfg.Hub.Address = t.TempDir(), "127.0.0.1:0"
	if _, err := New(t.Context(), cfg, "test", slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "choose another `address`") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(cfg.State, "central.lock")); err != nil {
		t.Fatal(err)
	}
	cfg.Address = "127.0.0.1:0"
	again, err := New(t.Context(), cfg, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatalf("the failed start held on to its state: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
