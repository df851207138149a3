package ranking

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/rules"
)

// TestCause: a window of decisions of which one thing is wrong is told by that, one of
// which nothing is raises no alarm.
func TestCause(t *testing.T) {
	healthy := func() *window {
		w := &window{n: 200, evenness: 80, feasible: 200 * 50, candidates: 200 * 60, epsilon: 20, gap: 4, sharpness: 10 * 200, contends: 16 * 200, scored: 200}
		w.removed = []rules.Count{{Rule: "margin", N: 200 * 4}, {Rule: "in-stock", N: 200 * 6}}
		for i := range 200 {
			w.show(fmt.Sprint("item", i%20), false)
		}
		return w
	}
	favour := func(w *window) { w.items = [favourites]favourite{{"item3", 190}} }
	few := func(w *window) { w.feasible = 200 }
	for _, c := range []struct {
		name   string
		change func(w *window)
		want   Cause
		text   string
	}{
		{"nothing", func(*window) {}, "", ""},
		{"half of one item", func(w *window) { w.items = [favourites]favourite{{"a", 120}} }, "", ""},
		{"one candidate", func(w *window) { few(w); w.candidates = 200 }, FewCandidates, "source"},
		{"a margin that removes all", func(w *window) { few(w); w.removed[0].N = 200 * 59 }, FewByRules, "margin removes most, 59 of 60"},
		{"empty shelves", func(w *window) { few(w); w.stock = "in-stock"; w.removed[1].N = 200 * 59 }, FewInStock, "59 of 60"},
		{"rules about the answer", func(w *window) { few(w); w.removed = nil }, FewByRules, "together"},
		{"pins", func(w *window) { few(w); w.pinned = 200 }, OnlyPins, "pins"},
		{"no model", func(w *window) { w.evenness = 4; w.unscored = 150 }, OnlyBaseline, "model"},
		{"no exploration", func(w *window) { w.evenness = 1; w.epsilon = 0.2 }, LittleChance, "epsilon"},
		{"a steep policy", func(w *window) { w.evenness = 8; w.gap = 400; w.sharpness = 1000 * 200 }, LittleChance, "gamma"},
		{"scores that run away", func(w *window) { w.evenness = 8; w.gap = 1e9 }, OddScores, "5e+06"},
		{"one favourite", favour, OneFavourite, "contexts"},
	} {
		w := healthy()
		c.change(w)
		now := w.judge()
		if now.Cause != c.want || !strings.Contains(now.Text, c.text) {
			t.Errorf("%s: %q, %s; want %q", c.name, now.Cause, now.Text, c.want)
		}
	}
}

// TestFavourite: what is shown first more often than a ninth of the time is among the
// counters, and its share is not told as more than it is.
func TestFavourite(t *testing.T) {
	for _, every := range []int{1, 2, 3, 5} {
		var w window
		const n = 1000
		for i := range n {
			if id := fmt.Sprint("other", i); i%every == 0 {
				w.show("top", i%2 == 0)
			} else {
				w.show(id, true)
			}
		}
		w.n, w.feasible, w.evenness = n, 10*n, n
		share := 1 / float64(every)
		if now := w.judge(); now.TopItem != "top" || now.TopShare > share+0.01 || now.TopShare < share-1.0/9 {
			t.Errorf("every %d: %s with %v", every, now.TopItem, now.TopShare)
		}
	}
}
