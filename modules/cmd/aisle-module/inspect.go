package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// report is what inspect tells.
type report struct {
	File      string          `json:"file"`
	Kind      string          `json:"kind"`
	Bytes     int             `json:"bytes"`
	Digest    string          `json:"digest"` // of the file
	Family    string          `json:"family,omitempty"`
	Created   string          `json:"created,omitempty"`
	Columns   []bundle.Column `json:"columns,omitempty"`
	Crosses   [][2]string     `json:"crosses,omitempty"`
	Heads     []string        `json:"heads,omitempty"`
	Variance  bool            `json:"variance"`
	Link      string          `json:"link,omitempty"`
	Emitter   string          `json:"emitter,omitempty"`
	ModelSize int             `json:"model_bytes"`
	Vectors   int             `json:"golden_vectors"`
	Module    moduleReport    `json:"module"`
}

// moduleReport is about the code.
type moduleReport struct {
	Bytes     int      `json:"bytes"`
	Digest    string   `json:"digest"`
	Imports   []string `json:"imports"`
	Exports   []string `json:"exports"`
	Functions int      `json:"functions"`
	Pages     uint32   `json:"pages"`      // of memory to begin with, 64 KiB each
	MostPages uint32   `json:"most_pages"` // 0: no bound of its own
	Sealed    bool     `json:"sealed"`     // carries the meter
	Unsealed  string   `json:"unsealed,omitempty"`
	Explains  bool     `json:"explains"`
	Memory    int      `json:"memory_bytes"` // after the largest of the frames below
	Costs     []cost   `json:"costs,omitempty"`
}

// cost is what a frame of so many rows takes.
type cost struct {
	Rows   int     `json:"rows"`
	Fuel   int     `json:"fuel"`
	Micros float64 `json:"us"`
}

// sizes are the rows of the frames that are tried.
var sizes = []int{1, 100, 1000}

// budget is the fuel of a call on a node, in units.
const budget = 64 * 4 * meter.MaxCharge

func (t *tool) inspect() *cobra.Command {
	return &cobra.Command{
		Use: "inspect FILE", Short: "Say what a scorer file, a bundle or a bare module is, reads and costs", Args: terminal.Words(1, 1, "a file"),
		Long: `Tells what a file is: its family, the columns it declares with their scope, kind, source
and purpose, its heads and link, and of the module the imports, the size, the memory and
what frames of 1, 100 and 1,000 rows cost: fuel is the same on every machine, time is
that of this one, in the compiler.

It does not judge: that is for ` + "`aisle-module verify`" + `.`,
		Example: "  aisle-module inspect model.wasm\n  aisle-module inspect --json model.wasm",
		RunE: func(c *cobra.Command, args []string) error {
			f, err := open(args[0])
			if err != nil {
				return terminal.Wrong(err)
			}
			r, err := f.report(c)
			if err != nil {
				return err
			}
			return t.print(c, r, r.inWords)
		},
	}
}

func (f *file) report(c *cobra.Command) (*report, error) {
	m := &f.Manifest
	r := &report{
		File: f.name, Kind: f.kind, Bytes: f.size, Digest: hex.EncodeToString(f.Digest[:]), Family: m.Family, Columns: m.Columns, Crosses: m.Crosses,
		Heads: m.Heads, Variance: m.Variance, Emitter: m.Emitter, ModelSize: len(f.Model), Vectors: len(f.Golden),
		Module: moduleReport{Bytes: len(f.code), Digest: compile.Digest(f.code)},
	}
	if f.kind == kindModule {
		r.Digest = r.Module.Digest
	} else {
		r.Created, r.Link = time.UnixMilli(m.Created).UTC().Format(time.RFC3339), linkText(m.Link)
	}
	o, err := meter.Outlined(f.code)
	if err != nil {
		return nil, terminal.Wrongf("%s: %w; build the file again", f.name, err)
	}
	r.Module.Imports, r.Module.Exports, r.Module.Functions = o.Imports, o.Exports, o.Functions
	r.Module.Pages, r.Module.MostPages = o.Pages, o.MostPages
	r.Module.Explains = slices.Contains(o.Exports, abi.ExportExplain)
	if err := meter.Check(f.code, meter.Limits{}); err != nil {
		r.Module.Unsealed = oneLine(err)
		return r, nil
	}
	r.Module.Sealed = true
	if f.kind == kindModule {
		return r, nil
	}
	p := terminal.Start(c.ErrOrStderr(), "running it", int64(len(sizes)))
	defer p.End()
	err = f.with(engines[0], 0, func(m *host.Module) error {
		for _, rows := range sizes {
			one, memory, err := f.cost(m, rows)
			if errors.Is(err, host.ErrRoom) {
				break
			} else if err != nil {
				return fmt.Errorf("%s fails on %d rows: %w; see what `aisle-module verify %s` says", f.name, rows, err, f.name)
			}
			r.Module.Costs, r.Module.Memory = append(r.Module.Costs, one), memory
			p.Step("running it")
		}
		return nil
	})
	return r, err
}

