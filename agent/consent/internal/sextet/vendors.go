package sextet

// Vendors is a set of vendor ids, as a view of the bytes it was read from. The
// zero value is empty.
type Vendors struct {
	Max int // as the string says it
	field
	bitfield bool
}

// field is a bit field of so many bits, or that many ranges.
type field struct {
	b     []byte
	at, n int
	coded bool // ranges in Fibonacci coding
}

// maxID is the highest id there may be.
const maxID = 1<<16 - 1

// Vendors reads the highest id and then a bit field or ranges, whose ids are
// from 1 to that. Coded ranges are in Fibonacci coding, and then the highest id is
// in the set.
func (r *Reader) Vendors(coded bool) Vendors {
	highest := r.Int(16)
	if r.Bool() {
		return Vendors{Max: highest, field: r.ranges(highest, coded)}
	}
	v := Vendors{Max: highest, field: field{b: r.b, at: r.pos, n: highest}, bitfield: true}
	if highest > r.Left() {
		r.broken = true
		return Vendors{}
	}
	r.pos += highest
	if coded && highest > 0 && !v.Has(highest) {
		r.broken = true
	}
	return v
}

// Ranged tells whether the set is of ranges, so that their coding matters.
func (v Vendors) Ranged() bool { return !v.bitfield && v.n > 0 }

// ranges reads a number of 12 bits and that many ranges: each one id, or first
// and last, of 16 bits; coded, each the distance from the id before, perhaps with
// how many more. An id of 0 or above highest, or a last below its first, breaks
// the reader, as do coded ranges that end below highest.
func (r *Reader) ranges(highest int, coded bool) field {
	n := r.Int(12)
	f, last := field{r.b, r.pos, n, coded}, 0
	for range n {
		var first int
		first, last = r.next(coded, last)
		if first < 1 || last < first || last > highest {
			r.broken = true
		}
		if r.broken {
			return field{}
		}
	}
	if coded && last != highest {
		r.broken = true
		return field{}
	}
	return f
}

// next reads a range behind an id.
func (r *Reader) next(coded bool, behind int) (first, last int) {
	if !coded {
		return r.span()
	}
	more := r.Bool()
	first = behind + r.Fibonacci(maxID)
	if last = first; more {
		last += r.Fibonacci(maxID)
	}
	return first, last
}

// span reads a range, in one go since there may be thousands.
func (r *Reader) span() (first, last int) {
	w := window(r.b, r.pos)
	first = int(w << 1 >> 48)
	last, size := first, 17
	if w>>63 == 1 {
		last, size = int(w<<17>>48), 33
	}
	if r.broken = r.broken || size > r.n-r.pos; r.broken {
		return 0, 0
	}
	r.pos += size
	return first, last
}

// spans gives each range until told to stop.
func (f field) spans(each func(first, last int) bool) {
	r, last := Reader{b: f.b, n: 8 * len(f.b), pos: f.at}, 0
	for range f.n {
		var first int
		if first, last = r.next(f.coded, last); !each(first, last) {
			return
		}
	}
}

// in tells whether a range covers an id.
func (f field) in(id int) (found bool) {
	f.spans(func(first, last int) bool {
		found = first <= id && id <= last
		return !found
	})
	return found
}

// mark enters all ids of the set.
func (v Vendors) mark(ids *[1 << 16]bool) {
	if v.bitfield {
		for id := 1; id <= v.Max; id++ {
			ids[id] = ids[id] || v.Has(id)
		}
		return
	}
	v.spans(func(first, last int) bool {
		for id := first; id <= last; id++ {
			ids[id] = true
		}
		return true
	})
}

// Has tells whether the vendor is in the set.
func (v Vendors) Has(id int) bool {
	if id < 1 || id > v.Max {
		return false
	}
	if v.bitfield {
		return window(v.b, v.at+id-1)>>63 == 1
	}
	return v.in(id)
}

// All are the ids in order, at most 65,535; never nil.
func (v Vendors) All() []int {
	var ids [1 << 16]bool
	v.mark(&ids)
	return listed(&ids)
}

func listed(ids *[1 << 16]bool) []int {
	all := []int{}
	for id, in := range ids {
		if in {
			all = append(all, id)
		}
	}
	return all
}

// Restrictions are what a publisher forbids of vendors, as a view of the bytes.
type Restrictions field

// Restriction is one kind of it for one purpose.
type Restriction struct {
	Purpose int   `json:"purposeId"`
	Type    int   `json:"restrictionType"`
	Vendors []int `json:"vendors"`
}

// Restrictions reads a number of 12 bits and that many: a purpose of 6 bits, a
// type of 2, and ranges or, coded, what Vendors reads.
func (r *Reader) Restrictions(coded bool) Restrictions {
	n := r.Int(12)
	all := Restrictions{r.b, r.pos, n, coded}
	for range n {
		if r.Int(6) == 0 {
			r.broken = true
		}
		r.Int(2)
		r.restricted(coded)
		if r.broken {
			return Restrictions{}
		}
	}
	return all
}

// Some tells whether there is any.
func (rs Restrictions) Some() bool { return rs.n > 0 }

// restricted reads the vendors of a restriction.
func (r *Reader) restricted(coded bool) Vendors {
	if coded {
		return r.Vendors(true)
	}
	return Vendors{Max: maxID, field: r.ranges(maxID, false)}
}

// each gives every restriction.
func (rs Restrictions) each(f func(purpose, kind int, ids Vendors)) {
	r := Reader{b: rs.b, n: 8 * len(rs.b), pos: rs.at}
	for range rs.n {
		purpose, kind := r.Int(6), r.Int(2)
		f(purpose, kind, r.restricted(rs.coded))
	}
}

// Purposes are those for which a restriction of one of types names the vendor; a
// bit each: 1<<0 not allowed, 1<<1 needs consent, 1<<2 needs legitimate interest.
func (rs Restrictions) Purposes(vendor int, types uint8) (named Set) {
	rs.each(func(purpose, kind int, ids Vendors) {
		if types>>kind&1 == 1 && ids.Has(vendor) {
			named |= 1 << (purpose - 1)
		}
	})
	return named
}

// All are the restrictions in the order in which each purpose and type is first
// named; never nil.
func (rs Restrictions) All() []Restriction {
	type key struct{ purpose, kind int }
	all := []Restriction{}
	marks := map[key]*[1 << 16]bool{}
	rs.each(func(p, kind int, ids Vendors) {
		k := key{p, kind}
		if marks[k] == nil {
			marks[k] = new([1 << 16]bool)
			all = append(all, Restriction{Purpose: p, Type: kind})
		}
		ids.mark(marks[k])
	})
	for i, a := range all {
		all[i].Vendors = listed(marks[key{a.Purpose, a.Type}])
	}
	return all
}
