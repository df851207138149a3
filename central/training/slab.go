package training

// slab gives out pieces of larger allocations: there are millions of small ones
// with about the same life. A slab is freed with the last of its pieces.
type slab[T any] struct{ rest []T }

const slabSize = 4096

// take returns n zero values.
func (s *slab[T]) take(n int) []T {
	if len(s.rest) < n {
		s.rest = make([]T, max(slabSize, n))
	}
	out := s.rest[:n:n]
	s.rest = s.rest[n:]
	return out
}
