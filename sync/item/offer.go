package item

import (
	"errors"
	"io"
	"iter"
	"math"
	"strings"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Offers yields the offers of r: kind items, category or brand; either price
// with currency or percent; status active, paused or draft (absent: active);
// pacing none or even (absent: none), stack yes or no (absent: no), cadence as
// [ParseCadence] reads it. The target of kind items is its ids in the scheme's
// form, as [Targets] reads them.
func Offers(r io.Reader, o Options) iter.Seq2[*wire.Offer, error] {
	return read(r, o, offerColumns, func(f *fields) *wire.Offer {
		offer := buildOffer(f)
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
		Id: f.id("id", Own), Title: f.text("title"), Kind: f.oneOf("kind", "items", "category", "brand"),
		Slot: f.text("slot"), Price: f.price(),
		Percent:  f.decimal("percent", 100, "write 10 for 10 %"),
		StartsMs: f.at("starts"), EndsMs: f.at("ends"),
		Cadence: f.text("cadence"), Condition: f.text("condition"),
		Pacing: f.oneOf("pacing", "none", "even"), Stack: f.oneOf("stack", "no", "yes") == "yes",
		Status: f.oneOf("status", "active", "paused", "draft"),
	}
	offer.Target = f.target(offer.Kind)
	offer.Budget, offer.Budgeted = f.amount("budget")
	cap, _ := f.integer("per_person_cap", 0, math.MaxUint32, "")
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
	case (offer.Price == nil) == (offer.Percent == 0):
		f.fault("price", "and percent: write exactly one of them")
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
		target := strings.Trim(f.text("target"), "/")
		if target == "" {
			f.fault("target", "is missing; name the "+kind)
		}
		return target
	}
	ids := f.list("target")
	for i, s := range ids {
		id, err := ID(f.scheme, s)
		if err != nil {
			f.fault("target", err.Error())
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
