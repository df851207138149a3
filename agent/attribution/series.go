package attribution

import (
	"encoding/binary"
	"slices"
	"sort"
)

// unit is the logarithm of a bucket's milliseconds.
const unit = 10

// fine is how many of its buckets a span is of, at least.
const fine = 16

func bucketOf(at int64) uint32 { return uint32(max(at, 0) >> unit) }

// Span is a time back from now, in buckets of its own width: 2^level of the narrowest.
// What was shown counts as long as any of its bucket is in the span, so for up to a
// bucket's width too long, and never too short.
type Span struct {
	window int64
	level  uint
}

// NewSpan is the span of a window in milliseconds: its buckets are the widest that
// are at most a sixteenth of it, and 1,024 ms at least.
func NewSpan(window int64) Span {
	return Span{window, level(uint64(window)>>unit, fine)}
}

// level is that of the widest buckets of which so many are no more than an age.
func level(age, many uint64) (l uint) {
	for age >= many<<(l+1) {
		l++
	}
	return l
}

// Oldest is the first bucket of which anything is in the span.
func (s Span) Oldest(now int64) int64 { return max(0, now-s.window) >> (unit + s.level) }

// series are showings of one thing by their time, ever coarser with their age: those
// of a wider bucket are joined at the latest of their times only once every span that
// has narrower ones is past them. So a count is the same whenever they were joined.
type series struct {
	marks []mark // ascending
	room  int    // marks at which they are joined
}

type mark struct{ at, n uint32 }

func (s *series) last() uint32 { return s.marks[len(s.marks)-1].at }

func (s *series) add(now uint32) {
	if n := len(s.marks); n > 0 && s.marks[n-1].at >= now {
		s.marks[n-1].n++
		return
	}
	s.marks = append(s.marks, mark{now, 1})
	if len(s.marks) > max(s.room, 2*fine) {
		s.join(now)
		s.room = len(s.marks) * 9 / 8
	}
}

// join leaves at most some 350 marks, 16 each time that an age doubles.
func (s *series) join(now uint32) {
	kept := s.marks[:0]
	for _, m := range s.marks {
		if now-m.at >= keptBuckets {
			continue
		}
		l := level(uint64(now-m.at), fine+1) // one more: a span may reach into the bucket after its end
		if n := len(kept); n > 0 && kept[n-1].at>>l == m.at>>l {
			kept[n-1] = mark{m.at, kept[n-1].n + m.n}
		} else {
			kept = append(kept, m)
		}
	}
	s.marks = kept
}

// count is how many there are from a span's bucket on.
func (s *series) count(span Span, oldest int64) (n uint32) {
	i := sort.Search(len(s.marks), func(i int) bool { return int64(s.marks[i].at>>span.level) >= oldest })
	for _, m := range s.marks[i:] {
		n += m.n
	}
	return n
}

func (s *series) append(dst []byte) []byte {
	dst = append(slices.Grow(dst, 1+5*len(s.marks)), version)
	last := uint32(0)
	for _, m := range s.marks {
		dst = binary.AppendUvarint(dst, uint64(m.at-last))
		dst = binary.AppendUvarint(dst, uint64(m.n))
		last = m.at
	}
	return dst
}

func parseSeries(b []byte) (s *series, ok bool) {
	if len(b) < 2 || b[0] != version {
		return nil, false
	}
	s = new(series)
	next := func() (x uint32) {
		v, n := binary.Uvarint(b)
		if ok = n > 0 && v < 1<<32; !ok {
			b = nil
			return 0
		}
		b = b[n:]
		return uint32(v)
	}
	last := uint32(0)
	for b = b[1:]; len(b) > 0; {
		last += next()
		if s.marks = append(s.marks, mark{last, next()}); !ok {
			return nil, false
		}
	}
	return s, true
}
