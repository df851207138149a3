package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// speaker asks the agent that runs.
type speaker struct{ url string }

// agentFlag adds the flag that names another agent than the configuration's.
func agentFlag(c *cobra.Command, url *string) {
	c.Flags().StringVar(url, "agent", "", "address of the running agent (default address of the configuration)")
}

func (g *global) speaker(url string) (*speaker, error) {
	if url == "" {
		c, err := g.load()
		if err != nil {
			return nil, err
		}
		url = "http://" + c.Address
	}
	return &speaker{strings.TrimRight(url, "/")}, nil
}

// ask sends a request and reads its answer into a value.
func (s *speaker) ask(ctx context.Context, method, path, kind string, body io.Reader, into any) error {
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, body)
	if err != nil {
		return terminal.Wrong(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", kind)
	}
	answer, err := http.DefaultClient.Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("no agent listens on %s; start it with `aisle-agent run`, or name another with --agent", s.url)
	} else if err != nil {
		return err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(io.LimitReader(answer.Body, 16<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		d := &localapi.Details{}
		if err := json.Unmarshal(b, d); err != nil || d.Type == "" {
			return fmt.Errorf("%s answered %s; is this an Aisle agent?", s.url, answer.Status)
		}
		return d
	}
	return json.NewDecoder(bytes.NewReader(b)).Decode(into)
}

func statusCommand(g *global) *cobra.Command {
	var url string
	c := &cobra.Command{
		Use: "status", Short: "Say how the running agent stands", Args: terminal.Words(0, 0, "no words"),
		Example: "  aisle-agent status --config config.yaml\n  aisle-agent status --agent http://127.0.0.1:8461 --json",
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := g.speaker(url)
			if err != nil {
				return err
			}
			status := localapi.Status{Age: localapi.NodeAge{Model: -1, Catalogue: -1, HubContact: -1}} // null leaves them
			if err := s.ask(cmd.Context(), http.MethodGet, "/v1/status", "", nil, &status); err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), status, describe(&status))
		},
	}
	agentFlag(c, &url)
	return c
}

// describe tells a status in words.
func describe(s *localapi.Status) string {
	var b strings.Builder
	line := func(name, format string, v ...any) { fmt.Fprintf(&b, "%-10s%s\n", name, fmt.Sprintf(format, v...)) }
	line("agent", "%s of site %s, version %s", s.Agent, s.Site, s.Build)
	switch {
	case s.Release.ID == "":
		line("release", "none yet")
	case s.Release.Counter == 0:
		line("release", "a folder of this node's own; slots %s", strings.Join(s.Release.Slots, " "))
	default:
		line("release", "%d %s%s; slots %s", s.Release.Counter, s.Release.ID, map[bool]string{true: " (provisional)"}[s.Release.Provisional], strings.Join(s.Release.Slots, " "))
	}
	if r := s.Release.Refused; r != nil {
		line("", "refused: %s: %s", r.Title, r.Detail)
	}
	line("ages", "model %s, catalogue %s", age(int64(s.Age.Model)), age(int64(s.Age.Catalogue)))
	switch {
	case !s.Enrolled:
		line("hub", "a node of its own")
	case s.Hub.Connected:
		line("hub", "connected; heard %s ago", age(int64(s.Age.HubContact)))
	default:
		line("hub", "not reached; last heard %s ago%s", age(int64(s.Age.HubContact)), map[bool]string{true: ": " + s.Hub.LastError}[s.Hub.LastError != ""])
	}
	line("log", "%d records, %s, %d not in the ledger yet", s.Log.Records, bytesText(s.Log.Bytes), s.Log.Unconfirmed)
	for why, n := range s.Log.Dropped {
		line("", "lost: %d, %s", n, why)
	}
	if s.Log.Failure != "" {
		line("", "%s; look at the node's disk", s.Log.Failure)
	}
	if s.Log.Upload != "" && s.Hub.Connected { // else the line of the hub says why
		line("", "not sent: %s", s.Log.Upload)
	}
	line("goods", "%d items, %d available, %d held", s.Goods.Items, s.Goods.Available, s.Goods.Holds)
	if s.Clock.SkewSeconds >= 1 {
		line("clock", "the machine's is %.0f s behind this node's time; set it", s.Clock.SkewSeconds)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func age(seconds int64) string {
	if seconds < 0 {
		return "unknown"
	}
	return (time.Duration(seconds) * time.Second).String()
}

func bytesText(n int64) string {
	if n < 1<<20 {
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
