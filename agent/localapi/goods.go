package localapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Item is what the catalogue says of one thing. It does not say what it cost.
type Item struct {
	ID           string            `json:"id"`
	Scheme       string            `json:"scheme" enum:"gtin,own"`
	Title        string            `json:"title"`
	Description  string            `json:"description,omitempty"`
	Brand        string            `json:"brand,omitempty"`
	Category     string            `json:"category,omitempty" doc:"Path with /"`
	Price        *Money            `json:"price,omitempty" doc:"Gross, before any offer"`
	TaxRate      float64           `json:"taxRate"`
	Status       string            `json:"status" enum:"active,hidden,discontinued"`
	Location     string            `json:"location,omitempty"`
	Image        string            `json:"image,omitempty"`
	URL          string            `json:"url,omitempty"`
	Attributes   map[string]string `json:"attributes,omitempty"`
	Availability Availability      `json:"availability"`
	Source       string            `json:"source,omitempty" enum:"local,hub"`
}

// Money is an amount in minor units.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Availability is what there is of an item now.
type Availability struct {
	OnHand     int64 `json:"onHand" doc:"Below zero where more was sold than counted"`
	Promisable int64 `json:"promisable" doc:"On hand, less what is held and kept safe; where it was not found, of what came since"`
	NotFound   bool  `json:"notFound,omitempty" doc:"An outcome said so, and nothing came or was counted since"`
}

// Count says how many there are of an item.
type Count struct {
	ItemID string     `json:"itemId" minLength:"1" maxLength:"256"`
	OnHand int64      `json:"onHand" minimum:"0" maximum:"2147483647"`
	AsOf   *time.Time `json:"asOf,omitempty" doc:"Movements after it stay applied; default: now"`
}

// Movement is a change of what is on hand.
type Movement struct {
	ID     string     `json:"id" minLength:"1" maxLength:"256" doc:"The same movement counts once"`
	ItemID string     `json:"itemId" minLength:"1" maxLength:"256"`
	Delta  int64      `json:"delta" minimum:"-2147483647" maximum:"2147483647" doc:"Below zero when something left"`
	At     *time.Time `json:"at,omitempty" doc:"Default: now"`
}

func (a *API) getItem(_ context.Context, in *PathID) (*answer[Item], error) {
	id := a.itemID(in.ID)
	it, err := a.Catalogue.Item(id)
	if err != nil {
		return nil, err
	}
	out := Item{
		ID: it.Id, Scheme: it.Scheme, Title: it.Title, Description: it.Description, Brand: it.Brand, Category: it.Category,
		TaxRate: it.TaxRate, Status: it.Status, Location: it.Location, Image: it.Image, URL: it.Url,
		Attributes: it.Attributes, Source: it.Source,
	}
	if p := it.Price; p != nil {
		out.Price = &Money{p.Amount, p.Currency}
	}
	if place, ok := a.Catalogue.Snapshot().Place(id); ok {
		out.Availability = Availability{a.Catalogue.OnHand(place), a.Catalogue.Promisable(place), a.Catalogue.Availability().Lost.Has(place)}
	}
	return &answer[Item]{out}, nil
}

// itemID is an id as the catalogue writes it: a till reads thirteen digits off a
// package of which the catalogue knows fourteen.
func (a *API) itemID(id string) string {
	if a.opt.Scheme == item.GTIN && !whole(id) {
		if full, err := item.ID(item.GTIN, id); err == nil {
			return full
		}
	}
	return id
}

// whole tells whether an id has the fourteen digits already.
func whole(id string) bool {
	if len(id) != 14 {
		return false
	}
	for i := range len(id) {
		if id[i] < '0' || id[i] > '9' {
			return false
		}
	}
	return true
}

