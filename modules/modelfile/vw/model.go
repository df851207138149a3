package vw

import (
	"fmt"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// constant is the hash of the feature that every example has.
const (
	constant     = 11650396
	constantName = "Constant"
)

// model makes a linear model of weights.
func (f *file) model(p *plan, given []declared) (*modelfile.Model, error) {
	text, frame, err := arrange(given, p)
	if err != nil {
		return nil, err
	}
	t := &table{file: f, plan: p, bits: f.bits - p.shift}
	if t.bits < 1 || t.bits > scoring.MaxBits {
		return nil, modelfile.Unsupportedf("%d bits of %d predictors; supported are 1 to %d for each; train with -b %d", f.bits, 1<<p.shift, scoring.MaxBits, scoring.MaxBits+p.shift)
	}
	s := scoring.Shape{}
	s.Frame.Heads = p.heads
	m := &modelfile.Model{Link: p.link, Objective: p.objective, Columns: []bundle.Column{}}
	for _, c := range frame {
		*place(&s, c)++
		m.Features = append(m.Features, c.Name)
		column := bundle.Column{Name: c.Name, Scope: c.Scope, Kind: c.Kind, Feature: c.Feature}
		if c.Kind == bundle.KindHashed {
			column.Hash = c.hash
		}
		m.Columns = append(m.Columns, column)
	}
	if s.Frame.ContextCategorical+s.Frame.Categorical > 0 {
		s.Bits = t.bits
	}
	if s.Crosses, err = p.crosses(text, f.version); err != nil {
		return nil, err
	}
	if s.Validate() != nil {
		return nil, modelfile.Unsupportedf("%d columns and %d predictors; supported are up to %d columns of each scope and kind, and %d predictors", len(frame), p.heads, abi.MaxColumns, scoring.MaxHeads)
	}
	if s.Size() > bundle.MaxSize {
		return nil, modelfile.Unsupportedf("a model of %d bytes; at most %d are supported; train with fewer bits (-b)", s.Size(), bundle.MaxSize)
	}
	l, err := scoring.New(s)
	if err != nil {
		return nil, err
	}
	if err := t.fill(l, frame); err != nil {
		return nil, err
	}
	if err := t.names(l, text); err != nil {
		return nil, err
	}
	for h := range p.heads {
		m.Heads = append(m.Heads, head(p, h))
	}
	m.Scorer = l
	return m, nil
}

// place is where a shape counts columns like this one.
func place(s *scoring.Shape, c *column) *int {
	switch c.Scope + c.Kind {
	case bundle.ScopeContext + bundle.KindDense:
		return &s.Frame.ContextDense
	case bundle.ScopeContext + bundle.KindHashed:
		return &s.Frame.ContextCategorical
	case bundle.ScopeItem + bundle.KindDense:
		return &s.Frame.Dense
	}
	return &s.Frame.Categorical
}

// head names what a predictor tells.
func head(p *plan, h int) string {
	name := "score"
	if p.negated {
		name = "reward"
	}
	if p.heads > 1 {
		name = fmt.Sprint(name, h+1)
	}
	return name
}

// crosses are the pairs of columns that interact, the first one's id the one that is
// multiplied.
func (p *plan) crosses(text []*column, version int) ([]scoring.Cross, error) {
	var out []scoring.Cross
	pair := func(a, b byte) error {
		for i, c := range text {
			for j, d := range text {
				if c.namespace != a || d.namespace != b || a == b && j < i {
					continue
				}
				for _, e := range []*column{c, d} {
					if e.Kind == bundle.KindDense {
						return modelfile.Unsupportedf("the interaction %q, of which %s is a dense column; supported are those of hashed ones: train with its values as names (size=large) and declare it hashed, or with the product as a feature of its own", string([]byte{a, b}), e.Name)
					}
				}
				if out = append(out, scoring.Cross{A: c.place, B: d.place}); len(out) > scoring.MaxCrosses {
					return modelfile.Unsupportedf("more than %d pairs of columns that interact", scoring.MaxCrosses)
				}
			}
		}
		return nil
	}
	for _, v := range p.interactions {
		if v != "::" {
			if err := pair(v[0], v[1]); err != nil {
				return nil, err
			}
			continue
		}
		var present [256]bool
		for _, c := range text {
			present[c.namespace] = true
		}
		if present[' '] && version < 9 {
			return nil, modelfile.Unsupportedf("the interaction :: with features of the default namespace, by version 8; supported is 9")
		}
		for a := range present {
			for b := a; b < len(present) && present[a]; b++ {
				if !present[b] {
					continue
				}
				if err := pair(byte(a), byte(b)); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}
