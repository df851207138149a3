package store

import (
	"slices"
	"sync"

	"github.com/aisle-edge/aisle/examples/internal/judge"
	"github.com/aisle-edge/aisle/examples/internal/world"
)

// wishes are what people granted and when they said otherwise, so that a visit which
// another of the same person overtakes is judged by what was granted meanwhile.
type wishes struct {
	mu sync.Mutex
	of map[string]wish // by card
}

type wish struct {
	before, after []string
	told          judge.Span
}

// come notes what a person granted when they first came; visits are told in order.
func (w *wishes) come(v world.Visit) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.of[v.Profile]; known || v.Profile == "" || v.Changed {
		return
	}
	if w.of == nil {
		w.of = map[string]wish{}
	}
	w.of[v.Profile] = wish{after: words(v.Granted)}
}

// change notes that somebody said otherwise.
func (w *wishes) change(v world.Visit, told judge.Span) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.of == nil {
		w.of = map[string]wish{}
	}
	w.of[v.Profile] = wish{w.of[v.Profile].after, words(v.Granted), told}
}

// granted is all that a visitor granted at any time of a request.
func (w *wishes) granted(v world.Visit, asked judge.Span) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch last, known := w.of[v.Profile]; {
	case !known:
		return words(v.Granted)
	case asked.Answered.Before(last.told.Sent):
		return last.before
	case asked.Sent.Before(last.told.Answered):
		return slices.Concat(last.before, last.after)
	default:
		return last.after
	}
}
