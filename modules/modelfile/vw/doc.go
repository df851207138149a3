// Package vw reads the models that Vowpal Wabbit 8 and 9 write as text, by
// --readable_model and --invert_hash: linear regression and classification, one
// model against all others (--oaa), costs (--csoaa) and contextual bandits (--cb,
// --cb_adf and --cb_explore_adf, of type mtr, ips, dm, dr and sm).
//
// # Columns
//
// A file of weights names no features, and one of --invert_hash names no columns.
// What the model is to read is declared, a column a line:
//
//	# column   scope    kind    feature
//	segment    context  hashed  User^segment=
//	price      item     dense   Item^price
//	sku        item     hashed  Item^
//
// The feature is what Vowpal Wabbit knows the column by: the whole namespace, a
// caret, and the feature's name, of a hashed column as far as it stands before the
// value. Above, the text is "|User segment=gold |Item price:2.5 a17". The default
// namespace is empty; # begins a remark. Columns stand in the order of the text; order matters to
// features of one namespace that interact with each other.
//
// Without a declaration, --invert_hash names dense columns of an item, and a hashed
// one for all names that have the same beginning up to an equals sign.
//
// # Weights
//
// A feature's index is its hash, seeded with the hash of its namespace, in 2^bits
// weights; an interaction's is (a·16777619) ^ b. These are our own ids and crosses:
// the table is Vowpal Wabbit's, collisions and all. A model of several predictors
// keeps theirs side by side, as many as the next power of two; they become heads.
// The constant is the bias. Sums are f32 as Vowpal Wabbit's, in another order.
//
// Costs are negated, so that the best is the highest: means of --cb, --cb_adf and
// --csoaa are rewards. Means of the others are cut off at the smallest and largest
// label, as Vowpal Wabbit's are, by the link. The class of --oaa counts from 0.
//
// A feature that is absent contributes nothing, and so does a hashed one whose value
// is empty ("segment="); in a dense column that is a missing
// value.
//
// Not supported, and named in the error: the binary format (write the text with
// -i MODEL -t --readable_model FILE), interactions of dense columns (train with their
// values as names, or with the product as a feature of its own) and of more than two,
// n-grams, skips, reductions other than those above, and exploration by several
// policies. Weights end where the file ends: one that was cut off at the end of a
// line can't be told from a whole one.
package vw

import (
	"io"

	"github.com/aisle-edge/aisle/modules/modelfile"
)

// Read reads a model in either format. Its errors are modelfile.ErrFormat and
// modelfile.ErrUnsupported, and those of r.
func Read(r io.Reader, o modelfile.Options) (*modelfile.Model, error) {
	if o.Iterations > 0 {
		return nil, modelfile.Unsupportedf("the first rounds of a linear model, which keeps only its last weights")
	}
	b, err := modelfile.ReadFile(r)
	if err != nil {
		return nil, err
	}
	f, err := parse(b)
	if err != nil {
		return nil, err
	}
	p, err := f.plan()
	if err != nil {
		return nil, err
	}
	columns, err := f.columns(o.Columns)
	if err != nil {
		return nil, err
	}
	return f.model(p, columns)
}
