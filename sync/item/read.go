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
	// Offer, if any, says what is wrong with an offer that this package can't know.
	// A *RowError of it needs no line.
	Offer func(*wire.Offer) error
}

var (
	itemColumns = strings.Fields(`id scheme title description brand category price currency tax_rate cost stock
		safety_stock status location image url`)
	stockColumns = strings.Fields(`id on_hand as_of`)
	offerColumns = strings.Fields(`id title kind target slot price percent currency starts ends budget
		pacing per_person_cap cadence priority stack condition status`)
	escrowColumns  = strings.Fields(`offer site agent amount`)
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
		Title: f.oneLine("title", maxTitle), Description: f.short("description", f.text("description"), maxDescription),
		Brand: f.oneLine("brand", maxName), Category: f.path("category"), Price: f.price(),
		TaxRate:  f.decimal("tax_rate", 1, "write 0.19 for 19 %"),
		Status:   f.oneOf("status", "active", "hidden", "discontinued"),
		Location: f.oneLine("location", maxName), Image: f.oneLine("image", maxAddress), Url: f.oneLine("url", maxAddress),
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
