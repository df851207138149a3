package main

import (
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/modules/terminal"
)

func (t *tool) report() *cobra.Command {
	return &cobra.Command{
		Use: "report", Short: "Say how everything stands: reward by arm, agents, counts", Args: terminal.Words(0, 0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			var o api.Overview
			if err := t.call(c.Context(), "GET", "/overview", nil, &o); err != nil {
				return err
			}
			return t.print(c, o, func(w io.Writer) { report(w, o) })
		},
	}
}

func report(w io.Writer, o api.Overview) {
	for _, a := range o.Alarms {
		fmt.Fprintln(w, "ALARM:", a)
	}
	fmt.Fprintf(w, "%.1f decisions/s, %.1f outcomes/s\n", o.Decisions.PerSecond, o.Outcomes.PerSecond)
	if o.Release != nil {
		describe(w, *o.Release)
	}
	if o.Refresh.Waits != "" {
		fmt.Fprintln(w, "models are not refreshed:", o.Refresh.Waits)
	}
	for _, s := range o.Slots {
		fmt.Fprintf(w, "\nslot %s, experiment %s\n", s.ID, s.Experiment)
		t := terminal.Table(w, "ARM", "SHARE", "DECISIONS", "MEAN REWARD", "95 % AT ANY TIME")
		for _, a := range s.Arms {
			if a.Low == nil {
				terminal.Row(t, a.ID, a.Share, a.Decisions, "-", "-")
				continue
			}
			terminal.Row(t, a.ID, a.Share, a.Decisions, fmt.Sprintf("%.4f", a.Mean), fmt.Sprintf("%.4f to %.4f", *a.Low, *a.High))
		}
		t.Flush()
		if s.SampleRatio < 0.001 {
			fmt.Fprintf(w, "the arms did not get their shares (p = %.2g): don't compare them\n", s.SampleRatio)
		}
	}
	for _, m := range o.Measurements {
		fmt.Fprintf(w, "\n%s (%s, by %s)\n", m.Title, m.Unit, m.Source)
		for _, r := range m.Values {
			fmt.Fprintf(w, "  %s: %g\n", r.Label, r.Value)
		}
	}
	fmt.Fprintln(w)
	fleet(w, o)
	in, tr := o.Counts.Ingest, o.Counts.Training
	fmt.Fprintf(w, "\nsince %s: %d records in %d segments; %d outcomes counted already, %d without a decision at their agent, %d records unreadable, %d segments refused\n",
		o.Started.Format(time.RFC3339), in.Records, in.Segments, in.Duplicates, in.Unmatched, in.Unreadable, in.Dead)
	fmt.Fprintf(w, "in all: %d decisions finished, %d wait; %d outcomes joined, %d late, %d of what was not shown, %d wait for their decision, %d never found one\n",
		tr.Decisions, tr.Pending, tr.Joined, tr.Late, tr.NotShown, tr.Orphans, tr.Expired)
}

func fleet(w io.Writer, o api.Overview) {
	if len(o.Agents) == 0 {
		fmt.Fprintln(w, "no agent has enrolled; make a token with `aisle-central enrol AGENT --site SITE`")
		return
	}
	t := terminal.Table(w, "AGENT", "SITE", "STANDING", "HEARD", "RELEASE", "MODEL", "NOT IN LEDGER", "")
	for _, a := range o.Agents {
		heard := o.At.Sub(a.HeardAt).Truncate(time.Second)
		if a.Status == nil {
			terminal.Row(t, a.Name, a.Site, a.Standing, heard, "-", "-", "-", "")
			continue
		}
		model := "-"
		if a.Status.ModelAge != nil {
			model = (time.Duration(*a.Status.ModelAge) * time.Second).String()
		}
		terminal.Row(t, a.Name, a.Site, a.Standing, heard, a.Status.Release, model, a.Status.Unconfirmed, a.Status.Refused)
	}
	t.Flush()
}
