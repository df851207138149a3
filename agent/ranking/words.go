package ranking

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// teller says reasons in one language, in the words of the release that runs.
type teller struct {
	words rulebook.Words
	book  *rulebook.Rulebook
}

// teller speaks the first of some language ranges that there are words for, else the
// language of a slot, else English.
func (d *Decider) teller(slot string, ranges []string) *teller {
	book := new(rulebook.Rulebook)
	if active := d.opt.Releases.Active(); active != nil {
		book = active.Rulebook
	}
	if s := book.Slot(slot); s != nil && s.Language != "" {
		ranges = append(ranges, s.Language)
	}
	return &teller{book.WordsOf(ranges...), book}
}

// Words are those that the reasons of a request are told in.
func (d *Decider) Words(r *Request) rulebook.Words { return d.teller(r.Slot, r.languages()).words }

// languageKey is the key of the context that says in which language reasons are told.
const languageKey = "language"

// languages are the ranges that a request asks for, the preferred first: by itself, in
// its context, as its sender accepts them.
func (r *Request) languages() []string {
	ranges := rulebook.Languages(r.Language)
	if v, ok := r.Context.Find(languageKey); ok {
		if v.Kind == consent.List {
			ranges = append(ranges, v.List...)
		} else {
			ranges = append(ranges, rulebook.Languages(v.Text)...)
		}
	}
	return append(ranges, rulebook.Languages(r.Accepted)...)
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
	for i := range t.book.Features {
		if f := &t.book.Features[i]; f.Name == name {
			return cmp.Or(f.Text.In(t.words.Language), name)
		}
	}
	return name
}

// translate tells what became of an item, and why, in this language: a rule by its own
// text, or by that of its kind. Where the language has neither, it stays as it is.
func (t *teller) translate(w *WhyNot) {
	verdict, by := string(w.Verdict), WhyRule{}
	if w.Verdict == VerdictRemoved {
		verdict = "some"
	}
	for i := range w.Rules {
		r := &w.Rules[i]
		if text := t.ofRule(r.Rule, r.Kind); text != "" && !r.counted {
			w.Text, r.Text = strings.Replace(w.Text, r.Text, text, 1), text
		}
		if r.First {
			verdict, by = "removed", *r
		} else if r.Likely {
			verdict, by = "likely", *r
		}
	}
	if text := t.words.VerdictText(verdict); text != "" {
		w.Text = strings.NewReplacer("{rule}", by.Rule, "{it}", by.Text).Replace(text)
	}
	t.tellKept(w)
}

func (t *teller) ofRule(id, kind string) string {
	for k := range t.book.Rules {
		if rule := &t.book.Rules[k]; rule.ID == id {
			if text := rule.Text.In(t.words.Language); text != "" {
				return text
			}
		}
	}
	return t.words.RuleText(cmp.Or(kind, id))
}
