package condition

// set is the single values of a list, for $in and its like.
type set struct {
	texts   map[string]struct{} // in lower case when folded
	numbers map[float64]struct{}
	others  [boolean + 1][2]bool // null; false and true
	folded  bool
}

// setOf gathers a list; ok is false when it holds lists or objects, which no
// value is identical to.
func setOf(v Value, folded bool) (s *set, ok bool) {
	s = &set{texts: map[string]struct{}{}, numbers: map[float64]struct{}{}, folded: folded}
	ok = true
	for i := range v.len() {
		switch e := v.at(i); e.kind {
		case text:
			if folded {
				e.s = string(appendLower(nil, e.s))
			}
			s.texts[e.s] = struct{}{}
		case number:
			s.numbers[e.n] = struct{}{}
		case null, boolean:
			s.others[e.kind][int(e.n)] = true
		default:
			ok = false
		}
	}
	return s, ok
}

// meets tells whether v, or an element of v, is in the set.
func (s *set) meets(v *Value) bool {
	if v.kind != list {
		return s.has(v)
	}
	for i := range v.len() {
		if e := v.at(i); s.has(&e) {
			return true
		}
	}
	return false
}

func (s *set) has(v *Value) (in bool) {
	switch v.kind {
	case null, boolean:
		return s.others[v.kind][int(v.n)]
	case number:
		_, in = s.numbers[v.n]
	case text:
		if !s.folded {
			_, in = s.texts[v.s]
			break
		}
		var room [64]byte
		_, in = s.texts[string(appendLower(room[:0], v.s))]
	}
	return in
}
