package localapi

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/wire"
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

	Arms      []Arm  `json:"arms"`
	Policy    Policy `json:"policy"`
	Attempt   uint32 `json:"attempt" doc:"Grows when what was allowed moved before it could be held"`
	Seed      string `json:"seed" doc:"Of attempt and first position, in hex"`
	Degraded  string `json:"degraded"`
	Deferred  bool   `json:"deferred"`
	Activated bool   `json:"activated" doc:"It was shown, and counts"`
	Holdback  bool   `json:"holdback"`
	Baseline  bool   `json:"baseline" doc:"No model scored"`
	Shadow    string `json:"shadow,omitempty" doc:"What an apprentice would have shown"`

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
	Price       *Money     `json:"price,omitempty"`
	OnHand      int64      `json:"onHand"`
	OfferID     string     `json:"offerId,omitempty"`
	HoldUntil   *time.Time `json:"holdUntil,omitempty"`
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

type eventID struct {
	ID string `path:"eventId" minLength:"1" maxLength:"256"`
}

func (a *API) getDecision(_ context.Context, in *eventID) (*answer[Decision], error) {
	ev, rec, at, err := a.Events.Find(in.ID)
	if err != nil {
		return nil, err
	}
	d := recorded(rec)
	d.At, d.Activated = time.UnixMilli(at).UTC(), ev.Activated
	return &answer[Decision]{d}, nil
}

// recorded makes a record readable.
func recorded(rec *wire.Decision) Decision {
	d := Decision{
		ID: idText(rec.Id), EventID: rec.EventId, Slot: rec.Slot, Site: rec.Site, Counter: rec.Versions.GetRelease(),
		Versions:  versionsOf(rec.Versions),
		Catalogue: strconv.FormatUint(rec.Catalogue, 16), Seed: strconv.FormatUint(rec.Seed, 16),
		Person: hex.EncodeToString(rec.Pseudonym), Session: hex.EncodeToString(rec.Session), Basket: hex.EncodeToString(rec.Basket),
		PurposesUsed: append([]string{}, rec.PurposesUsed...), Withheld: []ranking.Withheld{}, ConsentVersion: rec.ConsentVersion,
		Arms: []Arm{}, Removed: []Removal{}, Attempt: rec.Attempt, Degraded: degradedName(rec.Degraded),
		Deferred: rec.Deferred, Holdback: rec.Holdback, Baseline: rec.Baseline, Shadow: rec.Shadow,
		Candidates: rec.Candidates, Allowed: countBits(rec.Allowed), FrameShare: float64(rec.FrameShare), FullFrame: rec.FullFrame,
		Columns: hex.EncodeToString(rec.Features.GetColumns()), Apart: len(rec.Context) > 0,
	}
	p := rec.Policy
	d.Policy = Policy{p.GetKind(), p.GetEpsilon(), p.GetTemperature(), p.GetGamma(), p.GetNoneFloor(), p.GetContenders()}
	for _, w := range rec.Withheld {
		d.Withheld = append(d.Withheld, ranking.Withheld{Field: w.Field, Purpose: w.Purpose, Why: w.Why})
	}
	for _, arm := range rec.Arms {
		d.Arms = append(d.Arms, Arm{arm.Experiment, arm.Arm, arm.Share})
	}
	for _, r := range rec.Removed {
		d.Removed = append(d.Removed, Removal{r.Rule, r.Count})
	}
	d.Shown, d.Probability = shownOf(rec)
	d.Rows, d.Context = rowsOf(rec)
	return d
}

