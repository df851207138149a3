package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/lightgbm"
	"github.com/aisle-edge/aisle/modules/modelfile/vw"
	"github.com/aisle-edge/aisle/modules/modelfile/xgboost"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// formats are the model files that can be read.
var formats = map[string]func(io.Reader, modelfile.Options) (*modelfile.Model, error){
	modelfile.LightGBM: lightgbm.Read,
	modelfile.XGBoost:  xgboost.Read,
	modelfile.VW:       vw.Read,
}

// importer is what the flags of an import say.
type importer struct {
	modelfile.Options
	format, features, columns string
}

func (i *importer) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&i.format, "format", "", "what wrote the model, a `FORMAT`: "+formatNames()+" (default: what its bytes say)")
	f.StringVar(&i.features, "features", "", "take the columns' scope, source and purpose from `FILE`, a features.yaml; names are looked up as they are, else in small letters")
	f.StringVar(&i.columns, "columns", "", "read from `FILE` which columns the features of a Vowpal Wabbit model are")
	f.StringVar(&i.Objective, "objective", "", "the training `OBJECTIVE`, where the file names none (JSON of LightGBM)")
	f.IntVar(&i.Iterations, "iterations", 0, "keep the trees of the first `N` rounds only (default all)")
}

func formatNames() string {
	var names []string
	for name := range formats {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

func (t *tool) importing() *cobra.Command {
	var i importer
	var out string
	c := &cobra.Command{
		Use: "import MODEL -o FILE", Short: "Read a model file of LightGBM, XGBoost or Vowpal Wabbit into a bundle", Args: terminal.Words(1, 1, "a model file"),
		Long: `Reads a model file and writes a bundle: what the model reads and answers, the model
itself, and golden vectors that every engine and machine must repeat. ` + "`aisle-module\ncompile`" + ` makes a scorer of it.

LightGBM: text (model.txt) and the JSON of dump_model. XGBoost: binary, JSON and UBJ.
Columns have the names that the file gives its features, else f0, f1, and so on; they
are dense columns of an item unless --features says otherwise.

Vowpal Wabbit: the text of --readable_model or --invert_hash. Its features are hashed,
so --columns says what they are, a column a line in the order of the training text: its
name, context or item, dense or hashed, and the feature as NAMESPACE^NAME, of a hashed
column as much of the name as stands before the value. For "|User segment=gold |Item
price:2.5 a17":

  segment  context  hashed  User^segment=
  price    item     dense   Item^price
  sku      item     hashed  Item^

The text of --invert_hash does without, if nothing interacts within a namespace: names
are dense columns, name=value hashed ones. Costs (--cb and others) are negated: scores
are rewards, the best is the highest.

The creation time in the bundle is now, or SOURCE_DATE_EPOCH: with that, the same
file gives the same bytes.`,
		Example: "  aisle-module import model.txt -o model.bundle\n  aisle-module import --format xgboost model.ubj --features shop/features.yaml -o model.bundle",
		RunE: func(c *cobra.Command, args []string) error {
			if err := needsOut(c, out); err != nil {
				return err
			}
			b, err := i.bundle(c, args[0])
			if err != nil {
				return err
			}
			sealed, err := bundle.Seal(b.Manifest, b.Parts)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := write(out, sealed); err != nil {
				return err
			}
			return t.made(c, out, sealed, b.Manifest, "make a scorer of it with `aisle-module compile "+out+" -o FILE`")
		},
	}
	i.flags(c)
	outFlag(c, &out, "the bundle")
	return c
}

// bundle makes a bundle without its module of a model file.
func (i *importer) bundle(c *cobra.Command, name string) (*bundle.Bundle, error) {
	p := terminal.Start(c.ErrOrStderr(), "reading "+name, 3)
	defer p.End()
	m, err := i.read(name)
	if err != nil {
		return nil, err
	}
	manifest, err := i.manifest(m)
	if err != nil {
		return nil, err
	}
	if m.Objective == "" {
		defer fmt.Fprintln(c.ErrOrStderr(), "the file names no objective, so predictions are raw margins; name it with --objective if they should not be")
	}
	p.Step("making its module")
	code, err := compile.Make(m.Scorer)
	if err != nil {
		return nil, terminal.Wrongf("%s: %w; train a smaller model, or take fewer rounds with --iterations", name, err)
	}
	manifest.Module = compile.Digest(code)
	out := &bundle.Bundle{Manifest: *manifest}
	p.Step("making golden vectors")
	if out.Golden, err = bundle.Golden(m.Scorer); err != nil {
		return nil, terminal.Wrongf("%s: %w", name, err)
	}
	if out.Model, err = m.Scorer.Encode(); err != nil {
		return nil, terminal.Wrongf("%s: %w", name, err)
	}
	return out, nil
}

func (i *importer) read(name string) (*modelfile.Model, error) {
	b, err := read(name, modelfile.MaxFile)
	if err != nil {
		return nil, terminal.Wrong(err)
	}
	format := i.format
	if format == "" {
		format = modelfile.Detect(b)
	}
	if i.Iterations < 0 {
		return nil, terminal.Wrongf("--iterations %d: at least one, or 0 for all", i.Iterations)
	}
	reader, ok := formats[format]
	switch {
	case !ok && i.format != "":
		return nil, terminal.Wrongf("no format %q; take one of %s", i.format, formatNames())
	case !ok:
		return nil, terminal.Wrongf("%s is no model file that is known here; if it is one, say which with --format %s", name, strings.ReplaceAll(formatNames(), ", ", "|"))
	}
	if i.columns != "" {
		text, err := read(i.columns, maxFeatures)
		if err != nil {
			return nil, terminal.Wrong(err)
		}
		if i.Columns = string(text); format != modelfile.VW {
			return nil, terminal.Wrongf("--columns is for models of Vowpal Wabbit; %s is one of %s", name, format)
		}
	}
	m, err := reader(bytes.NewReader(b), i.Options)
	if err != nil {
		return nil, terminal.Wrongf("%s, read as a model of %s: %w", name, format, err)
	}
	if i.Objective != "" && m.Objective != i.Objective {
		return nil, terminal.Wrongf("%s names its objective itself, %q; leave --objective away", name, m.Objective)
	}
	return m, nil
}

// manifest says what a model is.
func (i *importer) manifest(m *modelfile.Model) (*bundle.Manifest, error) {
	created, err := now()
	if err != nil {
		return nil, err
	}
	family := bundle.FamilyTrees
	out := &bundle.Manifest{Created: created, Link: m.Link}
	if l, ok := m.Scorer.(*scoring.Linear); ok {
		family, out.Bits = bundle.FamilyLinear, l.Bits
	}
	out.Family, out.Emitter = family, compile.EmitterOf(family)
	if m.Columns != nil {
		return out, i.named(m, out)
	}
	if i.features != "" {
		if err := i.declare(m, out); err != nil {
			return nil, err
		}
	} else {
		for _, name := range m.Features {
			out.Columns = append(out.Columns, bundle.Column{Name: name, Scope: bundle.ScopeItem, Kind: bundle.KindDense})
		}
	}
	out.Rows = &m.Rows
	heads := m.Scorer.FrameShape().Heads
	for h := range heads {
		name := "score"
		if heads > 1 {
			name += strconv.Itoa(h)
		}
		out.Heads = append(out.Heads, name)
	}
	return out, nil
}

// now is the time of creation, in Unix milliseconds.
func now() (int64, error) {
	word, ok := os.LookupEnv("SOURCE_DATE_EPOCH")
	if !ok {
		return time.Now().UnixMilli(), nil
	}
	s, err := strconv.ParseInt(word, 10, 40)
	if err != nil || s < 0 {
		return 0, terminal.Wrongf("SOURCE_DATE_EPOCH is %q; make it a number of seconds, or leave it unset", word)
	}
	return 1000 * s, nil
}
