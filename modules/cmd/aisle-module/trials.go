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
	var r rowFlags
	c := &cobra.Command{
		Use: "test scorer.wasm", Short: "Run the golden vectors in both engines, with fuel and memory", Args: terminal.Words(1, 1, "a scorer file or a bundle"),
		Long: `Runs each golden vector in the compiler and in the interpreter and compares bits. Both
must also spend the same fuel, and what a module of your own contributes must sum to
its answers.

With --rows and --expect it also scores the rows of a file in both engines, as
` + "`aisle-module score`" + ` does, and compares with the predictions that a file expects of
them. What ` + "`aisle-module new`" + ` makes has a rows.csv with both.

A module of your own that answers otherwise than before has to be recorded anew:
--record writes the vectors of what it answers now into the file.`,
		Example: "  aisle-module test model.wasm\n  aisle-module test model.wasm --rows rows.csv --expect rows.csv\n  aisle-module test own.wasm --record",
		RunE: func(c *cobra.Command, args []string) error {
			if err := r.compares(); err != nil {
				return err
			}
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
			var compared []comparison
			if failed == nil && r.name != "" {
				compared, failed = r.compare(c, f)
			}
			if terminal.IsWrong(failed) {
				return failed
			}
			err = t.print(c, struct {
				File     string       `json:"file"`
				Passed   bool         `json:"passed"`
				Trials   []trial      `json:"trials"`
				Compared []comparison `json:"compared,omitempty"`
			}{f.name, failed == nil, trials, compared}, func(w io.Writer) {
				trialTable(w, trials)
				for _, one := range compared {
					fmt.Fprintf(w, "%s: %d rows, at most %.2g off what is expected\n", one.Engine, one.Rows, one.Worst)
				}
				if failed == nil {
					fmt.Fprintf(w, "%s passes\n", f.name)
				}
			})
			return errors.Join(err, failed)
		},
	}
	r.flags(c)
	c.Flags().BoolVar(&record, "record", false, "write the golden vectors anew, of a module of your own")
	return c
}

// recordAnew writes the vectors of what a module answers now.
func (f *file) recordAnew() (err error) {
	if f.kind != kindScorer || f.Manifest.Family != bundle.FamilyOwn {
		return terminal.Wrongf("%s is a %s of family %s; only scorer files of your own modules are recorded, others have the vectors of their model", f.name, f.kind, f.Manifest.Family)
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
		err := f.with(e, 0, func(m *host.Module) error {
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

func trialTable(w io.Writer, trials []trial) {
	t := terminal.Table(w, "ENGINE", "VECTOR", "ROWS", "FUEL", "MEMORY", "")
	for _, one := range trials {
		terminal.Row(t, one.Engine, one.Vector, one.Rows, one.Fuel, terminal.Bytes(int64(one.Memory)), either(one.Failure, "same bits"))
	}
	t.Flush()
}
