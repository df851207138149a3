package vw

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// table is where Vowpal Wabbit looks weights up: one predictor's has 2^bits.
type table struct {
	*file
	*plan
	bits int
}

// at is the entry of a hash and the predictor of a weight's index.
func (t *table) at(index uint32) (entry, predictor uint32) {
	return index >> t.shift, index & (1<<t.shift - 1)
}

func (t *table) mask() uint32 { return 1<<t.bits - 1 }

// fill gives the model its weights.
func (t *table) fill(l *scoring.Linear, frame []*column) error {
	entries := map[uint32][]int{} // of the model, for entries that are not in its table
	add := func(hash uint32, entry int) { entries[hash&t.mask()] = append(entries[hash&t.mask()], entry) }
	if t.constant {
		add(constant, 0)
	}
	for _, c := range frame {
		if c.Kind == bundle.KindDense {
			add(c.id(), l.Weight(c.place))
		}
	}
	set := make(map[uint32]float32, len(t.weights)) // by index
	for _, w := range t.weights {
		if old, ok := set[w.index]; ok && (old != w.value || !t.named) {
			return modelfile.Formatf("two weights of index %d", w.index)
		}
		set[w.index] = w.value
		entry, predictor := t.at(w.index)
		if int(predictor) >= t.heads {
			continue // of the cost that a doubly robust learner expects
		}
		value := w.value
		if t.negated {
			value = 0 - value
		}
		mean := l.Heads[predictor].Mean
		for _, e := range entries[entry] {
			mean[e] = value
		}
		if l.Bits > 0 {
			mean[l.Nothing()+1+int(entry)] = value
		}
	}
	return nil
}

// predictor cuts what tells a predictor off a name.
func predictor(name string) (feature string, number int) {
	if rest, ok := strings.CutSuffix(name, "]"); ok {
		if i := strings.LastIndexByte(rest, '['); i > 0 {
			if n, err := strconv.Atoi(rest[i+1:]); err == nil && n > 0 {
				return name[:i], n
			}
		}
	}
	return name, 0
}

// names holds the names of --invert_hash against the columns: each must be of one,
// or of two that interact, and hash to its index. So features that are made
// otherwise, or left out, are found.
func (t *table) names(l *scoring.Linear, text []*column) error {
	for _, w := range t.weights {
		if !t.named {
			return nil
		}
		name, _ := predictor(w.name)
		entry, _ := t.at(w.index)
		var id uint32
		switch first, second, pair := strings.Cut(name, "*"); {
		case w.name == "":
			return modelfile.Formatf("index %d has no name, others have", w.index)
		case name == constantName:
			id = constant
		case pair:
			a, b, err := both(first, second, text)
			if err != nil {
				return err
			}
			if !slices.Contains(l.Crosses, scoring.Cross{A: a.place, B: b.place}) {
				return modelfile.Unsupportedf("the interaction %.80q: %s does not come before %s; declare columns in the order of the text (import --columns FILE)", name, a.Name, b.Name)
			}
			id = a.of(first)*scoring.CrossPrime ^ b.of(second)
		default:
			c := find(name, text)
			if c == nil {
				return undeclared(name)
			}
			id = c.of(name)
		}
		if id&t.mask() != entry {
			return modelfile.Unsupportedf("the feature %.80q at index %d, where its name does not hash to; features that are hashed in a chain, spelt or cut are not supported", w.name, w.index)
		}
	}
	return nil
}

func undeclared(name string) error {
	return modelfile.Unsupportedf("the feature %.80q, which no column has; declare one (import --columns FILE)", name)
}

// both are the columns of two features.
func both(first, second string, text []*column) (a, b *column, err error) {
	if a, b = find(first, text), find(second, text); a == nil {
		return nil, nil, undeclared(first)
	} else if b == nil {
		return nil, nil, undeclared(second)
	}
	return a, b, nil
}

// find is the column of a feature as --invert_hash names it: of those that begin like
// it, the longest.
func find(name string, text []*column) (found *column) {
	for _, c := range text {
		if _, ok := c.value(name); ok && (found == nil || c.Kind == bundle.KindDense || found.Kind == c.Kind && len(c.Feature) > len(found.Feature)) {
			found = c
		}
	}
	return found
}
