package rules

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// scope is what a view says of a rule that is asked again in each decision. Its
// sets are numbers of the view's.
type scope struct {
	base  int // what the rule removes, or is about, wherever it applies
	rest  int // that without what the items' part of unless excuses
	cheap int // items that a rule about prices removes at the view's; of those in base or rest
	*vocabulary
	ages    []float64          // ascending
	older   []int              // by age: items that demand it or more
	columns []condition.Column // of the paths of the part of unless about both
	group   *grouping          // what is counted together; nil: each item by itself
	rivals  []int              // by group of competitors: the items of the others

	everybody *everybody // of caps of the node
}

// vocabulary is what the items say of an attribute.
type vocabulary struct {
	words    map[string]int // items by word
	other    int            // items with a word that has no set of its own
	unstated int            // items that say nothing
}

// grouping numbers what is counted together: 0 is no group.
type grouping struct {
	of      []uint32 // by place
	n       int
	members Members // of the slot's own candidates
}

const (
	maxWords = 192 // of an attribute, with a set each
	maxAges  = 32
)

func (v *View) scope(r *rule, c *rulebook.Columns, m *maker) scope {
	places := v.about(r, c)
	s := scope{base: m.add(places, r.takesUnknown())}
	s.rest = s.base
	if r.excuse != nil && !r.excuse.Always() {
		rest := slices.Clone(places)
		v.excuse(r, rest)
		s.rest = m.add(rest, r.takesUnknown())
	} else if r.excuse != nil {
		s.rest = m.add(bitmap.New(m.places), r.takesUnknown() && r.mixed != nil)
	}
	if v.later(r) {
		s.cheap = m.add(v.removed(r, c), true)
	}
	if r.mixed != nil {
		s.columns = v.columnsOf(r.mixed.Condition)
	}
	switch r.Kind {
	case rulebook.Avoid, rulebook.Needs:
		s.vocabulary = m.vocabularies[r.Attribute]
		if s.vocabulary == nil {
			s.vocabulary = v.vocabulary(r.Attribute, m)
			m.vocabularies[r.Attribute] = s.vocabulary
		}
	case rulebook.Age:
		v.addAges(&s, r.Attribute, m)
	case rulebook.Separate:
		s.group = v.groupBrands(r.Groups)
		s.rivals = s.group.others(m)
	case rulebook.Cap, rulebook.Suppress, rulebook.Limit:
		counted := together{string(r.Of), r.Depth}
		if m.groupings[counted] == nil {
			m.groupings[counted] = v.grouping(r)
		}
		s.group = m.groupings[counted]
		if r.Per == rulebook.Node {
			s.everybody = v.everybody(r, s.group)
			v.nodes = append(v.nodes, s.everybody)
		}
	}
	return s
}

// vocabulary makes a set of each word of an attribute, the most frequent ones first
// where there are too many.
func (v *View) vocabulary(attribute string, m *maker) *vocabulary {
	column, _ := v.Attribute(attribute)
	sets := map[string]bitmap.Bits{}
	unstated := bitmap.New(m.places)
	for place := range m.places {
		said := false
		eachWord(text(column.IDs, column.Names, place), func(word string) {
			said = true
			if sets[word] == nil {
				sets[word] = bitmap.New(m.places)
			}
			sets[word].Set(place)
		})
		if !said {
			unstated.Set(place)
		}
	}
	often := slices.SortedFunc(maps.Keys(sets), func(a, b string) int {
		return cmp.Or(cmp.Compare(sets[b].Count(), sets[a].Count()), strings.Compare(a, b))
	})
	s := &vocabulary{words: map[string]int{}}
	other := bitmap.New(m.places)
	for i, word := range often {
		if i < maxWords {
			s.words[word] = m.add(sets[word], false)
			continue
		}
		for place := range sets[word].All() {
			other.Set(place)
		}
	}
	s.other, s.unstated = m.add(other, false), m.add(unstated, true)
	return s
}

// addAges makes a set of the items that demand an age or more. What is no number
// demands more than anybody has, and so does what is no item.
func (v *View) addAges(s *scope, attribute string, m *maker) {
	column, _ := v.Attribute(attribute)
	demanded := make([]float64, m.places)
	for place := range m.places {
		if said := text(column.IDs, column.Names, place); said != "" {
			var ok bool
			if demanded[place], ok = parseNumber(said); !ok {
				demanded[place] = never
			}
		}
	}
	ages := slices.Compact(slices.Sorted(slices.Values(demanded)))
	ages = slices.DeleteFunc(ages, func(x float64) bool { return x <= 0 || x >= never })
	ages = append(ages[:min(len(ages), maxAges)], never) // the oldest ones count as never: fewer are shown
	for _, age := range ages {
		older := bitmap.New(m.places)
		for place, x := range demanded {
			if x >= age || age == never && x > ages[max(0, len(ages)-2)] {
				older.Set(place)
			}
		}
		s.ages, s.older = append(s.ages, age), append(s.older, m.add(older, true))
	}
}

// never is an age that nobody has.
const never = 1e9

func text(ids []uint32, names []string, place int) string {
	if ids == nil {
		return ""
	}
	return names[ids[place]]
}

// grouping is what a rule counts together.
func (v *View) grouping(r *rule) *grouping {
	column := v.Brand
	key, attribute := r.Of.Attribute()
	switch {
	case attribute:
		column, _ = v.Attribute(key)
	case r.Of == rulebook.OfCategory:
		column = v.Category
	case r.Of != rulebook.OfBrand:
		return nil
	}
	if r.Of != rulebook.OfCategory || r.Depth == 0 {
		return &grouping{of: column.IDs, n: len(column.Names)}
	}
	numbers, of := map[string]uint32{"": 0}, make([]uint32, len(column.Names))
	for id, path := range column.Names {
		path = above(path, r.Depth)
		if _, ok := numbers[path]; !ok {
			numbers[path] = uint32(len(numbers))
		}
		of[id] = numbers[path]
	}
	return spread(column.IDs, of, len(numbers))
}

// above are the first levels of a path.
func above(path string, depth int) string {
	for i := range len(path) {
		if path[i] == '/' {
			if depth--; depth == 0 {
				return path[:i]
			}
		}
	}
	return path
}

// groupBrands numbers brands by the competitor they are of, from 1.
func (v *View) groupBrands(groups [][]string) *grouping {
	of := make([]uint32, len(v.Brand.Names))
	for g, brands := range groups {
		for _, brand := range brands {
			if id, ok := v.Brand.Names.ID(brand); ok {
				of[id] = uint32(g) + 1
			}
		}
	}
	return spread(v.Brand.IDs, of, len(groups)+1)
}

func spread(ids, of []uint32, n int) *grouping {
	g := &grouping{of: make([]uint32, len(ids)), n: n}
	for place, id := range ids {
		g.of[place] = of[id]
	}
	return g
}

// others makes a set of each group, of the items that are in another.
func (g *grouping) others(m *maker) []int {
	sets := make([]int, g.n)
	for group := 1; group < g.n; group++ {
		others := bitmap.New(m.places)
		for place, in := range g.of {
			if in != 0 && in != uint32(group) {
				others.Set(place)
			}
		}
		sets[group] = m.add(others, false)
	}
	return sets
}

// at is the group of an item, 0 for none.
func (g *grouping) at(place int32) uint32 {
	if place == Nowhere || int(place) >= len(g.of) {
		return 0
	}
	return g.of[place]
}
