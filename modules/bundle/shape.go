package bundle

import (
	"fmt"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Frame is the shape of the frames that the model scores, of any family, or
// ErrBundle if the manifest contradicts itself.
func (m *Manifest) Frame() (abi.Shape, error) {
	s := abi.Shape{Heads: len(m.Heads), Variance: m.Variance}
	counts := [...]*int{&s.ContextDense, &s.ContextCategorical, &s.Dense, &s.Categorical}
	seen := map[string]bool{}
	last := 0
	for _, c := range m.Columns {
		group, err := c.group()
		if err != nil {
			return s, fmt.Errorf("%w: column %q is of %w", ErrBundle, c.Name, err)
		}
		if group < last {
			return s, fmt.Errorf("%w: column %q is out of order: columns of the context come first, in either scope dense before hashed", ErrBundle, c.Name)
		}
		if seen[c.Name] {
			return s, fmt.Errorf("%w: two columns %q", ErrBundle, c.Name)
		}
		seen[c.Name], last = true, group
		*counts[group]++
	}
	if err := s.Validate(); err != nil {
		return s, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	return s, m.family(s)
}

// family checks what the family demands of the rest of a manifest.
func (m *Manifest) family(s abi.Shape) error {
	hashed := s.ContextCategorical+s.Categorical > 0
	problem := ""
	switch {
	case m.Link.Validate() != nil:
		problem = m.Link.Validate().Error()
	case len(m.Crosses) > 0 && m.Family != FamilyLinear:
		problem = "crosses are of linear models only"
	case m.Variance && m.Link != Link{}:
		problem = "a variance is of the mean, not of what a link makes of it; leave one of them out"
	case m.Rows != nil && (hashed || m.Rows.Validate() != nil || m.Rows.Columns() != len(m.Columns)):
		problem = "the rules of rows are not of its columns"
	}
	switch m.Family {
	case FamilyLinear, FamilyFactor:
	case FamilyLinUCB:
		if hashed || !m.Variance || m.Bits != 0 {
			problem = "LinUCB reads dense columns only and has a variance"
		}
	case FamilyTrees:
		if hashed || m.Variance || m.Bits != 0 {
			problem = "trees read dense columns only and have no variance"
		}
	case FamilyOwn:
		if m.Bits != 0 {
			problem = "bits are of a table that a module of your own does not have here"
		}
		if m.Emitter != "" {
			problem = "no emitter makes a module of your own"
		}
	default:
		problem = "unknown family"
	}
	if problem != "" {
		return fmt.Errorf("%w: family %q: %s", ErrBundle, m.Family, problem)
	}
	return nil
}

// Shape is the shape of a linear model and its frames.
func (m *Manifest) Shape() (scoring.Shape, error) {
	frame, err := m.Frame()
	if err != nil {
		return scoring.Shape{}, err
	}
	s := scoring.Shape{Bits: m.Bits, Frame: frame}
	places := map[string]int{} // of hashed columns, the context's first
	for _, c := range m.Columns {
		if c.Kind == KindHashed {
			places[c.Name] = len(places)
		}
	}
	for _, pair := range m.Crosses {
		a, okA := places[pair[0]]
		b, okB := places[pair[1]]
		if !okA || !okB {
			return s, fmt.Errorf("%w: cross of %q and %q names no hashed column", ErrBundle, pair[0], pair[1])
		}
		s.Crosses = append(s.Crosses, scoring.Cross{A: a, B: b})
	}
	if err := s.Validate(); err != nil || m.Family != FamilyLinear {
		return s, fmt.Errorf("%w: not the shape of a linear model", ErrBundle)
	}
	return s, nil
}

// group is the column's place in frame order: one of the four kinds. An error names
// the words that there are.
func (c Column) group() (int, error) {
	group := 0
	switch c.Scope {
	case ScopeContext:
	case ScopeItem:
		group = 2
	default:
		return 0, fmt.Errorf("scope %.20q, which is neither %s nor %s", c.Scope, ScopeContext, ScopeItem)
	}
	switch c.Kind {
	case KindDense:
		return group, nil
	case KindHashed:
		if _, err := scoring.ParseHasher(c.Hash, c.Name); err != nil {
			return 0, fmt.Errorf("hash %.40q: %w", c.Hash, err)
		}
		return group + 1, nil
	}
	return 0, fmt.Errorf("kind %.20q, which is neither %s nor %s", c.Kind, KindDense, KindHashed)
}
