package scoring

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/elementary"
)

// Link makes predictions of means: what the objective of a training library
// applies to its raw margins. The zero value leaves them as they are.
type Link struct {
	Kind  string  `json:"kind"`
	Scale float64 `json:"scale,omitempty"` // of logistic, above 0; 0 is 1

	// Low and High are what means are cut off at first, unless both are 0; of
	// clip, logistic, symmetric and exp.
	Low  float64 `json:"low,omitempty"`
	High float64 `json:"high,omitempty"`
}

// Kinds of links.
const (
	LinkIdentity  = "identity"  // x
	LinkLogistic  = "logistic"  // 1/(1+e^(-scale·x)), head by head
	LinkSoftmax   = "softmax"   // over all heads
	LinkClip      = "clip"      // x between Low and High
	LinkSymmetric = "symmetric" // 2/(1+e^(-x)) - 1
	LinkExp       = "exp"       // e^x
	LinkSquare    = "square"    // x², with the sign of x
	LinkLog1pExp  = "log1pexp"  // log(1+e^x)
	LinkArgmax    = "argmax"    // one number: the first of the heads that are largest
	LinkStep      = "step"      // 1 above 0, else 0
)

// ErrLink is returned for a link of an unknown kind, or with numbers that its kind
// does not take; the error names those there are.
var ErrLink = errors.New("not a known link")

const (
	linkKinds    = "identity logistic softmax clip symmetric exp square log1pexp argmax step"
	linkKindsCut = "clip logistic symmetric exp"
)

func among(kinds, kind string) bool { return slices.Contains(strings.Fields(kinds), kind) }

// Validate returns ErrLink for what Apply could not apply.
func (l Link) Validate() error {
	switch {
	case l.Kind != "" && !among(linkKinds, l.Kind):
		return fmt.Errorf("%w: kind %.20q; there are %s", ErrLink, l.Kind, linkKinds)
	case l.Scale != 0 && (l.Kind != LinkLogistic || l.Scale < 0 || !finite(l.Scale)):
		return fmt.Errorf("%w: %s with scale %v; only logistic has one, and it is above 0", ErrLink, l.Kind, l.Scale)
	case l.cuts() && !among(linkKindsCut, l.Kind):
		return fmt.Errorf("%w: %s with low and high; only %s have them", ErrLink, l.Kind, linkKindsCut)
	case (l.cuts() || l.Kind == LinkClip) && (!(l.Low < l.High) || !finite(l.Low) || !finite(l.High)):
		return fmt.Errorf("%w: %s from low %v to high %v; write a low below the high", ErrLink, l.Kind, l.Low, l.High)
	}
	return nil
}

// Predictions is how many numbers Apply makes of so many heads.
func (l Link) Predictions(heads int) int {
	if l.Kind == LinkArgmax {
		return 1
	}
	return heads
}

// Apply appends the predictions that a row's means stand for, one for each head,
// or of argmax one in all. The same means give the same bits on every machine.
func (l Link) Apply(dst, means []float64) []float64 {
	switch l.Kind {
	case LinkSoftmax:
		return softmax(dst, means)
	case LinkArgmax:
		return append(dst, float64(largest(means)))
	}
	for _, x := range means {
		dst = append(dst, l.one(x))
	}
	return dst
}

func (l Link) cuts() bool { return l.Low != 0 || l.High != 0 }

func (l Link) one(x float64) float64 {
	if l.cuts() {
		x = min(max(x, l.Low), l.High)
	}
	switch l.Kind {
	case LinkSymmetric:
		return 2/(1+elementary.Exp(-x)) - 1
	case LinkLogistic:
		return 1 / (1 + elementary.Exp(-(cmp.Or(l.Scale, 1) * x)))
	case LinkExp:
		return elementary.Exp(x)
	case LinkSquare:
		if x < 0 {
			return -(x * x)
		}
		return x * x
	case LinkLog1pExp:
		return max(x, 0) + elementary.Log1p(elementary.Exp(-max(x, -x)))
	case LinkStep:
		if x > 0 {
			return 1
		}
		return 0
	}
	return x
}

func largest(means []float64) int {
	at := 0
	for i, x := range means {
		if x > means[at] {
			at = i
		}
	}
	return at
}

func softmax(dst, means []float64) []float64 {
	top, sum := means[largest(means)], 0.0
	from := len(dst)
	for _, x := range means {
		e := elementary.Exp(x - top)
		dst, sum = append(dst, e), sum+e
	}
	for i := from; i < len(dst); i++ {
		dst[i] /= sum
	}
	return dst
}
