package localapi

import (
	"context"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Known is all that a node keeps of a person.
type Known struct {
	Consent ConsentKnown   `json:"consent"`
	Fields  []KnownField   `json:"fields"`
	History []KnownHistory `json:"history" doc:"What they were shown and did, as far as it is remembered"`
}

// KnownField is one thing known about a person.
type KnownField struct {
	Name    string    `json:"name"`
	Value   any       `json:"value"`
	SetAt   time.Time `json:"setAt"`
	Purpose string    `json:"purpose,omitempty" doc:"What it may be read for; empty: for nothing any more"`
}

// KnownHistory is something a person was shown or did.
type KnownHistory struct {
	At   time.Time `json:"at"`
	Type string    `json:"type" doc:"shown, or the type of an outcome"`
	Item string    `json:"itemId,omitempty" doc:"Empty: of an item that the catalogue does not know any more"`
	Slot string    `json:"slot,omitempty"`
}

// getProfile answers a person who asks what is kept of them.
func (a *API) getProfile(_ context.Context, in *PathID) (*answer[Known], error) {
	who := a.person(in.ID)
	c, fields, err := a.Consents.Held(who)
	if err != nil {
		return nil, err
	}
	known := Known{Fields: []KnownField{}, History: []KnownHistory{}}
	if known.Consent, err = a.knownConsent(who, c); err != nil {
		return nil, err
	}
	_, declared := a.consentTerms()
	for _, f := range fields {
		one := KnownField{Name: f.Name, Value: a.fieldValue(f.Value), SetAt: time.UnixMilli(f.SetAtMs).UTC()}
		if i := slices.IndexFunc(declared, func(d consent.Declared) bool { return d.Name == f.Name }); i >= 0 {
			one.Purpose = string(declared[i].Purpose)
		}
		known.Fields = append(known.Fields, one)
	}
	var history []attribution.Entry
	err = a.Store.View(func(v *store.View) error {
		history = a.Events.History(nil, v, wire.Person, who)
		return nil
	})
	for _, e := range history {
		known.History = append(known.History, a.knownEntry(e))
	}
	return &answer[Known]{known}, err
}

// KnownPurchase is how a person bought an item.
type KnownPurchase struct {
	Item  string `json:"itemId,omitempty" doc:"Empty: an item that the catalogue does not know any more"`
	Day   string `json:"day" doc:"The last, in UTC"`
	Times int    `json:"times"`
	Price int64  `json:"price,omitempty" doc:"Usual, of one, in minor units; 0: not known"`
}

func (a *API) knownPurchases(history []consent.Purchase) []KnownPurchase {
	all := []KnownPurchase{}
	goods := a.Catalogue.Snapshot()
	for _, p := range history {
		one := KnownPurchase{Day: consent.Day(p.Day).String(), Times: int(p.Times), Price: int64(p.Price)}
		if place, ok := goods.PlaceOf(p.Item); ok {
			one.Item = goods.ID(place)
		}
		all = append(all, one)
	}
	return all
}

func (a *API) knownEntry(e attribution.Entry) KnownHistory {
	h := KnownHistory{At: time.UnixMilli(e.At).UTC(), Type: "shown"}
	if e.Type != attribution.Shown {
		h.Type = attribution.TypeName(e.Type)
	}
	goods := a.Catalogue.Snapshot()
	if place, ok := goods.PlaceOf(e.Item); ok {
		h.Item = goods.ID(place)
	}
	if r := a.Releases.Active(); r != nil {
		i := slices.IndexFunc(r.Rulebook.Slots, func(s rulebook.Slot) bool { return attribution.SlotKey(s.ID) == e.Slot })
		if i >= 0 {
			h.Slot = r.Rulebook.Slots[i].ID
		}
	}
	return h
}

func (a *API) fieldValue(v consent.Value) any {
	switch v.Kind {
	case consent.History:
		return a.knownPurchases(v.History)
	case consent.Number:
		return v.Number
	case consent.List:
		return v.List
	}
	return v.Text
}

// putProfiles answers PUT /v1/profiles with what became of each row.
func (a *API) putProfiles(w http.ResponseWriter, r *http.Request) {
	terms, declared := a.consentTerms()
	if a.Releases.Active() == nil {
		a.refused(w, r, refuse("no-release", "which fields there may be is said by features.yaml; wait for the first release, and send them again"))
		return
	}
	rows := a.persons(legible(item.Profiles(r.Body, a.rowOptions(r))))
	a.bulk(w, r, func(ctx context.Context) (store.Report, error) { return a.Consents.Import(ctx, terms, declared, rows) })
}

// persons makes rows of a file those of the ledger.
func (a *API) persons(rows iter.Seq2[*item.Profile, error]) iter.Seq2[consent.Person, error] {
	return func(yield func(consent.Person, error) bool) {
		for row, err := range rows {
			var p consent.Person
			if err == nil {
				p, err = a.importedPerson(row)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func (a *API) importedPerson(row *item.Profile) (consent.Person, error) {
	p := consent.Person{Who: a.person(row.ID)}
	if row.ConsentVersion > 0 {
		p.Consent = &wire.Consent{Version: row.ConsentVersion, ConfirmedMs: row.ConsentAtMs}
		for _, purpose := range row.Purposes {
			p.Consent.Purposes = append(p.Consent.Purposes, string(purpose))
		}
	}
	if row.Household != "" {
		p.Fields = append(p.Fields, textField("household", row.Household))
	}
	for name, text := range row.Fields {
		field := importedField(name, text)
		if name == rulebook.Purchases {
			history, err := consent.ParseHistory(text, a.itemID)
			if err != nil {
				return p, &item.RowError{Column: name, Problem: err.Error()}
			}
			field.Value = consent.Value{Kind: consent.History, History: history}
		}
		p.Fields = append(p.Fields, field)
	}
	return p, nil
}

// importedField is a list where bars part words, as a file writes one, else a text.
func importedField(name, text string) consent.Field {
	if !strings.Contains(text, "|") {
		return textField(name, text)
	}
	list := []string{}
	for word := range strings.SplitSeq(text, "|") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return consent.Field{Name: name, Value: consent.Value{Kind: consent.List, List: list}}
}

func textField(name, text string) consent.Field {
	return consent.Field{Name: name, Value: consent.Value{Kind: consent.Text, Text: text}}
}