// itemIDs makes the ids of a request those of the catalogue: of its actions, of what
// it excludes and of what is in the basket.
func (a *API) itemIDs(r *ranking.Request) {
	if a.opt.Scheme != item.GTIN {
		return
	}
	for i := range r.Actions {
		r.Actions[i].ID = a.itemID(r.Actions[i].ID)
	}
	for i, id := range r.ExcludedActions {
		r.ExcludedActions[i] = a.itemID(id)
	}
	r.ForItem = a.itemID(r.ForItem)
	for i := range r.Context {
		if v := &r.Context[i]; v.Name == "basket" {
			v.Text = a.itemID(v.Text)
			for k, id := range v.List {
				v.List[k] = a.itemID(id)
			}
		}
	}
}

func (a *API) putItems(w http.ResponseWriter, r *http.Request) {
	rows := legible(item.Items(r.Body, a.rowOptions(r)))
	a.bulk(w, r, func(ctx context.Context) (store.Report, error) { return a.Catalogue.PutItems(ctx, rows) })
}

func (a *API) putStock(w http.ResponseWriter, r *http.Request) {
	rows := legible(item.Stock(r.Body, a.rowOptions(r)))
	if mediaType(r) == jsonType {
		c := a.borrow()
		defer a.giveBack(c)
		var counts []Count
		if err := c.read(r, &counts); err != nil {
			a.refused(w, r, err)
			return
		}
		rows = each(counts, a.count)
	}
	a.bulk(w, r, func(ctx context.Context) (store.Report, error) { return a.Catalogue.PutStock(ctx, rows) })
}

func (a *API) postStock(w http.ResponseWriter, r *http.Request) {
	c := a.borrow()
	defer a.giveBack(c)
	var moves []Movement
	if err := c.read(r, &moves); err != nil {
		a.refused(w, r, err)
		return
	}
	a.bulk(w, r, func(ctx context.Context) (store.Report, error) { return a.Catalogue.Move(ctx, each(moves, a.movement)) })
}

func (a *API) count(c Count) *wire.StockCount {
	return &wire.StockCount{Item: a.itemID(c.ItemID), OnHand: c.OnHand, AsOfMs: millis(c.AsOf)}
}

func (a *API) movement(m Movement) *wire.StockMove {
	return &wire.StockMove{Id: m.ID, Item: a.itemID(m.ItemID), Delta: m.Delta, HappenedMs: millis(m.At)}
}

func millis(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.UnixMilli()
}

// putOffers makes rows the offers of a node that nobody else releases for. They
// are taken all, or none.
func (a *API) putOffers(w http.ResponseWriter, r *http.Request) {
	if a.Edit == nil {
		a.refused(w, r, refuse(managed, "this node is enrolled; change offers.csv in the release folder and propose it there"))
		return
	}
	c := a.borrow()
	defer a.giveBack(c)
	var err error
	if c.in, err = readBody(c.in[:0], http.MaxBytesReader(nil, r.Body, a.opt.Limits.Body)); err != nil {
		a.refused(w, r, unread(err))
		return
	}
	report, csv := offersCSV(c.in, a.rowOptions(r))
	if report.Refused > 0 {
		a.refused(w, r, refuse(rowsRefused, "offers are taken all or none; correct these and send all again", report.Faults...))
		return
	}
	if err := a.Edit("offers.csv", func([]byte) ([]byte, error) { return csv, nil }); err != nil {
		a.refused(w, r, refuse(invalid, err.Error()))
		return
	}
	writeJSON(w, http.StatusOK, report)
}

func (a *API) goodsRoutes(api huma.API) {
	handle(api, operation("GET", "/v1/items/{id}", "goods", "One item, and what there is of it", http.StatusOK), a.getItem)
	for _, one := range []struct {
		method, at, summary string
		in                  any
		handler             http.HandlerFunc
	}{
		{"PUT", "/v1/items", "Import items", nil, a.putItems},
		{"PUT", "/v1/stock", "Set counts as of a time; later movements stay applied", []Count{}, a.putStock},
		{"POST", "/v1/stock", "Record movements, each once", []Movement{}, a.postStock},
		{"PUT", "/v1/offers", "Replace the offers of a node of its own", nil, a.putOffers},
	} {
		byHand(api, operation(one.method, one.at, "goods", one.summary, http.StatusOK), one.in, Report{})
		a.mux.HandleFunc(one.method+" "+one.at, one.handler)
	}
}
