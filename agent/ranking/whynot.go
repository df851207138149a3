package ranking

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Verdict is what became of an item in a decision.
type Verdict string

const (
	VerdictShown        Verdict = "shown"
	VerdictNotDrawn     Verdict = "not_drawn"     // it was allowed, and others were drawn
	VerdictNotScored    Verdict = "not_scored"    // likewise, and only exploration could have drawn it
	VerdictRemoved      Verdict = "removed"       // a rule removed it
	VerdictNotCandidate Verdict = "not_candidate" // it was none of those the decision was about
	VerdictUnknown      Verdict = "unknown"       // what would tell is not there any more
)

// WhyNot explains one item of a decision from its record, and from the release and
// catalogue as far as they are those of then.
type WhyNot struct {
	EventID  string  `json:"eventId"`
	ItemID   string  `json:"itemId"`
	Slot     string  `json:"slot"`
	Verdict  Verdict `json:"verdict" enum:"shown,not_drawn,not_scored,removed,not_candidate,unknown"`
	Text     string  `json:"text"`
	Language string  `json:"language" doc:"Of the texts; what it has no words for is told in English"`
	Holdback bool    `json:"holdback" doc:"Nothing was shown, on purpose"`

	Position      int        `json:"position,omitempty" doc:"Where it was shown, from 1"`
	Rank          int        `json:"rank,omitempty" doc:"By score among what was recorded, from 1"`
	Probabilities []*float64 `json:"probabilities,omitempty" doc:"At each position up to its own, given what stands above; null: not known"`
	Rules         []WhyRule  `json:"rules,omitempty" doc:"Those that removed it, would have, or may have, in their order"`
	Kept          []WhyKept  `json:"kept,omitempty" doc:"Positions up to its own that it could not have, though it was allowed"`
	Unknown       []string   `json:"unknown,omitempty" doc:"What can't be known any more"`
}

// WhyRule is one rule that stands against an item.
type WhyRule struct {
	Rule   string `json:"rule"`
	Kind   string `json:"kind,omitempty"`
	First  bool   `json:"first" doc:"It removed the item: no other can have"`
	Likely bool   `json:"likely,omitempty" doc:"Of those that may have, the first that would now"`
	Sure   bool   `json:"sure" doc:"False: it looks at what is not recorded, and may have been otherwise then"`
	Text   string `json:"text"`

	counted bool // the record tells no more than how many it removed
}

// WhyNot explains an item of a recorded decision, in the first of some language ranges
// that there are words for, else in the slot's language or English.
func (d *Decider) WhyNot(eventID, itemID string, languages ...string) (*WhyNot, error) {
	ev, rec, at, err := d.opt.Events.Find(eventID)
	if err != nil {
		return nil, unfound(err)
	}
	t := d.teller(rec.Slot, languages)
	w := &WhyNot{EventID: rec.EventId, ItemID: itemID, Slot: rec.Slot, Holdback: rec.Holdback, Language: t.words.Language}
	defer t.translate(w)
	drawn := w.drawn(rec)
	active := d.opt.Releases.Active()
	if active == nil || active.Slot(rec.Slot) == nil || !slices.Equal(rec.Versions.GetRulebook(), active.Rulebook.Digest[:]) {
		if !drawn {
			w.past(rec, t)
		}
		return w, nil
	}
	slot := active.Slot(rec.Slot)
	view := slot.Book.At(d.opt.Catalogue.Snapshot(), at)
	same := view.Version == rec.Catalogue
	of, i, known := candidate(view, rec, itemID)
	switch {
	case drawn && (of == nil || !known || !same):
		return w, nil
	case of == nil:
		w.past(rec, t)
		return w, nil
	case !known && (same || rec.Actions != nil):
		w.Verdict, w.Text = VerdictNotCandidate, notCandidate(view, rec, slot, itemID)
		return w, nil
	case !known:
		w.past(rec, t)
		return w, nil
	}
	asked, remembered, err := d.askedThen(rec, ev, at)
	if err != nil {
		return nil, err
	}
	if drawn {
		w.keeps(rec, slot, of, i, asked, t)
		return w, nil
	}
	if !same {
		w.Unknown = append(w.Unknown, t.words.UnknownText("items"))
	}
	if same || rec.Actions != nil {
		if allowed(rec, i) {
			if w.outdrawn(rec); same {
				w.keeps(rec, slot, of, i, asked, t)
			}
			return w, nil
		}
		w.Verdict = VerdictRemoved
	} else {
		w.Verdict = VerdictUnknown
	}
	causes := of.Explain(i, d.opt.Catalogue, asked)
	for k := range causes {
		if c := &causes[k]; !c.Removes && !remembered && (c.Kind == string(rulebook.Cap) || c.Kind == string(rulebook.Suppress)) {
			c.Sure = false
		}
	}
	w.rules(rec, causes, same, t)
	return w, nil
}

// past is for when nothing but the record is left.
func (w *WhyNot) past(rec *wire.Decision, t *teller) {
	w.Verdict, w.Text = VerdictUnknown, "it was neither shown nor weighed; whether it was a candidate, and which rule removed it, can't be told any more"
	w.Unknown = append(w.Unknown, t.words.UnknownText("release"))
	w.Rules = t.counted(rec, nil)
}

