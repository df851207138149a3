package vw

import (
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// declared is a column and the feature that Vowpal Wabbit knows it by.
type declared struct {
	Name, Scope, Kind string // as in a manifest
	Feature           string // NAMESPACE^NAME, of a hashed column as far as its value
}

// columns reads a declaration, or makes one of names.
func (f *file) columns(text string) ([]declared, error) {
	if text == "" {
		return f.infer()
	}
	var out []declared
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 4 {
			return nil, modelfile.Formatf("line %d of the columns: %d words, not a name, context or item, dense or hashed, and NAMESPACE^FEATURE", i+1, len(fields))
		}
		c := declared{Name: fields[0], Scope: fields[1], Kind: fields[2], Feature: fields[3]}
		if err := check(c); err != nil {
			return nil, modelfile.Wrap(err, "line %d of the columns", i+1)
		}
		if out = append(out, c); len(out) > maxColumns {
			return nil, modelfile.Unsupportedf("more than %d columns", maxColumns)
		}
	}
	return out, nil
}

// maxColumns are those of the widest frame.
const maxColumns = 4 * abi.MaxColumns

func check(c declared) error {
	switch {
	case c.Scope != bundle.ScopeContext && c.Scope != bundle.ScopeItem:
		return modelfile.Formatf("%s is of scope %.20q, which is neither context nor item", c.Name, c.Scope)
	case c.Kind != bundle.KindDense && c.Kind != bundle.KindHashed:
		return modelfile.Formatf("%s is of kind %.20q, which is neither dense nor hashed", c.Name, c.Kind)
	case !strings.Contains(c.Feature, "^"):
		return modelfile.Formatf("%s is the feature %.40q, which has no namespace; write NAMESPACE^FEATURE, or ^FEATURE in the default one", c.Name, c.Feature)
	case c.Kind == bundle.KindDense && strings.HasSuffix(c.Feature, "^"):
		return modelfile.Formatf("%s is a number, but the feature %.40q has no name", c.Name, c.Feature)
	}
	return nil
}

// infer makes columns of the names of --invert_hash.
func (f *file) infer() ([]declared, error) {
	if !f.named {
		return nil, modelfile.Unsupportedf("weights without names, and nothing that says which columns they are of; declare them (import --columns FILE), or write the model with --invert_hash")
	}
	kinds := map[string]string{}
	var order []string
	for _, w := range f.weights {
		name, _ := predictor(w.name)
		if name == constantName || strings.Contains(name, "*") {
			continue
		}
		feature, kind := full(name), bundle.KindDense
		if prefix, _, ok := strings.Cut(feature, "="); ok {
			feature, kind = prefix+"=", bundle.KindHashed
		}
		if kinds[feature] == "" {
			kinds[feature], order = kind, append(order, feature)
		}
		if len(order) > maxColumns {
			return nil, modelfile.Unsupportedf("more than %d features; declare their columns (import --columns FILE)", maxColumns)
		}
	}
	slices.Sort(order)
	out := []declared{}
	for _, feature := range order {
		out = append(out, declared{Name: short(feature, order), Scope: bundle.ScopeItem, Kind: kinds[feature], Feature: feature})
	}
	return out, nil
}

// full is a feature's name with its namespace, which the default one has left out.
// A feature of that whose name has a caret can't be told from others.
func full(name string) string {
	if strings.Contains(name, "^") {
		return name
	}
	return "^" + name
}

// short is a column's name: the feature's without its namespace, if no other feature
// has that.
func short(feature string, all []string) string {
	bare := func(s string) string { _, s, _ = strings.Cut(s, "^"); return strings.TrimSuffix(s, "=") }
	name := bare(feature)
	same := 0
	for _, other := range all {
		if bare(other) == name {
			same++
		}
	}
	if name == "" || same > 1 {
		return strings.TrimSuffix(feature, "=")
	}
	return name
}

// column is one with what it hashes by.
type column struct {
	declared
	namespace byte // its first letter
	hash      string
	hasher    scoring.Hasher
	place     int // among dense or hashed columns of the frame
}

// arrange puts columns in the order of a frame; their places in the text remain in
// the order in which they are returned.
func arrange(given []declared, p *plan) (text []*column, frame []*column, err error) {
	names := map[string]bool{}
	for _, c := range given {
		if names[c.Name] {
			return nil, nil, modelfile.Formatf("two columns %.40q", c.Name)
		}
		names[c.Name] = true
		namespace, prefix, _ := strings.Cut(c.Feature, "^")
		out := &column{declared: c, namespace: ' '}
		if namespace != "" {
			out.namespace = namespace[0]
		}
		if c.Kind == bundle.KindDense {
			prefix = ""
		}
		out.hash = scoring.HashVW
		if p.all {
			out.hash = scoring.HashVWAll
		}
		if out.hash += namespace + "^" + prefix; out.hash == scoring.HashVW+"^"+c.Name+"=" {
			out.hash = scoring.VW.String()
		}
		if out.hasher, err = scoring.ParseHasher(out.hash, c.Name); err != nil {
			return nil, nil, modelfile.Wrap(err, "%s", c.Name)
		}
		text = append(text, out)
	}
	if p.bandit { // features that actions share stand behind their own
		slices.SortStableFunc(text, func(a, b *column) int { return strings.Compare(b.Scope, a.Scope) })
	}
	frame = slices.Clone(text)
	slices.SortStableFunc(frame, func(a, b *column) int {
		if c := strings.Compare(a.Scope, b.Scope); c != 0 { // context, item
			return c
		}
		return strings.Compare(a.Kind, b.Kind) // dense, hashed
	})
	places := map[string]int{}
	for _, c := range frame {
		c.place = places[c.Kind]
		places[c.Kind]++
	}
	return text, frame, nil
}

// id is the index, before the mask, of the feature of a dense column.
func (c *column) id() uint32 {
	_, name, _ := strings.Cut(c.Feature, "^")
	return c.hasher.ID(name)
}

// value is what stands behind a column's feature in a name of --invert_hash, which
// leaves the default namespace out.
func (c *column) value(name string) (string, bool) {
	for _, name := range []string{name, "^" + name} {
		if c.Kind == bundle.KindDense && c.Feature == name {
			return "", true
		}
		if value, ok := strings.CutPrefix(name, c.Feature); ok && c.Kind == bundle.KindHashed {
			return value, true
		}
	}
	return "", false
}

// of is the index, before the mask, of a feature that --invert_hash names.
func (c *column) of(name string) uint32 {
	value, _ := c.value(name)
	if c.Kind == bundle.KindDense {
		return c.id()
	}
	return c.hasher.ID(value)
}
