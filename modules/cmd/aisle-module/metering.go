package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/meter"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// manifestFile is taken beside a guest where no flag names another.
const manifestFile = "manifest.json"

func (t *tool) metering() *cobra.Command {
	var out, manifest, model string
	c := &cobra.Command{
		Use: "meter guest.wasm -o scorer.wasm", Short: "Make a scorer file of a module that you wrote", Args: terminal.Words(1, 1, "a WebAssembly module"),
		Long: `Takes what a compiler made of your code and makes a scorer file of it: imports of WASI
become functions inside, every function and loop pays fuel, calls that could recur are
counted, names and debug data go. Then the module is run in both engines on rows made
up, values missing among them, and what it answers becomes its golden vectors.

The manifest says what the module reads and answers. Its family is own; digest and
creation time (now, or SOURCE_DATE_EPOCH) are filled in:

  {"format": 0, "family": "own",
   "columns": [{"name": "price", "scope": "item", "kind": "dense", "source": "item.price"}],
   "heads": ["value"], "variance": false}

Without --manifest, manifest.json beside the guest is taken. If there is none, the output
is the metered module alone: nodes would admit it, but nobody can score with it.`,
		Example: "  aisle-module meter guest.wasm -o scorer.wasm\n  aisle-module meter build/release.wasm --manifest mymodel.json -o scorer.wasm",
		RunE: func(c *cobra.Command, args []string) error {
			if err := needsOut(c, out); err != nil {
				return err
			}
			return t.seal(c, args[0], manifest, model, out)
		},
	}
	outFlag(c, &out, "the scorer file")
	c.Flags().StringVar(&manifest, "manifest", "", "read the manifest from `FILE` (default: manifest.json beside the guest)")
	c.Flags().StringVar(&model, "model", "", "seal in `FILE` as the model that the module reads (aisle_model), if it reads one")
	return c
}

func (t *tool) seal(c *cobra.Command, guest, manifest, model, out string) error {
	code, err := read(guest, bundle.MaxSize)
	if err != nil {
		return terminal.Wrong(err)
	}
	m, err := manifestOf(guest, manifest)
	if err != nil {
		return err
	}
	if m == nil && model != "" {
		return terminal.Wrongf("--model needs a manifest; write %s beside %s, or name one with --manifest", manifestFile, guest)
	}
	p := terminal.Start(c.ErrOrStderr(), "metering", 4)
	defer p.End()
	sealed, err := meter.Rewrite(code, meter.Limits{})
	if err != nil {
		return fmt.Errorf("%s can't be metered: %w; %s", guest, err, remedy(code, err))
	}
	if m == nil {
		if err := write(out, sealed); err != nil {
			return err
		}
		p.End()
		return t.made(c, out, sealed, bundle.Manifest{Family: kindModule}, "there is no manifest, so it can't be scored with; write one and name it with --manifest")
	}
	m.Module = compile.Digest(sealed)
	f := &file{kind: kindScorer, name: guest, code: sealed, Bundle: &bundle.Bundle{Manifest: *m, Parts: bundle.Parts{Module: sealed}}}
	if model != "" {
		if f.Model, err = read(model, bundle.MaxSize); err != nil {
			return terminal.Wrong(err)
		}
	}
	p.Step("making golden vectors")
	if f.Golden, err = f.record(); err != nil {
		return fmt.Errorf("%s does not score: %w%s", guest, err, advice(err))
	}
	for _, e := range engines {
		p.Step("trying it in the " + e.name)
		if err := f.try(e); err != nil {
			return fmt.Errorf("%s is not admissible: in the %s, %w%s", guest, e.name, err, advice(err))
		}
	}
	scorer, err := bundle.Embed(f.Bundle)
	if err != nil {
		return fmt.Errorf("%s: %w", guest, err)
	}
	if err := write(out, scorer); err != nil {
		return err
	}
	p.End()
	return t.made(c, out, scorer, *m, "try it with `aisle-module test "+out+"`")
}

// remedy says what to do about a module that can't be metered.
func remedy(code []byte, err error) string {
	var refusal *meter.Refusal
	switch {
	case !bytes.HasPrefix(code, wasmMagic):
		return "it is no WebAssembly module; build one, as `aisle-module new` shows"
	case isScorer(code) || meter.Check(code, meter.Limits{}) == nil:
		return "it is metered already: take what the compiler built"
	case errors.As(err, &refusal) && refusal.Kind == meter.Export:
		return "export what a scorer has to, as what `aisle-module new` writes does"
	}
	return "build it without that"
}

// record makes golden vectors of what the module answers.
func (f *file) record() (golden []bundle.Vector, err error) {
	shape, err := f.Manifest.Frame()
	if err != nil {
		return nil, err
	}
	err = f.with(engines[0], 0, func(m *host.Module) error {
		golden, err = bundle.GoldenOf(shape, sha256.Sum256(f.code), func(to *abi.Frame) error { return f.answer(m, to) })
		return err
	})
	return golden, err
}

// answer copies a frame into a module and its answers back.
func (f *file) answer(m *host.Module, to *abi.Frame) error {
	in, err := m.Borrow()
	if err != nil {
		return err
	}
	defer in.Return()
	frame, err := in.Frame(to.Shape(), to.Rows())
	if err != nil {
		return err
	}
	copy(frame.Bytes(), to.Input())
	if err := in.Score(); err != nil {
		return err
	}
	for h := range to.Shape().Heads {
		copy(to.Mean(h), frame.Mean(h))
		copy(to.Variance(h), frame.Variance(h))
	}
	return nil
}

// manifestOf reads the manifest of a guest, nil if there is none beside it.
func manifestOf(guest, name string) (*bundle.Manifest, error) {
	given := name != ""
	if !given {
		name = filepath.Join(filepath.Dir(guest), manifestFile)
		if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	b, err := read(name, maxFeatures)
	if err != nil {
		return nil, terminal.Wrong(err)
	}
	m := &bundle.Manifest{Family: bundle.FamilyOwn}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(m); err != nil {
		return nil, terminal.Wrongf("%s is no manifest: %w; see `aisle-module meter --help`", name, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, terminal.Wrongf("%s has more than one object; leave the manifest alone in it", name)
	}
	if m.Family != bundle.FamilyOwn || m.Format != 0 {
		return nil, terminal.Wrongf("%s is of family %q and format %d; a module of your own has the family %q and format 0", name, m.Family, m.Format, bundle.FamilyOwn)
	}
	if m.Created, err = now(); err != nil {
		return nil, err
	}
	if len(m.Heads) == 0 {
		return nil, terminal.Wrongf("%s names no heads; add what the module answers, as `aisle-module meter --help` shows", name)
	}
	if _, err := m.Frame(); err != nil {
		return nil, terminal.Wrongf("%s: %s; correct it", name, strings.TrimPrefix(err.Error(), bundle.ErrBundle.Error()+": "))
	}
	return m, nil
}
