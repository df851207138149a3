package item

import (
	"io"
	"iter"
	"math"
	"strings"

	"github.com/aisle-edge/aisle/sync/wire"
)

// Options say how a file of rows is to be read.
type Options struct {
	Format Format
	// Scheme of the catalogue: of rows that name none, and of the ids that stock
	// and offers refer to.
	Scheme Scheme
}

var (
	itemColumns = strings.Fields(`id scheme title description brand category price currency tax_rate cost stock
		safety_stock status location image url`)
	stockColumns = strings.Fields(`id on_hand as_of`)
	offerColumns = strings.Fields(`id title kind target slot price percent currency starts ends budget
		per_person_cap cadence priority condition status`)
	profileColumns = strings.Fields(`id purposes consent_at consent_version household`)
)

// Items yields the items of r; their status is active, hidden or discontinued
// (absent: active), their source is left empty.
func Items(r io.Reader, o Options) iter.Seq2[*wire.Item, error] {
	return read(r, o, nil, buildItem)
}

func buildItem(f *fields) *wire.Item {
	scheme := f.schemeOf()
	it := &wire.Item{
		Id: f.id("id", scheme), Scheme: string(scheme),
		Title: f.text("title"), Description: f.text("description"), Brand: f.text("brand"),
		Category: f.category(), Price: f.price(),
		TaxRate:  f.decimal("tax_rate", 1, "write 0.19 for 19 %"),
		Status:   f.oneOf("status", "active", "hidden", "discontinued"),
		Location: f.text("location"), Image: f.text("image"), Url: f.text("url"),
		Attributes: f.rest(itemColumns),
	}
	it.Cost, it.CostKnown = f.amount("cost")
	it.Stock, it.StockKnown = f.count("stock")
	it.SafetyStock, _ = f.integer("safety_stock", 0, math.MaxInt32, "")
	return it
}

// Stock yields absolute counts; as_of is 0 where the row names no time.
func Stock(r io.Reader, o Options) iter.Seq2[*wire.StockCount, error] {
	return read(r, o, stockColumns, func(f *fields) *wire.StockCount {
		n, ok := f.count("on_hand")
		if !ok {
			f.fault("on_hand", "is missing; write the count")
		}
		return &wire.StockCount{Item: f.id("id", f.scheme), OnHand: n, AsOfMs: f.at("as_of")}
	})
}

// Offers yields the offers of r: kind items, category or brand; either price
// with currency or percent; status active, paused or draft (absent: active).
// The target of kind items is its ids in the scheme's form, as [Targets] reads
// them.
func Offers(r io.Reader, o Options) iter.Seq2[*wire.Offer, error] {
	return read(r, o, offerColumns, buildOffer)
}

func buildOffer(f *fields) *wire.Offer {
	offer := &wire.Offer{
		Id: f.id("id", Own), Title: f.text("title"), Kind: f.oneOf("kind", "items", "category", "brand"),
		Slot: f.text("slot"), Price: f.price(),
		Percent:  f.decimal("percent", 100, "write 10 for 10 %"),
		StartsMs: f.at("starts"), EndsMs: f.at("ends"),
		Cadence: f.text("cadence"), Condition: f.text("condition"),
		Status: f.oneOf("status", "active", "paused", "draft"),
	}
	offer.Target = f.target(offer.Kind)
	offer.Budget, _ = f.amount("budget")
	cap, _ := f.integer("per_person_cap", 0, math.MaxUint32, "")
	priority, _ := f.integer("priority", math.MinInt32, math.MaxInt32, "")
	offer.PerPersonCap, offer.Priority = uint32(cap), int32(priority)
	switch {
	case (offer.Price == nil) == (offer.Percent == 0):
		f.fault("price", "and percent: write exactly one of them")
	case offer.EndsMs != 0 && offer.EndsMs <= offer.StartsMs:
		f.fault("ends", "is not after starts")
	}
	return offer
}

func (f *fields) target(kind string) string {
	if kind != "items" {
		if f.text("target") == "" {
			f.fault("target", "is missing; name the "+kind)
		}
		return strings.Trim(f.text("target"), "/")
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

// Profile is one imported person. The fields are as written; which of them there
// may be, of what type and for what purpose, is the reader's schema.
type Profile struct {
	ID             string
	Purposes       []wire.Purpose // granted; none: nothing is granted
	ConsentAtMs    int64
	ConsentVersion uint64 // 0: the row says nothing of consent
	Household      string
	Fields         map[string]string
}

// Profiles yields the people of r. A row that names purposes states the consent
// they come from: consent_at and a consent_version from 1.
func Profiles(r io.Reader, o Options) iter.Seq2[*Profile, error] {
	return read(r, o, nil, func(f *fields) *Profile {
		version, _ := f.integer("consent_version", 1, math.MaxInt64, "")
		p := &Profile{
			ID: f.id("id", Own), Purposes: f.purposes(), ConsentAtMs: f.at("consent_at"), ConsentVersion: uint64(version),
			Household: f.text("household"), Fields: f.rest(profileColumns),
		}
		if len(p.Purposes) > 0 && (p.ConsentAtMs == 0 || version == 0) {
			f.fault("purposes", "come with consent_at and consent_version")
		}
		return p
	})
}

func (f *fields) purposes() []wire.Purpose {
	var list []wire.Purpose
	for _, s := range f.list("purposes") {
		p, err := wire.ParsePurpose(s)
		if err != nil {
			f.fault("purposes", "names an unknown purpose; separate them by "+listSeparator)
		}
		list = append(list, p)
	}
	return list
}
