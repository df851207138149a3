package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// measure is how fast frames of so many rows are scored.
type measure struct {
	By    string  `json:"by"` // an engine, or go: the reference
	Rows  int     `json:"rows"`
	Nanos float64 `json:"ns_row"`
	Fuel  float64 `json:"fuel_row,omitempty"`
	Ratio float64 `json:"of_go,omitempty"` // of the reference's time
}

const reference = "go"

func (t *tool) bench() *cobra.Command {
	patience := 300 * time.Millisecond
	c := &cobra.Command{
		Use: "bench scorer.wasm", Short: "Measure ns a row in both engines, and against the model in plain Go", Args: terminal.Words(1, 1, "a scorer file or a bundle"),
		Long: `Scores frames of 1, 100 and 1,000 rows again and again and tells the least time a row:
in the compiler, in the interpreter, and where the family has one by the reference, a
plain Go loop over the same frame. Fuel a row is the same on every machine. Rows are
made of the values of the golden vectors.`,
		Example: "  aisle-module bench model.wasm\n  aisle-module bench model.wasm --for 2s --json",
		RunE: func(c *cobra.Command, args []string) error {
			if patience <= 0 {
				return terminal.Wrongf("--for %v: a time above 0, as 300ms", patience)
			}
			f, err := openScorer(args[0])
			if err != nil {
				return err
			}
			all, err := f.measures(c, patience)
			if err != nil {
				return err
			}
			return t.print(c, all, func(w io.Writer) { measureTable(w, all) })
		},
	}
	c.Flags().DurationVar(&patience, "for", patience, "measure each for so long")
	return c
}

func (f *file) measures(c *cobra.Command, patience time.Duration) (all []measure, err error) {
	p := terminal.Start(c.ErrOrStderr(), "measuring", int64(len(sizes)*(1+len(engines))))
	defer p.End()
	plain := map[int]float64{}
	model, err := f.model()
	if err != nil {
		return nil, err
	}
	if model != nil {
		for _, rows := range sizes {
			frame, err := abi.New(model.FrameShape(), rows)
			if err != nil {
				return nil, err
			}
			if err := f.Golden[0].Resample(&frame); err != nil {
				return nil, err
			}
			took, err := least(patience, func() error { return model.Score(&frame) })
			if err != nil {
				return nil, err
			}
			plain[rows] = took / float64(rows)
			all = append(all, measure{By: reference, Rows: rows, Nanos: plain[rows]})
			p.Step("measuring plain Go")
		}
	}
	for _, e := range engines {
		err := f.with(e, enough, func(m *host.Module) error {
			for _, rows := range sizes {
				one, err := f.measure(m, rows, patience)
				if errors.Is(err, host.ErrRoom) {
					return nil
				} else if err != nil {
					return fmt.Errorf("%s fails on %d rows in the %s: %w%s", f.name, rows, e.name, err, advice(err))
				}
				one.By = e.name
				if plain[rows] > 0 {
					one.Ratio = one.Nanos / plain[rows]
				}
				all = append(all, one)
				p.Step("measuring the " + e.name)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// model is the reference, nil of families without one.
func (f *file) model() (scoring.Model, error) {
	if f.Manifest.Family == bundle.FamilyOwn || len(f.Model) == 0 {
		return nil, nil
	}
	return scoring.Parse(f.Model)
}

func (f *file) measure(m *host.Module, rows int, patience time.Duration) (measure, error) {
	in, err := m.Borrow()
	if err != nil {
		return measure{}, err
	}
	defer in.Return()
	if _, err := f.sampled(in, rows); err != nil {
		return measure{}, err
	}
	took, err := least(patience, in.Score)
	return measure{Rows: rows, Nanos: took / float64(rows), Fuel: float64(in.Spent()) / float64(rows)}, err
}

// least is the least ns of some work in a while, since others may use the machine.
func least(patience time.Duration, work func() error) (float64, error) {
	best := math.Inf(1)
	for begin := time.Now(); time.Since(begin) < patience || math.IsInf(best, 1); {
		times := 0
		start := time.Now()
		for took := time.Duration(0); took < 20*time.Microsecond; took = time.Since(start) { // which a clock can tell
			if err := work(); err != nil {
				return 0, err
			}
			times++
		}
		best = min(best, float64(time.Since(start).Nanoseconds())/float64(times))
	}
	return best, nil
}

func measureTable(w io.Writer, all []measure) {
	t := terminal.Table(w, "BY", "ROWS", "NS A ROW", "FUEL A ROW", "OF GO'S TIME")
	for _, m := range all {
		fuel, ratio := "-", "-"
		if m.Fuel > 0 {
			fuel = fmt.Sprintf("%.0f", m.Fuel)
		}
		if m.Ratio > 0 {
			ratio = fmt.Sprintf("%.2f", m.Ratio)
		}
		terminal.Row(t, m.By, m.Rows, fmt.Sprintf("%.1f", m.Nanos), fuel, ratio)
	}
	t.Flush()
}
