package localapi

import (
	"context"
	"encoding/hex"
	"iter"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Consent is what a person grants from now on.
type Consent struct {
	Purposes  []string  `json:"purposes" maxItems:"64" doc:"All that is granted from now on; an empty list takes everything back"`
	Objection bool      `json:"marketingObjection,omitempty" doc:"Denies offers, whatever is granted"`
	Version   uint64    `json:"version,omitempty" doc:"Above the known one; default: the next"`
	Evidence  *Evidence `json:"evidence,omitempty" doc:"Needed to grant more than before"`
}

// Evidence is what was shown to somebody who granted something, where and when.
type Evidence struct {
	Text  string     `json:"text" pattern:"^[0-9a-f]{64}$" patternDescription:"SHA-256 of the words shown, in hex"`
	Place string     `json:"place" minLength:"1" maxLength:"256"`
	At    *time.Time `json:"at,omitempty" doc:"Default: now"`
}

// ConsentKnown is what is known of a person's consent.
type ConsentKnown struct {
	Purposes    []string   `json:"purposes" doc:"What was granted"`
	InForce     []string   `json:"inForce" doc:"What of it counts now: not stale, not objected to"`
	Objection   bool       `json:"marketingObjection"`
	Version     uint64     `json:"version" doc:"0: this node knows of none"`
	Source      string     `json:"source,omitempty" enum:"local,hub"`
	ConfirmedAt *time.Time `json:"confirmedAt,omitempty" doc:"When its lease began"`
	Evidence    *Evidence  `json:"evidence,omitempty"`
}

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

func (a *API) person(id string) wire.Pseudonym { return wire.Pseudonymise(a.Secret, wire.Person, id) }

type putConsent struct {
	PathID
	Body Consent
}

func (a *API) putConsent(ctx context.Context, in *putConsent) (*answer[ConsentKnown], error) {
	who := a.person(in.ID)
	c := &wire.Consent{Pseudonym: who[:], Version: in.Body.Version, Purposes: in.Body.Purposes, MarketingObjection: in.Body.Objection}
	for _, p := range c.Purposes {
		if _, err := wire.ParsePurpose(p); err != nil {
			return nil, refuse(invalid, err.Error())
		}
	}
	if e := in.Body.Evidence; e != nil {
		text, err := hex.DecodeString(e.Text)
		if err != nil {
			return nil, refuse(consentEvidence, "text is the SHA-256 of the words shown, in hex")
		}
		c.Evidence = &wire.Evidence{Text: text, Place: e.Place}
		if e.At != nil {
			c.Evidence.AtMs = e.At.UnixMilli()
		}
	}
	if err := a.Consents.Set(ctx, c); err != nil {
		return nil, err
	}
	return a.getConsent(ctx, &in.PathID)
}

func (a *API) getConsent(_ context.Context, in *PathID) (*answer[ConsentKnown], error) {
	who := a.person(in.ID)
	c, err := a.Consents.Get(who)
	if err != nil {
		return nil, err
	}
	known, err := a.knownConsent(who, c)
	return &answer[ConsentKnown]{known}, err
}

func (a *API) knownConsent(who wire.Pseudonym, c *wire.Consent) (ConsentKnown, error) {
	terms, _ := a.consentTerms()
	grants, err := a.Consents.Read(consent.Request{Who: who, Terms: terms}, "", nil)
	known := ConsentKnown{Purposes: []string{}, InForce: []string{}}
	for _, p := range append(purposesOf(c), wire.DeviceStorage, wire.ProfileBuilding, wire.PersonalisedContent, wire.PersonalisedOffers, wire.Measurement) {
		if grants.Grants.Has(p) && !slices.Contains(known.InForce, string(p)) {
			known.InForce = append(known.InForce, string(p))
		}
	}
	if c == nil {
		return known, err
	}
	at := time.UnixMilli(c.ConfirmedMs).UTC()
	known.Purposes, known.Objection, known.Version = append(known.Purposes, c.Purposes...), c.MarketingObjection, c.Version
	known.Source, known.ConfirmedAt = c.Source, &at
	if e := c.Evidence; e != nil {
		shown := time.UnixMilli(e.AtMs).UTC()
		known.Evidence = &Evidence{hex.EncodeToString(e.Text), e.Place, &shown}
	}
	return known, err
}

func purposesOf(c *wire.Consent) (all []wire.Purpose) {
	for _, p := range c.GetPurposes() {
		all = append(all, wire.Purpose(p))
	}
	return all
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
		one := KnownField{Name: f.Name, Value: fieldValue(f.Value), SetAt: time.UnixMilli(f.SetAtMs).UTC()}
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

func fieldValue(v consent.Value) any {
	switch v.Kind {
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
	rows := a.persons(item.Profiles(r.Body, a.rowOptions(r)))
	a.bulk(w, r, func(ctx context.Context) (store.Report, error) { return a.Consents.Import(ctx, terms, declared, rows) })
}

// persons makes rows of a file those of the ledger.
func (a *API) persons(rows iter.Seq2[*item.Profile, error]) iter.Seq2[consent.Person, error] {
	return func(yield func(consent.Person, error) bool) {
		for row, err := range rows {
			var p consent.Person
			if err == nil {
				p = a.importedPerson(row)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func (a *API) importedPerson(row *item.Profile) consent.Person {
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
		p.Fields = append(p.Fields, textField(name, text))
	}
	return p
}

func textField(name, text string) consent.Field {
	return consent.Field{Name: name, Value: consent.Value{Kind: consent.Text, Text: text}}
}

func (a *API) personRoutes(api huma.API) {
	const one = "/v1/profiles/{id}"
	handle(api, operation("PUT", one+"/consent", "persons", "Set what a person grants; durable and in force with the answer", http.StatusOK), a.putConsent)
	handle(api, operation("GET", one+"/consent", "persons", "What a person grants", http.StatusOK), a.getConsent)
	handle(api, operation("GET", one, "persons", "All that is kept of a person, for that person", http.StatusOK), a.getProfile)
	byHand(api, operation("PUT", "/v1/profiles", "persons", "Import people, with their consent", http.StatusOK), nil, Report{})
	a.mux.HandleFunc("PUT /v1/profiles", a.putProfiles)
}
