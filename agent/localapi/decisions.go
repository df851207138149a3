package localapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/modules/rulebook"
)

// Decision is the record of a decision: what was asked, allowed, scored, drawn
// and answered.
type Decision struct {
	ID        string           `json:"id"`
	EventID   string           `json:"eventId"`
	At        time.Time        `json:"at" doc:"Node time"`
	Slot      string           `json:"slot"`
	Site      string           `json:"site"`
	Versions  ranking.Versions `json:"versions"`
	Counter   uint64           `json:"releaseCounter"`
	Catalogue string           `json:"catalogue" doc:"Version of the snapshot that fixes the order of the candidates, in hex"`

	Person         string             `json:"person,omitempty" doc:"Pseudonym, in hex"`
	Session        string             `json:"session,omitempty"`
	Basket         string             `json:"basket,omitempty"`
	PurposesUsed   []string           `json:"purposesUsed"`
	Withheld       []ranking.Withheld `json:"withheld"`
	ConsentVersion uint64             `json:"consentVersion"`

	Arms       []Arm  `json:"arms"`
	Policy     Policy `json:"policy"`
	Attempt    uint32 `json:"attempt" doc:"Grows when what was allowed moved before it could be held"`
	Seed       string `json:"seed" doc:"Of attempt and first position, in hex"`
	Degraded   string `json:"degraded"`
	DegradedBy string `json:"degradedBy,omitempty" doc:"Why: no_model, stale_model, deadline, busy or module"`
	Deferred   bool   `json:"deferred"`
	Activated  bool   `json:"activated" doc:"It was shown, and counts"`
	Holdback   bool   `json:"holdback"`
	Baseline   bool   `json:"baseline" doc:"No model scored"`
	Shadow     string `json:"shadow,omitempty" doc:"What an apprentice would have shown"`

	Candidates  uint32    `json:"candidates"`
	Allowed     int       `json:"allowed"`
	Removed     []Removal `json:"removed" doc:"By the rule that removed them"`
	Probability float64   `json:"probability" doc:"Of the whole slate: the product of the conditionals"`
	Shown       []Shown   `json:"shown"`
	Rows        []Row     `json:"rows" doc:"What was shown, then what else was weighed"`
	FrameShare  float64   `json:"frameShare" doc:"Probability with which all that was allowed is recorded"`
	FullFrame   bool      `json:"fullFrame"`
	Columns     string    `json:"columns,omitempty" doc:"Names the set of columns, in hex"`
	Context     Features  `json:"context"`
	Apart       bool      `json:"apart" doc:"What was known of the person is kept apart, sealed, for 72 hours"`
}

// Arm is an experiment's arm that the decision fell in.
type Arm struct {
	Experiment string  `json:"experiment"`
	Arm        string  `json:"arm"`
	Share      float64 `json:"share"`
}

// Policy is the one that was drawn from.
type Policy struct {
	Kind        string  `json:"kind"`
	Epsilon     float64 `json:"epsilon,omitempty"`
	Temperature float64 `json:"temperature,omitempty"`
	Gamma       float64 `json:"gamma,omitempty"`
	Alpha       float64 `json:"alpha,omitempty"`
	NoneFloor   float64 `json:"noneFloor,omitempty"`
	Contenders  uint32  `json:"contenders"`
}

// Removal counts the candidates that a rule removed.
type Removal struct {
	Rule  string `json:"rule"`
	Count uint32 `json:"count"`
}

// Shown is one position, and the promise that went with it.
type Shown struct {
	ID          string     `json:"id"`
	Probability float64    `json:"probability" doc:"Conditional on the positions above, and on the arm"`
	Feasible    uint32     `json:"feasible"`
	Pinned      bool       `json:"pinned,omitempty" doc:"Stood there before anything was drawn"`
	Price       *Money     `json:"price,omitempty"`
	Personal    bool       `json:"pricePersonalised,omitempty" doc:"Somebody of whom nothing is known would have been asked another price"`
	OnHand      int64      `json:"onHand"`
	OfferID     string     `json:"offerId,omitempty"`
	HoldUntil   *time.Time `json:"holdUntil,omitempty"`
	QuoteUntil  *time.Time `json:"quoteUntil,omitempty" doc:"A sale at this price is right until then, whatever the catalogue says"`
}

// Row is one candidate as it was scored.
type Row struct {
	ID        string   `json:"id" doc:"Empty: showing nothing"`
	Candidate uint32   `json:"candidate"`
	Mean      *float64 `json:"mean"`
	Variance  *float64 `json:"variance,omitempty"`
	Features  Features `json:"features"`
}

// Features are values in the order of the model's columns; null and 0 are missing.
type Features struct {
	Dense       []*float64 `json:"dense"`
	Categorical []uint32   `json:"categorical"`
}

// EventID is exported, or the router would pass it over where it is embedded.
type EventID struct {
	ID string `path:"eventId" minLength:"1" maxLength:"256"`
}

func (a *API) getDecision(_ context.Context, in *EventID) (*answer[Decision], error) {
	ev, rec, at, err := a.Events.Find(in.ID)
	if err != nil {
		return nil, err
	}
	d := recorded(rec)
	d.At, d.Activated = time.UnixMilli(at).UTC(), ev.Activated
	return &answer[Decision]{d}, nil
}

func (a *API) replay(_ context.Context, in *EventID) (*answer[ranking.Replayed], error) {
	r, err := a.Decider.Replay(in.ID)
	if err != nil {
		return nil, err
	}
	return &answer[ranking.Replayed]{*r}, nil
}

type eventAndItem struct {
	EventID
	Item string `path:"itemId" minLength:"1" maxLength:"256"`

	Language string `query:"language" maxLength:"256" doc:"Of the texts, as de-AT; default: those of the header, the slot's, English"`
	Accepted string `header:"Accept-Language" doc:"The preferred languages"`
}

func (a *API) whyNot(_ context.Context, in *eventAndItem) (*answer[ranking.WhyNot], error) {
	w, err := a.Decider.WhyNot(in.ID, a.itemID(in.Item), append(rulebook.Languages(in.Language), rulebook.Languages(in.Accepted)...)...)
	if err != nil {
		return nil, err
	}
	return &answer[ranking.WhyNot]{*w}, nil
}

func (a *API) activate(ctx context.Context, in *EventID) (*struct{}, error) {
	return nil, a.Decider.Activate(ctx, in.ID)
}

func (a *API) decisionRecordRoutes(api huma.API) {
	const one = "/v1/decisions/{eventId}"
	handle(api, operation("GET", one, "decisions", "The record of a decision", http.StatusOK), a.getDecision)
	handle(api, operation("POST", one+"/replay", "decisions", "Score and draw it again, and say whether the bits agree", http.StatusOK), a.replay)
	handle(api, operation("GET", one+"/why-not/{itemId}", "decisions", "What became of an item, and which rules stood against it", http.StatusOK), a.whyNot)
	handle(api, operation("POST", one+"/activate", "decisions", "Say that a deferred decision was shown", http.StatusNoContent), a.activate)
}