// counted are rules of which the record only tells that they removed something.
func (t *teller) counted(rec *wire.Decision, but []WhyRule) (all []WhyRule) {
	for _, r := range rec.Removed {
		if !slices.ContainsFunc(but, func(one WhyRule) bool { return one.Rule == r.Rule }) {
			text := strings.ReplaceAll(t.words.UnknownText("counted"), "{count}", fmt.Sprint(r.Count))
			all = append(all, WhyRule{Rule: r.Rule, Text: text, counted: true})
		}
	}
	return all
}

// candidate finds the item among the decision's candidates. They are those of then
// only if the catalogue is, or the caller gave them.
func candidate(view *rules.View, rec *wire.Decision, itemID string) (of *rules.Candidates, i int, known bool) {
	if rec.Actions != nil {
		of = new(rules.Candidates)
		if view.Give(of, rec.Actions) != nil {
			return nil, 0, false
		}
	} else if of = view.Source(); of == nil {
		return nil, 0, false
	}
	i, known = of.Find(itemID)
	return of, i, known
}

func allowed(rec *wire.Decision, i int) bool {
	return i/8 < len(rec.Allowed) && rec.Allowed[i/8]>>(i%8)&1 == 1
}

func notCandidate(view *rules.View, rec *wire.Decision, slot *release.Slot, itemID string) string {
	switch _, known := view.Place(itemID); {
	case rec.Actions != nil:
		return "it was none of the actions that the request gave"
	case !known:
		return "the catalogue has no such item; check the id, or import it"
	case slot.Source.Offers:
		return "no offer that ran in this slot is for it, or it is discontinued"
	case slot.Source.Catalogue != nil:
		return fmt.Sprintf("it is not in the categories and brands of the slot's source, discontinued, or beyond its limit of %d items", slot.Source.Catalogue.Limit)
	}
	return "it is none of the items of the slot's source"
}

// askedThen is what the rules looked at, as far as it is remembered; remembered tells
// whether nothing of the histories was forgotten since.
func (d *Decider) askedThen(rec *wire.Decision, ev attribution.Event, at int64) (a rules.Asked, remembered bool, err error) {
	a, remembered = rules.Asked{
		Now: at, Site: rec.Site, Showings: d.opt.Events.Showings(),
		Known: len(rec.Pseudonym) > 0, InSession: len(rec.Session) > 0, InHousehold: len(rec.Household) > 0,
	}, true
	err = d.opt.Store.View(func(v *store.View) error {
		then := func(kind wire.Kind, of []byte) []attribution.Entry {
			if len(of) == 0 {
				return nil
			}
			var who wire.Pseudonym
			copy(who[:], of)
			all := d.opt.Events.History(nil, v, kind, who)
			// A withdrawal since would have taken the decision's own items, too.
			remembered = remembered && slices.ContainsFunc(all, func(e attribution.Entry) bool { return e.Seq == ev.Seq })
			return slices.DeleteFunc(all, func(e attribution.Entry) bool { return e.Seq >= ev.Seq })
		}
		a.Person, a.Session, a.Household = then(wire.Person, rec.Pseudonym), then(wire.Session, rec.Session), then(wire.Household, rec.Household)
		return nil
	})
	if err != nil {
		return a, false, unreadable(err)
	}
	a.Forgotten = !remembered
	return a, remembered, nil
}

// rules tells which rules stand against the item. The record counts each removal for
// the first rule that made it, so a rule that counted none was not the first.
func (w *WhyNot) rules(rec *wire.Decision, causes []rules.Cause, same bool, t *teller) {
	counts := map[string]uint32{}
	for _, r := range rec.Removed {
		counts[r.Rule] = r.Count
	}
	var may []int // of w.Rules: those that may have been the first
	settled, likely := false, -1
	for _, c := range causes {
		c.Sure = c.Sure && same
		first := counts[c.Rule] > 0 && !settled
		if !c.Removes && (c.Sure || !first) {
			continue
		}
		w.Rules = append(w.Rules, WhyRule{Rule: c.Rule, Kind: c.Kind, Sure: c.Sure, Text: c.Text})
		if first {
			may = append(may, len(w.Rules)-1)
			settled = c.Sure && c.Removes
			if c.Removes && likely < 0 {
				likely = len(w.Rules) - 1
			}
		}
	}
	if w.Verdict != VerdictRemoved {
		w.Text = "the items have changed since; these rules stand against it now, or counted removals then"
		return
	}
	switch {
	case len(may) == 1:
		w.Rules[may[0]].First = true
		w.Text = "the rule " + w.Rules[may[0]].Rule + " removed it: " + w.Rules[may[0]].Text
	case len(may) == 0:
		w.Rules = append(w.Rules, t.counted(rec, w.Rules)...)
		w.Text = "a rule removed it; what that looked at is not remembered any more"
	default:
		w.Text = "one of these rules removed it; which depends on what is not recorded"
		if likely >= 0 {
			w.Rules[likely].Likely = true
			w.Text = "most likely the rule " + w.Rules[likely].Rule + " removed it: " + w.Rules[likely].Text
		}
		w.Unknown = append(w.Unknown, t.words.UnknownText("request"))
	}
}
