package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// FamilyLinear is the family of package scoring's Linear.
const FamilyLinear = "linear"

// Words of a Column.
const (
	ScopeContext = "context" // one value a frame
	ScopeItem    = "item"    // one value a row
	KindDense    = "dense"   // f32
	KindHashed   = "hashed"  // u32 id of a categorical value
)

// Manifest says what a model is and what it reads.
type Manifest struct {
	Format   int         `json:"format"`  // 0
	Family   string      `json:"family"`  // FamilyLinear
	Created  int64       `json:"created"` // Unix milliseconds
	Columns  []Column    `json:"columns"` // in frame order: context dense, context hashed, item dense, item hashed
	Crosses  [][2]string `json:"crosses,omitempty"`
	Bits     int         `json:"bits"` // the table of hashed columns has 2^bits entries
	Heads    []string    `json:"heads"`
	Variance bool        `json:"variance"`
	Emitter  string      `json:"emitter"` // version of the emitter that makes the module, empty if one travels along
	Module   string      `json:"module"`  // SHA-256 of the module in hexadecimal
}

// Column is one column of the frame.
type Column struct {
	Name      string  `json:"name"`
	Scope     string  `json:"scope"`
	Kind      string  `json:"kind"`
	Source    string  `json:"source"`
	Purpose   string  `json:"purpose,omitempty"`
	Hash      string  `json:"hash,omitempty"` // of a hashed column: xx64 or vw
	Transform string  `json:"transform,omitempty"`
	Scale     float64 `json:"scale,omitempty"`
	Offset    float64 `json:"offset,omitempty"`
}

// ColumnSet names the columns: the first 8 bytes of the SHA-256 of their JSON.
// A decision records it beside the features it was scored by, so that a model
// of other columns isn't taught with them.
func (m *Manifest) ColumnSet() [8]byte {
	b, err := json.Marshal(m.Columns)
	if err != nil {
		panic(err) // of a number that is not finite only, which no JSON holds
	}
	sum := sha256.Sum256(b)
	return [8]byte(sum[:8])
}

// parseManifest reads a manifest strictly: unknown keys are refused.
func parseManifest(b []byte) (m Manifest, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("%w: manifest: %w", ErrBundle, err)
	}
	if d.InputOffset() != int64(len(b)) || m.Format != 0 || m.Family != FamilyLinear {
		return m, fmt.Errorf("%w: manifest of another format or family", ErrBundle)
	}
	return m, nil
}

// Shape is the shape of the model and its frames.
func (m *Manifest) Shape() (scoring.Shape, error) {
	s := scoring.Shape{Bits: m.Bits, Frame: abi.Shape{Heads: len(m.Heads), Variance: m.Variance}}
	counts := [...]*int{&s.Frame.ContextDense, &s.Frame.ContextCategorical, &s.Frame.Dense, &s.Frame.Categorical}
	places := map[string]int{} // of hashed columns, the context's first
	last := 0
	for _, c := range m.Columns {
		group, err := c.group()
		if err != nil || group < last {
			return s, fmt.Errorf("%w: column %q is out of order or of no known scope, kind and hash", ErrBundle, c.Name)
		}
		if last = group; c.Kind == KindHashed {
			if _, taken := places[c.Name]; taken {
				return s, fmt.Errorf("%w: two hashed columns %q", ErrBundle, c.Name)
			}
			places[c.Name] = len(places)
		}
		*counts[group]++
	}
	for _, pair := range m.Crosses {
		a, okA := places[pair[0]]
		b, okB := places[pair[1]]
		if !okA || !okB {
			return s, fmt.Errorf("%w: cross of %q and %q names no hashed column", ErrBundle, pair[0], pair[1])
		}
		s.Crosses = append(s.Crosses, scoring.Cross{A: a, B: b})
	}
	if err := s.Validate(); err != nil {
		return s, fmt.Errorf("%w: %w", ErrBundle, err)
	}
	return s, nil
}

// group is the column's place in frame order: one of the four kinds.
func (c Column) group() (int, error) {
	group := 0
	switch c.Scope {
	case ScopeContext:
	case ScopeItem:
		group = 2
	default:
		return 0, ErrBundle
	}
	switch c.Kind {
	case KindDense:
		return group, nil
	case KindHashed:
		_, err := scoring.ParseHash(c.Hash)
		return group + 1, err
	}
	return 0, ErrBundle
}
