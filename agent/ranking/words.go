package ranking

import (
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// teller says reasons in one language, in the words of the release that runs.
type teller struct {
	words    rulebook.Words
	features []rulebook.Feature
}

func (d *Decider) teller(language string) *teller {
	book := new(rulebook.Rulebook)
	if active := d.opt.Releases.Active(); active != nil {
		book = active.Rulebook
	}
	return &teller{book.WordsOf(language), book.Features}
}

// tell gives what the record says of each item besides scores, and the basis. An
// item that another one outscored where it stands is there by exploration, whatever
// speaks for it.
func (t *teller) tell(a *Answer, rec *wire.Decision) {
	a.Basis.Text = t.words.Nobody
	if len(rec.PurposesUsed) > 0 {
		a.Basis.Text = t.words.Person
	}
	d, ok := parseDrawn(rec)
	above := map[uint32]bool{}
	for i := range a.Items {
		x := rec.Shown[i]
		say := func(what, text string) {
			a.Items[i].Reasons = append(a.Items[i].Reasons, Reason{Feature: what, Text: text})
		}
		switch {
		case x.Pinned:
			say("pinned", t.words.Pinned)
		case ok && !d.best(i, above):
			say("exploration", t.words.Exploration)
		}
		if x.Offer != "" {
			say("offer", t.words.Offer)
		}
		if x.PricePersonal {
			say("price", t.words.Price)
		}
		if ok {
			above[d.candidates[i]] = true
		}
	}
}

// best tells whether what was drawn at a position had the highest score there, or
// one of the highest.
func (d *drawn) best(at int, above map[uint32]bool) bool {
	x := d.Shown[at]
	means, place := []float64{}, -1
	if c, ok := d.choice(at, above); ok && len(x.Contenders) > 0 {
		for k := range c.Means {
			variance := 0.0
			if len(c.Variances) > 0 {
				variance = c.Variances[k]
			}
			means = append(means, d.policy.Rank(c.Means[k], variance))
		}
		place = c.Place
	} else {
		for k, r := range d.contenders(at, above) {
			if means = append(means, d.rank(r)); r == at {
				place = k
			}
		}
	}
	return place >= 0 && means[place] == slices.Max(means)
}

// text says that a column, or a cross of two, speaks for an item or against it.
func (t *teller) text(name string, speaksFor bool) string {
	parts := strings.Split(name, " × ")
	for i, part := range parts {
		parts[i] = t.called(part)
	}
	words := t.words.Against
	if speaksFor {
		words = t.words.For
	}
	return strings.ReplaceAll(words, "{it}", strings.Join(parts, t.words.With))
}

func (t *teller) called(name string) string {
	for i := range t.features {
		if text := t.features[i].Text[t.words.Language]; t.features[i].Name == name && text != "" {
			return text
		}
	}
	return name
}
