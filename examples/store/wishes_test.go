package store

import (
	"slices"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/examples/internal/judge"
	"github.com/aisle-edge/aisle/examples/internal/world"
	"github.com/aisle-edge/aisle/sync/wire"
)

// A person's visits overtake each other; each is judged by what was granted while it
// was answered.
func TestJudgedByWhatWasGrantedThen(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	span := func(from, to int) judge.Span { return judge.Span{Sent: at(from), Answered: at(to)} }
	var w wishes
	before := world.Visit{Profile: "p", Granted: []wire.Purpose{wire.PersonalisedOffers}}
	changed := world.Visit{Profile: "p", Changed: true}
	w.come(before)
	w.come(changed)
	w.change(changed, span(10, 12))
	for _, c := range []struct {
		asked judge.Span
		used  bool // offers may be personalised
	}{{span(1, 2), true}, {span(9, 11), true}, {span(11, 13), true}, {span(12, 13), false}, {span(20, 21), false}} {
		for _, v := range []world.Visit{before, changed} {
			if got := slices.Contains(w.granted(v, c.asked), string(wire.PersonalisedOffers)); got != c.used {
				t.Errorf("a request of %v to %v counts as granted %v", c.asked.Sent, c.asked.Answered, got)
			}
		}
	}
	if got := w.granted(world.Visit{Granted: []wire.Purpose{wire.Measurement}}, span(1, 2)); len(got) != 1 {
		t.Errorf("of somebody without a card %v", got)
	}
}
