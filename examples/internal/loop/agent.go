package loop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// Agent is a running agent, spoken to as kiosks and tills do. Safe for concurrent
// use.
type Agent struct {
	// immutable after Start
	Site  string
	URL   string
	child *child
	bin   string
	conf  string

	client *http.Client
	seats  chan struct{} // requests at once
}

// atOnce is how many requests are put to an agent at once; more wait their turn.
const atOnce = 16

func newAgent(site, url string) *Agent {
	return &Agent{
		Site: site, URL: url, seats: make(chan struct{}, atOnce),
		client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}},
	}
}

func (l *Loop) startAgent(ctx context.Context, i int, site string) error {
	dir := l.path(site)
	at := address(l.opt.Port + 1 + i)
	a := newAgent(site, "http://"+at)
	a.bin, a.conf = binary(l.opt.Bin, "aisle-agent"), filepath.Join(dir, "config.yaml")
	a.child = newChild("agent "+site, l.path("log", site+".log"), a.bin, "run", "--config", a.conf)
	l.Agents = append(l.Agents, a)
	if err := configure(a.conf, l.agentConfig(at)); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, "state", "keys", "enrolment.json")); err != nil {
		token, err := l.Centre.Command(ctx, "enrol", site, "--site", site)
		if err != nil {
			return err
		}
		if _, err := a.Command(ctx, "enrol", "--token", token); err != nil {
			return err
		}
	}
	if err := a.child.start(); err != nil {
		return err
	}
	return until(ctx, a.child, a.URL+"/livez", time.Minute)
}

func (l *Loop) agentConfig(at string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "address: %q\nscheme: %s\nlog_level: warn\n", at, l.opt.Scheme)
	fmt.Fprintf(&b, "hub: {central: %q, urls: [%q], status: 2s, tick: 1s, poll: 10s, backoff: 2s}\n", l.Centre.URL, "nats://"+address(l.opt.Port+HubPort))
	b.WriteString("log: {limit: 512MiB}\n")
	if len(l.opt.Pages) > 0 {
		b.WriteString("pages:\n")
	}
	for at := range l.opt.Pages {
		fmt.Fprintf(&b, "  %s: %q\n", at, absolute(l.path("pages", strings.Trim(at, "/"))))
	}
	b.WriteString(l.opt.More)
	return b.String()
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// Ready waits until the agent can decide.
func (a *Agent) Ready(ctx context.Context) error {
	return until(ctx, a.child, a.URL+"/readyz", time.Minute)
}

// Command runs aisle-agent with these words for this agent, and gives what it
// printed.
func (a *Agent) Command(ctx context.Context, words ...string) (string, error) {
	return command(ctx, a.bin, append(words, "--config", a.conf)...)
}

// Question is what a kiosk asks.
type Question struct {
	EventID   string            `json:"eventId"`
	Slot      string            `json:"slot"`
	ProfileID string            `json:"profileId,omitempty"`
	SessionID string            `json:"sessionId,omitempty"`
	Context   map[string]string `json:"context,omitempty"`
	Actions   []Action          `json:"actions,omitempty"`
	DryRun    bool              `json:"dryRun,omitempty"`
}

// Action is a candidate of the caller's.
type Action struct {
	ID       string             `json:"id"`
	Features map[string]float64 `json:"features,omitempty"`
}

// Decide asks what to show.
func (a *Agent) Decide(ctx context.Context, q Question) (*ranking.Answer, error) {
	answer := new(ranking.Answer)
	return answer, a.call(ctx, http.MethodPost, "/v1/decide", q, answer)
}

// Tell tells outcomes, once. Without an error all of them were taken: they are
// durable.
func (a *Agent) Tell(ctx context.Context, outcomes ...attribution.Outcome) error {
	var report attribution.Report
	if err := a.call(ctx, http.MethodPost, "/v1/outcomes", outcomes, &report); err != nil {
		return err
	}
	if len(report.Rejected) > 0 {
		return fmt.Errorf("outcome %s: %w", report.Rejected[0].ID, &Problem{Status: http.StatusBadRequest, Detail: report.Rejected[0].Detail})
	}
	return nil
}

// Move tells movements of stock.
func (a *Agent) Move(ctx context.Context, moves []localapi.Movement) error {
	return a.call(ctx, http.MethodPost, "/v1/stock", moves, nil)
}

// Count tells what was found on shelves.
func (a *Agent) Count(ctx context.Context, counts []localapi.Count) error {
	return a.call(ctx, http.MethodPut, "/v1/stock", counts, nil)
}

// Actions are those that something may still become of.
func (a *Agent) Actions(ctx context.Context) ([]localapi.Action, error) {
	var list localapi.ActionList
	return list.Actions, a.call(ctx, http.MethodGet, "/v1/actions?count=1000", nil, &list)
}

// Act says what the staff makes of an action: accept, edit, reject or done.
func (a *Agent) Act(ctx context.Context, id, what string, say localapi.ActionEdit) error {
	var in any = say
	if what != "edit" {
		in = say.Deciding
	}
	return a.call(ctx, http.MethodPost, "/v1/actions/"+id+"/"+what, in, nil)
}

// Grant sets what a person grants from now on.
func (a *Agent) Grant(ctx context.Context, profile string, consent localapi.Consent) error {
	return a.call(ctx, http.MethodPut, "/v1/profiles/"+url.PathEscape(profile)+"/consent", consent, nil)
}

// Status is how the agent stands.
func (a *Agent) Status(ctx context.Context) (*localapi.Status, error) {
	s := &localapi.Status{Age: localapi.NodeAge{Model: -1, Catalogue: -1, HubContact: -1}} // null leaves them
	return s, a.call(ctx, http.MethodGet, "/v1/status", nil, s)
}

func (a *Agent) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, a.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	select {
	case a.seats <- struct{}{}:
		defer func() { <-a.seats }()
	case <-ctx.Done():
		return ctx.Err()
	}
	return fetch(a.client, r, out)
}

// Insist does something until it works, as a till does while its agent is away.
// It gives up when ctx ends, and at once when the request itself is wrong.
func Insist(ctx context.Context, do func() error) error {
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := do()
		var p *Problem
		if err == nil || errors.As(err, &p) && p.Status < 500 && !slices.Contains([]int{http.StatusRequestTimeout, http.StatusTooManyRequests}, p.Status) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