// cost runs a frame of rows like the golden vectors' some times and takes the
// best, since others may use the machine.
func (f *file) cost(m *host.Module, rows int) (cost, int, error) {
	out := cost{Rows: rows, Micros: math.Inf(1)}
	in, err := m.Borrow()
	if err != nil {
		return out, 0, err
	}
	defer in.Return()
	for until := time.Now().Add(30 * time.Millisecond); time.Now().Before(until) || math.IsInf(out.Micros, 1); {
		frame, err := f.sampled(in, rows)
		if err != nil {
			return out, 0, err
		}
		start := time.Now()
		if err := in.Score(); err != nil {
			return out, 0, err
		}
		took := time.Since(start)
		_ = frame
		out.Micros = min(out.Micros, float64(took.Nanoseconds())/1e3)
		out.Fuel = in.Spent()
	}
	return out, in.Memory(), nil
}

func (r *report) inWords(w io.Writer) {
	line := func(name, format string, v ...any) { fmt.Fprintf(w, "%-10s%s\n", name, fmt.Sprintf(format, v...)) }
	line("file", "%s, %s, %d bytes, digest %s", r.File, r.Kind, r.Bytes, r.Digest)
	if r.Kind != kindModule {
		by := ""
		if r.Emitter != "" {
			by = ", by emitter " + r.Emitter
		}
		line("family", "%s%s, made %s", r.Family, by, r.Created)
		line("answers", "%s%s, link %s", strings.Join(r.Heads, " "), map[bool]string{true: " with variance"}[r.Variance], r.Link)
	}
	m := &r.Module
	line("module", "%d bytes, %d functions, digest %s", m.Bytes, m.Functions, m.Digest)
	line("imports", "%s", either(strings.Join(m.Imports, " "), "none"))
	line("exports", "%s", either(strings.Join(m.Exports, " "), "none"))
	most := "no bound of its own"
	if m.MostPages > 0 {
		most = fmt.Sprintf("at most %d", m.MostPages)
	}
	line("memory", "%d pages of 64 KiB to begin with, %s", m.Pages, most)
	if r.ModelSize > 0 {
		line("model", "%d bytes", r.ModelSize)
	}
	line("explains", "%s", map[bool]string{true: "yes", false: "no"}[m.Explains])
	if !m.Sealed {
		line("sealed", "no: %s", m.Unsealed)
		return
	}
	line("golden", "%d vectors", r.Vectors)
	for i, c := range m.Costs {
		line(map[bool]string{true: "costs"}[i == 0], "%5d rows: %8d fuel, %.2f %% of a call's; %.1f µs", c.Rows, c.Fuel, 100*float64(c.Fuel)/budget, c.Micros)
	}
	if len(r.Columns) == 0 {
		return
	}
	fmt.Fprintln(w)
	t := terminal.Table(w, "COLUMN", "SCOPE", "KIND", "SOURCE", "PURPOSE")
	for _, c := range r.Columns {
		terminal.Row(t, c.Name, c.Scope, c.Kind, either(c.Source, "-"), either(c.Purpose, "-"))
	}
	t.Flush()
	for _, x := range r.Crosses {
		fmt.Fprintf(w, "cross of %s and %s\n", x[0], x[1])
	}
}

func either(text, other string) string {
	if text == "" {
		return other
	}
	return text
}
