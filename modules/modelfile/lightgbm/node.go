package lightgbm

import (
	"math"

	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/rows"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// Missing types of a node: what LightGBM takes for missing.
const (
	missingNone = iota // nothing: NaN is zero
	missingZero        // zero, and NaN as zero
	missingNaN
)

// numeric is a node that compares. NaN that is not missing is compared as zero.
func numeric(column int, threshold float64, missing int, defaultLeft bool) (scoring.Node, error) {
	if math.IsNaN(threshold) {
		return scoring.Node{}, modelfile.Formatf("a threshold that is not a number")
	}
	n := scoring.Node{Column: column, Test: scoring.AtMost, Threshold: rows.Floor(threshold), MissingLeft: defaultLeft}
	switch missing {
	case missingNone:
		n.MissingLeft = 0 <= threshold
	case missingZero:
		n.ZeroMissing = true
	}
	return n, nil
}

// categorical is a node that goes left for a set; NaN is in none.
func categorical(column int, set []uint32) (scoring.Node, error) {
	for len(set) > 1 && set[len(set)-1] == 0 {
		set = set[:len(set)-1]
	}
	if len(set) > scoring.MaxSet {
		return scoring.Node{}, modelfile.Unsupportedf("categories above %d", 32*scoring.MaxSet-1)
	}
	if len(set) == 0 {
		set = []uint32{0}
	}
	return scoring.Node{Column: column, Test: scoring.Among, Set: set}, nil
}
