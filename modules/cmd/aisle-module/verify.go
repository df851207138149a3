package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// verdict is whether a file may run on nodes, and why not.
type verdict struct {
	File       string   `json:"file"`
	Kind       string   `json:"kind,omitempty"`
	Admissible bool     `json:"admissible"`
	Reason     string   `json:"reason,omitempty"`
	Digest     string   `json:"digest,omitempty"` // of the module
	Engines    []string `json:"engines,omitempty"`
	Vectors    int      `json:"vectors"`
	Note       string   `json:"note,omitempty"`
}

func (t *tool) verify() *cobra.Command {
	return &cobra.Command{
		Use: "verify FILE", Short: "Say whether nodes admit a scorer file, a bundle or a bare module", Args: terminal.Words(1, 1, "a file"),
		Long: `Does with a file what a node does before it runs it: checks the seal, that the
module is the one the manifest names, its meter and its limits; makes an instance in the
compiler and in the interpreter; and demands the bits of the golden vectors of both, and
of a module of your own that its contributions sum to its answers.

Of a module without a manifest nothing is scored, since nobody knows its columns.

Exit status 1 and a reason for anything that is not admissible, 2 for a file that can't be
read.`,
		Example: "  aisle-module verify model.wasm\n  aisle-module verify --json model.bundle",
		RunE: func(c *cobra.Command, args []string) error {
			v := verdict{File: args[0]}
			err := v.judge(c)
			if err != nil && terminal.IsWrong(err) {
				return err
			}
			v.Admissible = err == nil
			if err != nil {
				v.Reason = oneLine(err)
			}
			told := t.print(c, v, func(w io.Writer) {
				switch {
				case !v.Admissible:
				case v.Kind == kindModule:
					fmt.Fprintf(w, "%s is admissible: a bare module, %s, in compiler and interpreter\n", v.File, v.Digest[:12])
				default:
					fmt.Fprintf(w, "%s is admissible: %s, module %s, %d golden vectors in compiler and interpreter\n", v.File, v.Kind, v.Digest[:12], v.Vectors)
				}
			})
			if v.Admissible && v.Note != "" && !t.json {
				fmt.Fprintln(c.ErrOrStderr(), v.Note)
			}
			return errors.Join(told, err)
		},
	}
}

func (v *verdict) judge(c *cobra.Command) error {
	p := terminal.Start(c.ErrOrStderr(), "reading "+v.File, int64(1+len(engines)))
	defer p.End()
	f, err := open(v.File)
	if err != nil {
		return err
	}
	v.Kind, v.Digest, v.Vectors = f.kind, compile.Digest(f.code), len(f.Golden)
	if f.kind == kindModule {
		v.Note = "nothing was scored: it has no manifest; make a scorer file of it with `aisle-module meter`"
	}
	for _, e := range engines {
		p.Step("trying it in the " + e.name)
		if err := f.try(e); err != nil {
			return fmt.Errorf("%s is not admissible: in the %s, %w%s", v.File, e.name, err, advice(err))
		}
		v.Engines = append(v.Engines, e.name)
	}
	return nil
}

// engine is one of the two ways to run a module.
type engine struct {
	name    string
	options host.Options
}

var engines = []engine{{"compiler", host.Options{}}, {"interpreter", host.Options{Interpreter: true}}}

// with runs some work with a file's module in an engine, as a node would but for
// the slices that a call may use, 0: as many as there.
func (f *file) with(e engine, fuel int, do func(*host.Module) error) error {
	h, err := host.Open(e.options)
	if err != nil {
		return err
	}
	defer h.Close()
	l := host.LimitsOf(f.Bundle)
	l.Instances, l.Fuel = 1, fuel
	m, err := h.Admit(f.code, f.Blob(), l)
	if err != nil {
		return err
	}
	defer m.Close()
	return do(m)
}

// try does what a node does before it activates a module, and for a module of
// somebody's own what the centre does before it releases it.
func (f *file) try(e engine) error {
	return f.with(e, 0, func(m *host.Module) error {
		if err := m.Preflight(f.Golden); err != nil || f.Manifest.Family != bundle.FamilyOwn {
			return err
		}
		return m.Tells(f.Golden, f.Manifest.Terms())
	})
}

// advice says what to do about a refusal.
func advice(err error) string {
	var refusal *meter.Refusal
	var declined *host.RefusedError
	switch {
	case errors.As(err, &refusal) && refusal.Kind == meter.Malformed:
		return "; build the file again"
	case errors.As(err, &refusal):
		return "; if it is an ordinary build, make a scorer of it with `aisle-module meter`"
	case errors.As(err, &declined) && declined.Status == abi.BadFrame:
		return "; the module and its manifest must agree on columns and heads"
	case errors.Is(err, host.ErrGolden):
		return "; make it again from its source, and don't edit it"
	case errors.Is(err, host.ErrFuel):
		return "; it needs to do less work in one call"
	case errors.Is(err, host.ErrNotFinite):
		return "; answer a number for every row, missing values included"
	case errors.Is(err, host.ErrSum), errors.Is(err, host.ErrHeavy):
		return ""
	}
	return "; correct the module and build it again"
}
