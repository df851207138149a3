package item

import (
	"errors"
	"io"
	"iter"
	"math"
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Offers yields the offers of r: kind items, category or brand; either price
// with currency or percent; status active, paused or draft (absent: active);
// pacing none or even (absent: none), stack yes or no (absent: no), cadence as
// [ParseCadence] reads it. The target of kind items is its ids in the scheme's
// form, each once, as [Targets] reads them; other kinds name one category or brand.
// An offer takes something off and leaves something of the price, so that a cell that
// was left at 0 or 100 does not give goods away. That a price is not below that of
// any item is for nobody to say who does not have the catalogue: such an offer runs
// and takes nothing off.
func Offers(r io.Reader, o Options) iter.Seq2[*wire.Offer, error] {
	seen := map[string]bool{}
	return read(r, o, offerColumns, func(f *fields) *wire.Offer {
		offer := buildOffer(f)
		if f.err == nil && seen[offer.Id] {
			f.fault("id", "is there twice; give each offer an id of its own")
		}
		seen[offer.Id] = true
		if f.err == nil && o.Offer != nil {
			f.check(o.Offer(offer))
		}
		return offer
	})
}

// check makes a fault of what somebody else found.
func (f *fields) check(err error) {
	var row *RowError
	switch {
	case errors.As(err, &row):
		f.fault(row.Column, row.Problem)
	case err != nil:
		f.fault("", err.Error())
	}
}

func buildOffer(f *fields) *wire.Offer {
	offer := &wire.Offer{
		Id: f.id("id", Own), Title: f.oneLine("title", maxTitle), Kind: f.oneOf("kind", "items", "category", "brand"),
		Slot: f.text("slot"), Price: f.price(),
		Percent:  f.decimal("percent", 100, "write 10 for 10 %"),
		StartsMs: f.at("starts"), EndsMs: f.at("ends"),
		Cadence: f.text("cadence"), Condition: f.text("condition"),
		Pacing: f.oneOf("pacing", "none", "even"), Stack: f.oneOf("stack", "no", "yes") == "yes",
		Status: f.oneOf("status", "active", "paused", "draft"),
	}
	offer.Target = f.target(offer.Kind)
	offer.Budget, offer.Budgeted = f.amount("budget")
	cap, _ := f.integer("per_person_cap", 1, math.MaxUint32, "; leave it empty for no cap, and pause an offer that nobody is to have")
	priority, _ := f.integer("priority", math.MinInt32, math.MaxInt32, "")
	offer.PerPersonCap, offer.Priority = uint32(cap), int32(priority)
	if _, err := ParseCadence(offer.Cadence); err != nil {
		f.fault("cadence", err.Error())
	}
	switch {
	case strings.Contains(offer.Id, listSeparator):
		f.fault("id", "holds a "+listSeparator+", which stands between the offers of one price; write another sign")
	case offer.Percent == 0 && f.text("percent") != "":
		f.fault("percent", "is nothing off; write a number above 0, or leave it empty and write a price")
	case offer.Percent >= 100:
		f.fault("percent", "gives the item away; write a number below 100")
	case (offer.Price == nil) == (offer.Percent == 0):
		f.fault("price", "and percent: write exactly one of them")
	case offer.Price != nil && offer.Price.Amount == 0:
		f.fault("price", "gives the item away; write a price above 0")
	case offer.EndsMs != 0 && offer.EndsMs <= offer.StartsMs:
		f.fault("ends", "is not after starts")
	case offer.Pacing == "even" && !offer.Budgeted:
		f.fault("pacing", "is of a budget; write one, or none")
	case offer.Pacing == "even" && (offer.StartsMs == 0 || offer.EndsMs == 0):
		f.fault("pacing", "even needs starts and ends, between which the budget is spread")
	}
	return offer
}

func (f *fields) target(kind string) string {
	if kind != "items" {
		target := f.oneLine("target", maxName)
		if kind == "category" {
			target = f.path("target")
		}
		switch {
		case target == "":
			f.fault("target", "is missing; name the "+kind)
		case strings.Contains(target, listSeparator):
			f.fault("target", "holds a "+listSeparator+", and an offer is for one "+kind+"; write an offer for each")
		}
		return target
	}
	ids := f.list("target")
	for i, s := range ids {
		id, err := ID(f.scheme, s)
		if err != nil {
			f.fault("target", err.Error())
		}
		if slices.Contains(ids[:i], id) {
			f.fault("target", "names an item twice; remove one")
		}
		ids[i] = id
	}
	if len(ids) == 0 {
		f.fault("target", "is missing; name the items, separated by "+listSeparator)
	}
	return strings.Join(ids, listSeparator)
}

// Targets are the ids that an offer of kind items names.
func Targets(o *wire.Offer) []string {
	if o.GetKind() != "items" || o.GetTarget() == "" {
		return nil
	}
	return strings.Split(o.Target, listSeparator)
}