// idText writes a UUID as people do.
func idText(id []byte) string {
	if len(id) != 16 {
		return hex.EncodeToString(id)
	}
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

func versionsOf(v *wire.Versions) ranking.Versions {
	return ranking.Versions{Release: v.GetReleaseId(), Module: Digest(v.GetModule()), Model: Digest(v.GetModel()), Rulebook: Digest(v.GetRulebook())}
}

// Digest is a digest as the API writes it; "" for none.
func Digest(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	return "sha256:" + hex.EncodeToString(b)
}

func degradedName(d wire.Degraded) string {
	switch d {
	case wire.Degraded_DEGRADED_SHORTLIST:
		return string(ranking.Shortlist)
	case wire.Degraded_DEGRADED_BASELINE:
		return string(ranking.Baseline)
	}
	return string(ranking.NotDegraded)
}

func countBits(b []byte) (n int) {
	for _, x := range b {
		for ; x != 0; x &= x - 1 {
			n++
		}
	}
	return n
}

func shownOf(rec *wire.Decision) (all []Shown, product float64) {
	all, product = []Shown{}, 1
	for i, s := range rec.Shown {
		one := Shown{Probability: s.Probability, Feasible: s.Feasible, OnHand: int64(s.OnHand), OfferID: s.Offer}
		if i < len(rec.Items) {
			one.ID = rec.Items[i]
		}
		if s.Price != nil {
			one.Price = &Money{s.Price.Amount, s.Price.Currency}
		}
		if s.Hold != nil {
			until := time.UnixMilli(s.Hold.UntilMs).UTC()
			one.HoldUntil = &until
		}
		product *= s.Probability
		all = append(all, one)
	}
	return all, product
}

// rowsOf takes the rows apart. A record whose vectors do not fit each other gives
// the rows without them.
func rowsOf(rec *wire.Decision) (all []Row, shared Features) {
	f := rec.Features
	dense, _ := wire.View[float32](f.GetDense())
	categorical, _ := wire.View[uint32](f.GetCategorical())
	means, _ := wire.View[float64](rec.Mean)
	variances, _ := wire.View[float64](rec.Variance)
	candidates, _ := wire.View[uint32](rec.Candidate)
	n := len(rec.Items)
	all = make([]Row, n)
	for i := range all {
		all[i] = Row{ID: rec.Items[i], Features: Features{[]*float64{}, []uint32{}}}
		if len(candidates) == n {
			all[i].Candidate = candidates[i]
		}
		if len(means) == n {
			all[i].Mean = finite(means[i])
		}
		if len(variances) == n {
			all[i].Variance = finite(variances[i])
		}
		all[i].Features = Features{floats(part(dense, i, n)), append([]uint32{}, part(categorical, i, n)...)}
	}
	contextDense, _ := wire.View[float32](f.GetContextDense())
	contextCategorical, _ := wire.View[uint32](f.GetContextCategorical())
	return all, Features{floats(contextDense), append([]uint32{}, contextCategorical...)}
}

// part is row i of n rows that lie one after the other.
func part[T any](all []T, i, n int) []T {
	width := len(all) / n
	return all[i*width : (i+1)*width]
}

func floats(all []float32) []*float64 {
	out := make([]*float64, len(all))
	for i, x := range all {
		out[i] = finite(float64(x))
	}
	return out
}

func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func (a *API) replay(_ context.Context, in *eventID) (*answer[ranking.Replayed], error) {
	r, err := a.Decider.Replay(in.ID)
	if err != nil {
		return nil, err
	}
	return &answer[ranking.Replayed]{*r}, nil
}

func (a *API) activate(ctx context.Context, in *eventID) (*struct{}, error) {
	return nil, a.Decider.Activate(ctx, in.ID)
}

func (a *API) decisionRecordRoutes(api huma.API) {
	const one = "/v1/decisions/{eventId}"
	handle(api, operation("GET", one, "decisions", "The record of a decision", http.StatusOK), a.getDecision)
	handle(api, operation("POST", one+"/replay", "decisions", "Score and draw it again, and say whether the bits agree", http.StatusOK), a.replay)
	handle(api, operation("POST", one+"/activate", "decisions", "Say that a deferred decision was shown", http.StatusNoContent), a.activate)
}
