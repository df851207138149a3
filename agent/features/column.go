package features

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/elementary"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ErrColumns: a model reads what features.yaml does not declare, or reads it
// otherwise. Release the model again with the features that people approved.
var ErrColumns = errors.New("features: a model's column is not as declared")

// column is one column of the frame.
type column struct {
	name    string
	origin  string // as package rulebook lists them
	key     string // after the origin
	purpose wire.Purpose
	ttl     time.Duration
	dense   bool
	place   int // in its part of the frame
	hash    scoring.Hasher
	log1p   bool
	scale   float64
	offset  float64
	round   rows.Rules           // how the library that trained the model takes numbers
	says    rulebook.ContextType // what a value of the context must be, "" for anything
	whole   []float32            // what the numbers from 0 are scored as, where most values are such
}

// newColumn checks a manifest's column against what is declared.
func newColumn(c bundle.Column, book *rulebook.Rulebook) (column, error) {
	i := slices.IndexFunc(book.Features, func(f rulebook.Feature) bool { return f.Name == c.Name })
	if i < 0 {
		return column{}, fmt.Errorf("%w: %s is not declared", ErrColumns, c.Name)
	}
	f := &book.Features[i]
	if !asDeclared(c, f, book.Hash) {
		return column{}, fmt.Errorf("%w: %s", ErrColumns, c.Name)
	}
	origin, key, _ := strings.Cut(f.Source, ".")
	name := c.Hash
	if c.Kind == bundle.KindDense {
		name = string(book.Hash)
	}
	hash, err := scoring.ParseHasher(name, f.Name)
	return column{name: f.Name, origin: origin, key: key, purpose: wire.Purpose(f.Purpose), ttl: f.TTL, dense: f.Kind == rulebook.Dense,
		hash: hash, log1p: f.Transform == rulebook.Log1p, scale: f.Scale, offset: f.Offset}, err
}

func asDeclared(c bundle.Column, f *rulebook.Feature, hash rulebook.Hash) bool {
	same := c.Scope == string(f.Scope) && c.Kind == string(f.Kind) && c.Source == f.Source && c.Purpose == f.Purpose
	if !same || c.Kind != bundle.KindDense {
		return same && (c.Hash == string(hash) || scoring.Named(c.Hash))
	}
	transform, scale := c.Transform, c.Scale
	if transform == "" {
		transform = string(rulebook.Plain)
	}
	if scale == 0 {
		scale = 1
	}
	return transform == string(f.Transform) && scale == f.Scale && c.Offset == f.Offset
}

// missing is what a dense column has where there is no value: the canonical NaN.
var missing = float32(math.NaN())

// number is a value as the column scores it.
func (c *column) number(x float64) float32 {
	if c.log1p {
		x = elementary.Log1p(x) // NaN below -1
	}
	v := c.round.Round(float64(x*c.scale) + c.offset)
	if v-v != 0 { // NaN or infinite
		return missing
	}
	return v
}

// wholes are how many whole numbers a column of such keeps.
const wholes = 1024

// keepWholes makes count fast.
func (c *column) keepWholes() {
	for n := range wholes {
		c.whole = append(c.whole, c.number(float64(n)))
	}
}

// count is number of a whole one from 0.
func (c *column) count(n int) float32 {
	if n < len(c.whole) {
		return c.whole[n]
	}
	return c.number(float64(n))
}

// id is a text as the column scores it; an empty one is missing.
func (c *column) id(text string) uint32 {
	if text == "" {
		return 0
	}
	return c.hash.ID(text)
}

// numberOf and idOf are those of what somebody said, if it is there.
func (c *column) numberOf(v *Value) float32 {
	if v == nil {
		return missing
	}
	x, ok := v.number()
	if !ok {
		return missing
	}
	return c.number(x)
}

func (c *column) idOf(v *Value) uint32 {
	if v == nil {
		return 0
	}
	if v.Kind == Number {
		return c.idOfNumber(v.Number)
	}
	text, _ := v.text()
	return c.id(text)
}

func (c *column) idOfNumber(x float64) uint32 {
	var room [32]byte
	return c.id(string(strconv.AppendFloat(room[:0], x, 'g', -1, 64)))
}
