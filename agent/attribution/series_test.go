package attribution

import (
	"testing"

	"pgregory.net/rapid"
)

// However coarse showings are kept, whatever their times and however a row was
// written and read between, a span counts what its own buckets hold, so never less
// than its window does, and nothing that is older than that by a sixteenth more. They
// stay few.
func TestSpansCountTheirBuckets(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		window := rapid.SampledFrom([]int64{1, 5_000, 60_000, 3_599_999, 3_600_000, 86_400_000, 30 * 86_400_000}).Draw(r, "window")
		span, s, all := NewSpan(window), new(series), []int64{}
		now := rapid.Int64Range(1, 1<<41).Draw(r, "start")
		for range rapid.IntRange(1, 400).Draw(r, "showings") {
			now += rapid.SampledFrom([]int64{0, 7, 900, 5_000, 61_000, 3_600_000, 50_000_000}).Draw(r, "later")
			all = append(all, now)
			s.add(bucketOf(now))
			if now%5 == 0 {
				s, _ = parseSeries(s.append(nil))
			}
			if now%11 == 0 {
				s.join(bucketOf(now))
			}
		}
		if got, ok := parseSeries(s.append(nil)); !ok || len(got.marks) != len(s.marks) {
			r.Fatalf("%d marks are read as %v, %v", len(s.marks), got, ok)
		}
		asked := now + rapid.Int64Range(0, 2*window).Draw(r, "asked")
		width := int64(1024)
		for 32*width <= window {
			width *= 2
		}
		want, least, most := uint32(0), uint32(0), uint32(0)
		for _, at := range all {
			if (at/width+1)*width > asked-window {
				want++
			}
			if at > asked-window {
				least++
			}
			if at > asked-window-max(1024, window/16) {
				most++
			}
		}
		if got := s.count(span, span.Oldest(asked)); got != want || got < least || got > most {
			r.Fatalf("%d ms count %d, want %d, at least %d and at most %d", window, got, want, least, most)
		}
	})
}

// A thing that is shown every second for months takes few marks.
func TestSeriesAreShort(t *testing.T) {
	s, longest := new(series), 0
	for now := range uint32(1 << 22) {
		s.add(1<<20 + now)
		longest = max(longest, len(s.marks))
	}
	if n := len(s.append(nil)); longest > 400 || n > 1500 {
		t.Errorf("%d marks, %d bytes of a row", longest, n)
	}
	if s.marks[0].at < 1<<20+1<<22-keptBuckets-1<<19 {
		t.Error("what no span reaches is kept")
	}
}
