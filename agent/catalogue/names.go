package catalogue

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"
)

// Names are the distinct texts of a column, none first, in the order of paths:
// what lies below a path directly follows it.
type Names struct {
	text string // one after the other
	end  []uint32
}

// Len counts them, with the empty one.
func (n Names) Len() int { return len(n.end) }

// At is the text with this number; 0 is none.
func (n Names) At(id uint32) string {
	if id == 0 {
		return ""
	}
	return n.text[n.end[id-1]:n.end[id]]
}

// ID is the number of a text, and whether an item has had it.
func (n Names) ID(text string) (uint32, bool) {
	i := n.first(func(at string) bool { return comparePaths(at, text) >= 0 })
	return i, int(i) < len(n.end) && n.At(i) == text
}

// Below gives the numbers from low up to, but without, high: those of path and
// of all paths below it.
func (n Names) Below(path string) (low, high uint32) {
	low = n.first(func(at string) bool { return comparePaths(at, path) >= 0 })
	high = n.first(func(at string) bool { return comparePaths(at, path) > 0 && !isBelow(at, path) })
	return low, high
}

func (n Names) first(is func(string) bool) uint32 {
	return uint32(sort.Search(len(n.end), func(i int) bool { return is(n.At(uint32(i))) }))
}

func isBelow(at, path string) bool {
	return len(at) > len(path) && at[:len(path)] == path && at[len(path)] == '/'
}

// comparePaths orders texts as if / were the lowest character.
func comparePaths(a, b string) int {
	for i := 0; i < len(a) && i < len(b); i++ {
		if x, y := a[i], b[i]; x != y {
			return cmp.Compare(pathByte(x), pathByte(y))
		}
	}
	return cmp.Compare(len(a), len(b))
}

func pathByte(c byte) int {
	if c == '/' {
		return -1
	}
	return int(c)
}

// Column is a text of every item, as the number of a name.
type Column struct {
	IDs   []uint32 // one an item
	Names Names
}

// At is item i's text.
func (c Column) At(i uint32) string { return c.Names.At(c.IDs[i]) }

// with is the column of n items after some texts were set. The names are shared
// unless there is a new one; then those that nothing has any more go.
func (c Column) with(n int, places []uint32, texts []string) Column {
	ids := make([]uint32, n)
	copy(ids, c.IDs)
	known := c.Names.Len() > 0
	for j, i := range places {
		id, ok := c.Names.ID(texts[j])
		known = known && ok
		ids[i] = id
	}
	if known {
		return Column{ids, c.Names}
	}
	all := make([]string, n)
	for i := range c.IDs {
		all[i] = c.At(uint32(i))
	}
	for j, i := range places {
		all[i] = texts[j]
	}
	return newColumn(all)
}

func newColumn(texts []string) Column {
	numbers := map[string]uint32{"": 0}
	for _, text := range texts {
		numbers[text] = 0
	}
	var names Names
	var joined strings.Builder
	for i, text := range slices.SortedFunc(maps.Keys(numbers), comparePaths) {
		numbers[text] = uint32(i)
		joined.WriteString(text)
		names.end = append(names.end, uint32(joined.Len()))
	}
	names.text = joined.String()
	ids := make([]uint32, len(texts))
	for i, text := range texts {
		ids[i] = numbers[text]
	}
	return Column{ids, names}
}
