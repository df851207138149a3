package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Families of models.
const (
	FamilyLinear = "linear" // scoring.Linear
	FamilyLinUCB = "linucb" // scoring.LinUCB
	FamilyFactor = "factor" // scoring.Factor
	FamilyTrees  = "trees"  // scoring.Trees
	FamilyOwn    = "own"    // a module that anybody wrote
)

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
	Family   string      `json:"family"`  // one of the families
	Created  int64       `json:"created"` // Unix milliseconds
	Columns  []Column    `json:"columns"` // in frame order: context dense, context hashed, item dense, item hashed
	Crosses  [][2]string `json:"crosses,omitempty"`
	Bits     int         `json:"bits"`  // the table of hashed columns has 2^bits entries
	Heads    []string    `json:"heads"` // candidates are ranked by the first
	Variance bool        `json:"variance"`
	Link     Link        `json:"link,omitzero"`  // makes predictions of means
	Rows     *rows.Rules `json:"rows,omitempty"` // how the library that trained it takes rows, of dense columns
	Emitter  string      `json:"emitter"`        // version of the emitter that makes the module, empty if only one that travels along is it
	Module   string      `json:"module"`         // SHA-256 of the module in hexadecimal
}

// Link is what a mean has to go through to be a prediction. The zero value is
// the identity.
type Link = scoring.Link

// Column is one column of the frame.
type Column struct {
	Name      string  `json:"name"`
	Scope     string  `json:"scope"`
	Kind      string  `json:"kind"`
	Source    string  `json:"source"`
	Purpose   string  `json:"purpose,omitempty"`
	Hash      string  `json:"hash,omitempty"`    // of a hashed column: what scoring.ParseHasher knows
	Feature   string  `json:"feature,omitempty"` // what Vowpal Wabbit knows it by, of a hashed column as far as its value
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

// Terms is how many contributions explain a score: of the bias, of each column,
// of each cross.
func (m *Manifest) Terms() int { return 1 + len(m.Columns) + len(m.Crosses) }

// The widest frame has 4,096 columns. Objects and values are counted before they
// are decoded: a few bytes of text become a column of a hundred.
const (
	maxManifest = 4 << 20
	maxObjects  = 4100
	maxValues   = 1 << 16
)

// parseManifest reads a manifest strictly: unknown keys are refused.
func parseManifest(b []byte) (m Manifest, err error) {
	if len(b) > maxManifest {
		return m, fmt.Errorf("%w: manifest of more than 4 MiB", ErrBundle)
	}
	if bytes.Count(b, []byte("{")) > maxObjects || bytes.Count(b, []byte(",")) > maxValues {
		return m, fmt.Errorf("%w: manifest of more columns than a frame can have", ErrBundle)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("%w: manifest: %w", ErrBundle, err)
	}
	if d.InputOffset() != int64(len(b)) || m.Format != 0 {
		return m, fmt.Errorf("%w: manifest of another format", ErrBundle)
	}
	return m, nil
}
