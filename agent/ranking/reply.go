package ranking

import (
	"slices"

	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/sync/wire"
)

// answer tells what the record says, and how old it all is.
func (s *scratch) answer() *Answer {
	a := s.d.answer(&s.record.decision, s.versions(), s.now)
	a.Age.Consent = since(s.now, s.who.Grants.Confirmed)
	if s.request.Explain {
		s.d.explain(a, &s.record.decision, s.record.part, s.request)
	}
	s.ignore(a)
	return a
}

// ignore counts what the request said that nothing looked at, and names it where
// reasons are asked for.
func (s *scratch) ignore(a *Answer) {
	if !s.planned {
		return
	}
	for i := range s.request.Context {
		v := &s.request.Context[i]
		if v.Name == languageKey || !s.slot.Plan.Ignores(v) || s.slot.Book.Reads(v.Name) {
			continue
		}
		if a.IgnoredKeys++; s.request.Explain {
			a.Ignored = append(a.Ignored, v.Name)
		}
	}
}

// versions are those of the record, written out when the release was loaded.
func (s *scratch) versions() Versions {
	v := Versions{Release: s.active.ID, Rulebook: s.active.RulebookText}
	if s.scorer != nil {
		v.Module, v.Model = s.scorer.CodeText, s.scorer.ModelText
	}
	return v
}

// VersionsOf are those of a record.
func VersionsOf(v *wire.Versions) Versions {
	return Versions{v.GetReleaseId(), release.Text(v.GetModule()), release.Text(v.GetModel()), release.Text(v.GetRulebook())}
}

// answer makes of a record what was or is answered.
func (d *Decider) answer(rec *wire.Decision, v Versions, now int64) *Answer {
	a := &Answer{
		EventID: rec.EventId, Slot: rec.Slot, Degraded: DegradedOf(rec.Degraded), DegradedBy: DegradedByOf(rec.DegradedBy), Holdback: rec.Holdback, Versions: v,
		Items: []Item{}, Experiments: []Experiment{},
		Basis: Basis{PurposesUsed: append([]string{}, rec.PurposesUsed...), Withheld: []Withheld{}, ConsentVersion: rec.ConsentVersion},
	}
	for _, w := range rec.Withheld {
		a.Basis.Withheld = append(a.Basis.Withheld, Withheld{w.Field, w.Purpose, w.Why})
	}
	for _, arm := range rec.Arms {
		a.Experiments = append(a.Experiments, Experiment{arm.Experiment, arm.Arm})
	}
	a.Personalised = slices.ContainsFunc(rec.PurposesUsed, personalises) && !rec.Baseline && rec.Policy.GetKind() != string(explore.Uniform)
	if !rec.Holdback {
		a.Items = items(rec)
		a.Short = d.short(rec)
	}
	a.Age = d.age(rec, now)
	return a
}

// personalises tells whether a purpose is to choose for somebody by what is known of
// them.
func personalises(p string) bool {
	return p == string(wire.PersonalisedOffers) || p == string(wire.PersonalisedContent)
}

// short is how many items are missing of those that the slot requires.
func (d *Decider) short(rec *wire.Decision) int {
	if active := d.opt.Releases.Active(); active != nil {
		if slot := active.Slot(rec.Slot); slot != nil {
			return max(0, slot.Required-len(rec.Shown))
		}
	}
	return 0
}

func items(rec *wire.Decision) []Item {
	n := len(rec.Shown)
	all := make([]Item, n)
	prices, there := make([]Price, n), make([]Availability, n)
	means, _ := wire.View[float64](rec.Mean)
	for i, x := range rec.Shown {
		it := &all[i]
		it.ID, it.Rank, it.Probability, it.OfferID = rec.Items[i], i+1, x.Probability, x.Offer
		if i < len(means) {
			it.Score = means[i]
		}
		it.Actions = actions(rec, i)
		if x.Price == nil {
			continue
		}
		prices[i] = Price{Amount: x.Price.Amount, Currency: x.Price.Currency, TaxRate: x.TaxRate, Personalised: x.PricePersonal}
		prices[i].Lowest30d = x.Lowest30D
		if x.QuoteUntilMs > 0 {
			prices[i].QuoteUntil = rfc3339(x.QuoteUntilMs)
		}
		there[i] = Availability{OnHand: int64(x.OnHand), Fulfilment: ways(x)}
		if x.Hold != nil {
			there[i].HoldUntil = rfc3339(x.Hold.UntilMs)
		}
		it.Price, it.Availability = &prices[i], &there[i]
	}
	return all
}

func (d *Decider) age(rec *wire.Decision, now int64) Age {
	a := Age{Model: -1, Catalogue: since(now, d.opt.Catalogue.Changed()), Consent: -1, HubContact: since(now, d.opt.Contact())}
	if len(rec.Versions.GetModel()) > 0 {
		a.Model = Seconds(rec.AgeModelS)
	}
	return a
}

func since(now, then int64) Seconds {
	if then <= 0 {
		return -1
	}
	return Seconds(max(0, (now-then)/1000))
}
