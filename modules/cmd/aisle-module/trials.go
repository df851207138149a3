package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// trial is how a scorer does on one golden vector in one engine.
type trial struct {
	Engine  string `json:"engine"`
	Vector  int    `json:"vector"`
	Rows    int    `json:"rows"`
	Fuel    int    `json:"fuel"`
	Memory  int    `json:"memory_bytes"`
	Failure string `json:"failure,omitempty"`
}

func (t *tool) test() *cobra.Command {
	var record bool
	c := &cobra.Command{
		Use: "test scorer.wasm", Short: "Run the golden vectors in both engines, with fuel and memory", Args: one("a scorer file or a bundle"),
		Long: `Runs each golden vector in the compiler and in the interpreter and compares bits. Both
must also spend the same fuel, and what a module of your own contributes must sum to
its answers.

A module of your own that answers otherwise than before has to be recorded anew:
--record writes the vectors of what it answers now into the file.`,
		Example: "  aisle-module test model.wasm\n  aisle-module test own.wasm --record",
		RunE: func(c *cobra.Command, args []string) error {
			f, err := openScorer(args[0])
			if err != nil {
				return err
			}
			if record {
				if err := f.recordAnew(); err != nil {
					return err
				}
			}
			trials, failed := f.trials(c)
			err = t.print(c, struct {
				File   string  `json:"file"`
				Passed bool    `json:"passed"`
				Trials []trial `json:"trials"`
			}{f.name, failed == nil, trials}, func(w io.Writer) { trialTable(w, f.name, trials, failed == nil) })
			return errors.Join(err, failed)
		},
	}
	c.Flags().BoolVar(&record, "record", false, "write the golden vectors anew, of a module of your own")
	return c
}

// recordAnew writes the vectors of what a module answers now.
func (f *file) recordAnew() (err error) {
	if f.kind != kindScorer || f.Manifest.Family != bundle.FamilyOwn {
		return wrongf("%s is a %s of family %s; only scorer files of your own modules are recorded, others have the vectors of their model", f.name, f.kind, f.Manifest.Family)
	}
	if f.Golden, err = f.record(); err != nil {
		return fmt.Errorf("%s does not score: %w%s", f.name, err, advice(err))
	}
	b, err := bundle.Embed(f.Bundle)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	return write(f.name, b)
}

// trials runs all vectors in both engines; the error says that one failed.
func (f *file) trials(c *cobra.Command) (all []trial, failed error) {
	p := terminal.Start(c.ErrOrStderr(), "running golden vectors", int64(len(engines)*len(f.Golden)))
	defer p.End()
	for _, e := range engines {
		err := f.with(e, host.Limits{}, func(m *host.Module) error {
			for i := range f.Golden {
				one := f.trial(m, i)
				if one.Engine = e.name; one.Failure == "" && len(all) >= len(f.Golden) && one.Fuel != all[i].Fuel {
					one.Failure = fmt.Sprintf("spends %d fuel here and %d in the %s", one.Fuel, all[i].Fuel, engines[0].name)
				}
				all = append(all, one)
				p.Step("running golden vectors in the " + e.name)
			}
			if f.Manifest.Family != bundle.FamilyOwn {
				return nil
			}
			return m.Tells(f.Golden, f.Manifest.Terms())
		})
		if err != nil {
			return all, fmt.Errorf("%s fails in the %s: %w%s", f.name, e.name, err, advice(err))
		}
	}
	bad := 0
	for _, one := range all {
		if one.Failure != "" {
			bad++
			failed = fmt.Errorf("%s fails %d of %d trials: vector %d in the %s: %s; make it again, or if it is a module of your own that you changed, use --record",
				f.name, bad, len(all), one.Vector, one.Engine, one.Failure)
		}
	}
	return all, failed
}

func (f *file) trial(m *host.Module, i int) trial {
	out := trial{Vector: i}
	_, out.Rows, _ = abi.ParseHeader(f.Golden[i].Input) // which opening has checked
	if err := m.Preflight(f.Golden[i : i+1]); err != nil {
		out.Failure = oneLine(err)
	}
	in, err := m.Borrow() // the only instance: the one that ran it, or another if that broke
	if err != nil {
		return out
	}
	defer in.Return()
	out.Fuel, out.Memory = in.Spent(), in.Memory()
	return out
}

func trialTable(w io.Writer, name string, trials []trial, passed bool) {
	t := table(w, "ENGINE", "VECTOR", "ROWS", "FUEL", "MEMORY", "")
	for _, one := range trials {
		row(t, one.Engine, one.Vector, one.Rows, one.Fuel, terminal.Bytes(int64(one.Memory)), either(one.Failure, "same bits"))
	}
	t.Flush()
	if passed {
		fmt.Fprintf(w, "%s passes\n", name)
	}
}
