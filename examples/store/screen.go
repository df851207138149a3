package store

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/examples/internal/judge"
)

// screen is where a person, or a program, watches.
type screen struct {
	out  io.Writer
	json bool
	live bool

	mu    sync.Mutex // guards the rest
	lines int        // of the report that the next one replaces
}

func newScreen(o Options) *screen { return &screen{out: o.Out, json: o.JSON, live: o.Live} }

// say prints a line that stays.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if s.json {
		s.encode(map[string]string{"said": text})
		return
	}
	s.clear()
	fmt.Fprintln(s.out, text)
}

func (s *screen) encode(v any) {
	json.NewEncoder(s.out).Encode(v) // who reads may be gone
}

// clear takes the last report off a terminal.
func (s *screen) clear() {
	if s.lines > 0 {
		fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.lines)
		s.lines = 0
	}
}

func (s *screen) show(r Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.json {
		s.encode(r)
		return
	}
	text := "\n" + r.String()
	s.clear()
	fmt.Fprint(s.out, text)
	if s.live {
		s.lines = strings.Count(text, "\n")
	}
}

// last shows a report that stays.
func (s *screen) last(r Report) {
	s.show(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = 0
}

// String is the report as a person reads it.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "after %v   %.0f decisions/s, %.0f outcomes/s into the ledger; %s\n",
		(time.Duration(r.Seconds) * time.Second), r.Decisions.PerSecond, r.Outcomes.PerSecond, r.milestones())
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, slot := range r.Slots {
		if !slices.ContainsFunc(slot.Arms, func(a api.Arm) bool { return a.Decisions > 0 }) {
			continue // asked without a record only, or not yet
		}
		fmt.Fprintf(t, "  %s\treward\t95 %% at any time\tdecisions\n", slot.ID)
		for _, a := range slot.Arms {
			fmt.Fprintf(t, "    %s\t%s\n", a.ID, reward(a))
		}
	}
	t.Flush()
	if r.Promises != nil {
		r.Promises.write(&b)
	}
	if r.Forecast != nil {
		r.Forecast.write(&b)
	}
	if f := r.Fetches; f != nil {
		fmt.Fprintf(&b, "  stock room   %d fetched for customers (each message signed), %d repeated, %d refused; %d wait for the staff\n", f.Fetched, f.Repeated, f.Refused, f.Waiting)
	}
	fmt.Fprintf(t, "  agent\trelease\tmodel\tcatalogue\thub heard\tlog\tnot in the ledger\n")
	for _, a := range r.Agents {
		fmt.Fprintf(t, "    %s\t%s\n", a.Site, a.line())
	}
	t.Flush()
	for _, alarm := range r.Alarms {
		fmt.Fprintln(&b, "  ALARM:", alarm)
	}
	return b.String()
}

func (r *Report) milestones() string {
	var parts []string
	for _, m := range []struct {
		milestone Milestone
		yes, no   string
	}{
		{Learned, "learned release on all agents after %.0f s", "no learned release on all agents yet"},
		{BeatsRandom, "beats random since %.0f s", ""},
		{BeatsFixed, "best-fixed since %.0f s", ""},
	} {
		if at, ok := r.Reached[m.milestone]; ok {
			parts = append(parts, fmt.Sprintf(m.yes, float64(at)))
		} else if m.no != "" {
			parts = append(parts, m.no)
		}
	}
	return strings.Join(parts, ", ")
}

func reward(a api.Arm) string {
	if a.Low == nil {
		return "-\t-\t0"
	}
	return fmt.Sprintf("%.4f\t%.4f to %.4f\t%d", a.Mean, *a.Low, *a.High, a.Decisions)
}

func (p *Promises) write(b *strings.Builder) {
	fmt.Fprintf(b, "  broken promises per 10,000 items shown in the stores, by %s\n", p.Source)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\t")
	for _, promise := range told {
		fmt.Fprintf(t, "%s\t", word(promise))
	}
	fmt.Fprint(t, "items shown\t\n")
	line := func(name string, broken map[judge.Promise]float64, shown int) {
		fmt.Fprintf(t, "    %s\t", name)
		for _, promise := range told {
			fmt.Fprintf(t, "%.1f\t", broken[promise])
		}
		fmt.Fprintf(t, "%d\t\n", shown)
	}
	line("with rules", p.With, p.Shown.With)
	line("rules off", p.Off, p.Shown.Off)
	t.Flush()
}

func word(p judge.Promise) string { return strings.ReplaceAll(string(p), "_", " ") }

func (a *AgentReport) line() string {
	s := a.Status
	if s == nil {
		return "does not answer"
	}
	release := fmt.Sprint(s.Release.Counter)
	if s.Release.Refused != nil {
		release += ", refused the next: " + s.Release.Refused.Title
	}
	hub := age(s.Age.HubContact)
	if !s.Hub.Connected {
		hub += ", away"
	}
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%d records, %d MiB\t%d", release, age(s.Age.Model), age(s.Age.Catalogue), hub,
		s.Log.Records, s.Log.Bytes>>20, s.Log.Unconfirmed)
}

func age(s ranking.Seconds) string {
	if s < 0 {
		return "-"
	}
	return (time.Duration(s) * time.Second).String()
}
