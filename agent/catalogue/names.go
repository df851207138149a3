package catalogue

import (
	"cmp"
	"maps"
	"slices"
	"sort"
	"strings"
)

// Names are the distinct texts of a column in the order of paths: what lies
// below a path directly follows it. The first is empty.
type Names []string

// ID is the number of a text, and whether an item has had it.
func (n Names) ID(text string) (id uint32, ok bool) {
	i, ok := slices.BinarySearchFunc(n, text, comparePaths)
	return uint32(i), ok
}

// Below gives the numbers from low up to, but without, high: those of path and
// of all paths below it.
func (n Names) Below(path string) (low, high uint32) {
	path = strings.Trim(path, "/")
	from, _ := slices.BinarySearchFunc(n, path, comparePaths)
	to := from + sort.Search(len(n)-from, func(i int) bool { return n[from+i] != path && !isBelow(n[from+i], path) })
	return uint32(from), uint32(to)
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
func (c Column) At(i int) string { return c.Names[c.IDs[i]] }

// with is the column of n items after some texts were set. The names are shared
// unless there is a new one; then those that nothing has any more go.
func (c Column) with(n int, places []uint32, texts []string) Column {
	ids := make([]uint32, n)
	copy(ids, c.IDs)
	known := len(c.Names) > 0
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
		all[i] = c.At(i)
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
	names := Names(slices.SortedFunc(maps.Keys(numbers), comparePaths))
	joined := strings.Join(names, "")
	for i, text := range names {
		names[i], joined = joined[:len(text)], joined[len(text):] // one piece of memory for all
		numbers[text] = uint32(i)
	}
	ids := make([]uint32, len(texts))
	for i, text := range texts {
		ids[i] = numbers[text]
	}
	return Column{ids, names}
}
