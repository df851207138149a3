package localapi

import (
	"context"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/erasure"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Consent is what a person grants from now on.
type Consent struct {
	Purposes  []string  `json:"purposes" maxItems:"64" doc:"All that is granted from now on; an empty list takes everything back"`
	Objection bool      `json:"marketingObjection,omitempty" doc:"Denies offers, whatever is granted"`
	Version   uint64    `json:"version,omitempty" maximum:"9007199254740991" doc:"Above the known one; default: the next"`
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

// deleteProfile waits less than the server would, to say how it stands.
func (a *API) deleteProfile(ctx context.Context, in *PathID) (*answer[erasure.Receipt], error) {
	ctx, cancel := context.WithTimeout(ctx, eraseWithin)
	defer cancel()
	receipt, err := a.Erase(ctx, a.person(in.ID))
	return &answer[erasure.Receipt]{receipt}, err
}

const eraseWithin = 50 * time.Second

func (a *API) personRoutes(api huma.API) {
	const one = "/v1/profiles/{id}"
	put := operation("PUT", one+"/consent", "persons", "Set what a person grants; durable and in force with the answer", http.StatusOK)
	put.MaxBodyBytes = a.opt.Limits.Body // or the router takes the guard's refusal for a fault of ours
	handle(api, put, a.putConsent)
	handle(api, operation("GET", one+"/consent", "persons", "What a person grants", http.StatusOK), a.getConsent)
	handle(api, operation("GET", one, "persons", "All that is kept of a person, for that person", http.StatusOK), a.getProfile)
	handle(api, operation("DELETE", one, "persons", "Erase a person; answered when nothing of them can be read on this node", http.StatusOK), a.deleteProfile)
	byHand(api, operation("PUT", "/v1/profiles", "persons", "Import people, with their consent", http.StatusOK), nil, Report{})
	a.mux.HandleFunc("PUT /v1/profiles", a.putProfiles)
}
