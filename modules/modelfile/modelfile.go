// Package modelfile holds what the readers of other libraries' model files have
// in common: what they make of a file, the format by its first bytes, and how a
// tree is grown from the nodes of a file.
package modelfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// MaxFile is the largest model file that is read, in bytes.
const MaxFile = 64 << 20

var (
	// ErrFormat is returned for a file that is not of the format, cut off or
	// damaged; the error says where.
	ErrFormat = errors.New("not a sound model file")
	// ErrUnsupported is returned for a model that can't be scored here; the error
	// names what it has and what is supported.
	ErrUnsupported = errors.New("not supported")
)

// Model is what a file holds.
type Model struct {
	Scorer    scoring.Model // *scoring.Trees or *scoring.Linear
	Link      scoring.Link  // makes the library's predictions of the scorer's means
	Objective string        // as the file names it, empty if it does not
	Features  []string      // name of each column, as the library numbers or names it
	Rows      rows.Rules    // how the library takes rows

	// Of Vowpal Wabbit's models: the columns in frame order, dense and hashed, and
	// what each head tells. Others have dense columns of an item only.
	Columns []bundle.Column
	Heads   []string
}

// Options say what to make of a file.
type Options struct {
	// Iterations keeps only the trees of so many first rounds; 0 keeps all, and more
	// than there are is ErrUnsupported.
	Iterations int
	// Objective stands in where the file names none.
	Objective string
	// Columns declares what a model of Vowpal Wabbit reads; package vw has its form.
	Columns string
}

// Rounds is how many of a file's rounds are to be kept.
func (o Options) Rounds(all int) (int, error) {
	if o.Iterations > all {
		return 0, Unsupportedf("the first %d rounds of a model that has %d", o.Iterations, all)
	}
	return cmp.Or(o.Iterations, all), nil
}

// Formats of model files.
const (
	LightGBM = "lightgbm"
	XGBoost  = "xgboost"
	VW       = "vw"
)

// Detect tells the format of a file by its bytes, or returns the empty string.
func Detect(b []byte) string {
	start := bytes.TrimLeft(b[:min(len(b), 4096)], " \t\r\n")
	switch {
	case bytes.HasPrefix(b, []byte("Version ")) && bytes.Contains(b[:min(len(b), 4096)], []byte("\nMin label:")), binaryVW(b):
		return VW
	case bytes.HasPrefix(start, []byte("tree\n")), bytes.HasPrefix(start, []byte("tree\r\n")):
		return LightGBM
	case bytes.HasPrefix(start, []byte("{")):
		if bytes.Contains(b, []byte(`"tree_info"`)) && bytes.Contains(b, []byte(`"max_feature_idx"`)) {
			return LightGBM
		}
		if bytes.Contains(b, []byte("gradient_booster")) {
			return XGBoost
		}
	case bytes.HasPrefix(b, []byte("binf")), bytes.HasPrefix(b, []byte("CONFIG-offset:")), bytes.HasPrefix(b, []byte("bs64")):
		return XGBoost
	case len(b) > 136+8 && (bytes.Contains(b[136:min(len(b), 512)], []byte("gbtree")) ||
		bytes.Contains(b[136:min(len(b), 512)], []byte("dart")) || bytes.Contains(b[136:min(len(b), 512)], []byte("gblinear"))):
		return XGBoost
	}
	return ""
}

// binaryVW tells a binary model of Vowpal Wabbit: it begins with the length of its
// version, and that.
func binaryVW(b []byte) bool {
	if len(b) < 16 || b[0] < 6 || b[0] > 12 || b[1]|b[2]|b[3] != 0 || b[3+b[0]] != 0 {
		return false
	}
	version := b[4 : 3+b[0]]
	return bytes.Count(version, []byte(".")) == 2 && len(bytes.Trim(version, ".0123456789")) == 0
}

// ReadFile reads a whole file of at most MaxFile bytes.
func ReadFile(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the model: %w", err)
	}
	if len(b) > MaxFile {
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrUnsupported, MaxFile)
	}
	return b, nil
}

// Formatf is an ErrFormat that says more.
func Formatf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrFormat, fmt.Sprintf(format, args...))
}

// Unsupportedf is an ErrUnsupported that says more.
func Unsupportedf(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnsupported, fmt.Sprintf(format, args...))
}

// Wrap says where err happened, which stays what it is; one that is neither of
// this package's becomes an ErrFormat.
func Wrap(err error, format string, args ...any) error {
	where := fmt.Sprintf(format, args...)
	if !errors.Is(err, ErrFormat) && !errors.Is(err, ErrUnsupported) {
		return Formatf("%s: %v", where, err)
	}
	return fmt.Errorf("%s: %w", where, err)
}

// Finish gives the trees, whose nodes still name features, their columns, one for
// each feature, or of wider models one for each that a node asks for; and checks
// the whole.
func (m *Model) Finish(t *scoring.Trees) error {
	if t.Frame.Heads > abi.MaxHeads {
		return Unsupportedf("%d classes; at most %d are supported", t.Frame.Heads, abi.MaxHeads)
	}
	if m.Rows.Width > abi.MaxColumns {
		m.Rows.Index = used(t)
	}
	t.Frame.Dense = m.Rows.Columns()
	if t.Frame.Dense > abi.MaxColumns {
		return Unsupportedf("trees that ask for %d features; at most %d are supported", t.Frame.Dense, abi.MaxColumns)
	}
	m.Name()
	if err := t.Validate(); err != nil {
		return Formatf("trees outside the limits: at most %d trees of %d nodes in all, %d deep, and leaves that are numbers", scoring.MaxTrees, scoring.MaxTreeNodes, scoring.MaxTreeDepth)
	}
	m.Scorer = t
	return nil
}

// Name leaves in Features the names of the columns, which are f and the feature's
// number where the file names none.
func (m *Model) Name() {
	names := make([]string, m.Rows.Columns())
	for c := range names {
		f := m.Rows.Feature(c)
		if names[c] = fmt.Sprintf("f%d", f); f < len(m.Features) {
			names[c] = m.Features[f]
		}
	}
	m.Features = names
}

// used renumbers the nodes' columns to those that are asked for, and returns the
// features they are.
func used(t *scoring.Trees) []int {
	var features []int
	each := func(do func(n *scoring.Node)) {
		for i := range t.Trees {
			for j := range t.Trees[i].Nodes {
				do(&t.Trees[i].Nodes[j])
			}
		}
	}
	each(func(n *scoring.Node) { features = append(features, n.Column) })
	slices.Sort(features)
	features = slices.Compact(features)
	each(func(n *scoring.Node) { n.Column, _ = slices.BinarySearch(features, n.Column) })
	return features
}
