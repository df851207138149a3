package localapi

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// Personalizer says how the endpoints answer that take the place of Azure AI
// Personalizer's.
type Personalizer struct {
	Slot string // that ranks; default personalizer. Its source is actions, its baseline their order
	Key  string // that Ocp-Apim-Subscription-Key must be; empty: any, as everywhere on loopback
}

// versions are the paths that the two official clients call.
var versions = []string{"v1.0", "v1.1-preview.3"}

// rankRequest is the body of POST rank.
type rankRequest struct {
	ContextFeatures []json.RawMessage `json:"contextFeatures,omitempty"`
	Actions         []rankableAction  `json:"actions"`
	ExcludedActions []string          `json:"excludedActions,omitempty"`
	EventID         string            `json:"eventId,omitempty"`
	DeferActivation bool              `json:"deferActivation,omitempty"`
}

type rankableAction struct {
	ID       string            `json:"id"`
	Features []json.RawMessage `json:"features,omitempty"`
}

// rankResponse is its answer: the action to show first, then the others.
type rankResponse struct {
	Ranking        []rankedAction `json:"ranking"`
	EventID        string         `json:"eventId"`
	RewardActionID string         `json:"rewardActionId"`
}

type rankedAction struct {
	ID          string  `json:"id"`
	Probability float64 `json:"probability"`
}

// rewardRequest is the body of POST events/{id}/reward.
type rewardRequest struct {
	Value *float64 `json:"value"`
}

func (a *API) personalizerRoutes(api huma.API) {
	for _, version := range versions {
		for _, one := range []struct {
			method, at, summary string
			status              int
			in, out             any
			handler             func(http.ResponseWriter, *http.Request) error
		}{
			{"POST", "/rank", "Choose one of the actions", http.StatusCreated, rankRequest{}, rankResponse{}, a.rank},
			{"POST", "/events/{id}/activate", "Say that a deferred action was shown", http.StatusNoContent, nil, nil, a.activateEvent},
			{"POST", "/events/{id}/reward", "Say what came of it, from -1 to 1", http.StatusNoContent, rewardRequest{}, nil, a.reward},
			{"POST", "/multislot/rank", "Choose one of the actions for each slot", http.StatusCreated, multiRankRequest{}, multiRankResponse{}, a.multiRank},
			{"POST", "/multislot/events/{id}/activate", "Say that deferred actions were shown", http.StatusNoContent, nil, nil, a.activateEvent},
			{"POST", "/multislot/events/{id}/reward", "Say what came of each slot, from -1 to 1", http.StatusNoContent, multiRewardRequest{}, nil, a.multiReward},
			{"GET", "/configurations/service", "The slot, in Personalizer's words", http.StatusOK, nil, serviceConfiguration{}, a.getService},
			{"PUT", "/configurations/service", "Change the slot of a node of its own", http.StatusOK, serviceConfiguration{}, serviceConfiguration{}, a.putService},
		} {
			op := operation(one.method, personalizerPath+version+one.at, "personalizer", one.summary, one.status)
			op.Parameters = []*huma.Param{{Name: keyHeader, In: "header", Schema: &huma.Schema{Type: huma.TypeString}}}
			if strings.Contains(one.at, "{id}") {
				op.Parameters = append(op.Parameters, &huma.Param{Name: "id", In: "path", Required: true, Description: "Event id", Schema: &huma.Schema{Type: huma.TypeString}})
			}
			byHand(api, op, one.in, one.out)
			op.Responses["default"] = &huma.Response{
				Description: "An error as Personalizer's clients read it",
				Content:     jsonContent(api, azureError{}, ""),
			}
			a.mux.HandleFunc(one.method+" "+op.Path, a.keyed(one.handler))
		}
	}
}

const keyHeader = "Ocp-Apim-Subscription-Key"

// keyed lets a request through that brings the key.
func (a *API) keyed(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := a.opt.Personalizer.Key
		err := error(nil)
		if key != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get(keyHeader)), []byte(key)) == 0 {
			err = refuse(wrongKey, "send the key of personalizer.key in "+keyHeader)
		} else {
			err = h(w, r)
		}
		if err != nil {
			a.refused(w, r, err)
		}
	}
}

func (a *API) rank(w http.ResponseWriter, r *http.Request) error {
	var in rankRequest
	if err := readLoosely(r, &in); err != nil {
		return err
	}
	request, err := in.request(a.opt.Personalizer.Slot)
	if err != nil {
		return err
	}
	if d := a.bounds(request); d != nil {
		return d
	}
	request.Consent.GPC = r.Header.Get(gpcHeader) == "1"
	answer, err := a.Decider.Decide(r.Context(), request)
	if err != nil {
		return err
	}
	if len(answer.Items) == 0 {
		return refuse(string(ranking.NoActions), "the rules of the slot leave none of these actions")
	}
	a.metrics.decided(answer)
	writeJSON(w, http.StatusCreated, rankResponse{
		Ranking: a.ranked(answer, request), EventID: answer.EventID, RewardActionID: answer.Items[0].ID,
	})
	return nil
}

// readLoosely reads a body as Personalizer did: what it does not know it passes
// over.
func readLoosely(r *http.Request, into any) error {
	b, err := readBody(nil, r.Body)
	if err != nil {
		return unread(err)
	}
	if !utf8.Valid(b) || !shallow(b) {
		return refuse(malformed, "it is not UTF-8, or nests too deeply")
	}
	if err := json.Unmarshal(b, into); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return refuse(invalid, "a value is of the wrong kind", Fault{Path: kind.Field, Problem: "must be " + kindName(kind.Type.String())})
		}
		return refuse(malformed, "send one well-formed JSON value")
	}
	return nil
}

// request is a rank request as one for a decision about one item.
func (in *rankRequest) request(slot string) (*ranking.Request, error) {
	if len(in.Actions) == 0 {
		return nil, refuse(string(ranking.NoActions), "send at least one action")
	}
	out := &ranking.Request{
		EventID: in.EventID, Slot: slot, ExcludedActions: in.ExcludedActions, Count: 1, DeferActivation: in.DeferActivation,
	}
	var err error
	if out.Context, err = flatten(in.ContextFeatures); err != nil {
		return nil, err
	}
	for _, one := range in.Actions {
		values, err := flatten(one.Features)
		if err != nil {
			return nil, err
		}
		out.Actions = append(out.Actions, ranking.Action{ID: one.ID, Features: values})
	}
	return out, nil
}

// reward answers POST events/{id}/reward. A client that did not hear the answer
// sends the same request id again, and is counted once.
func (a *API) reward(w http.ResponseWriter, r *http.Request) error {
	var in rewardRequest
	if err := readLoosely(r, &in); err != nil {
		return err
	}
	if !rewardable(in.Value) {
		return refuse(invalid, "value must be a number from -1 to 1")
	}
	return a.tellRewards(w, r, []attribution.Outcome{a.rewardOf(r.PathValue("id"), requestID(r), *in.Value)})
}

func rewardable(value *float64) bool { return value != nil && *value >= -1 && *value <= 1 }

// requestID is what a client calls its request, also when it sends it again.
func requestID(r *http.Request) string {
	if id := r.Header.Get("X-Ms-Client-Request-Id"); id != "" && len(id) <= 64 {
		return id
	}
	return rand.Text()
}

// rewardOf is a reward for what an event showed first.
func (a *API) rewardOf(event, request string, value float64) attribution.Outcome {
	o := attribution.Outcome{ID: "reward:" + attributionKey(event) + ":" + request, EventID: event, Type: "reward", Value: value}
	if _, rec, _, err := a.Events.Find(event); err == nil && len(rec.Items) > 0 {
		o.ItemID = rec.Items[0]
	}
	return o
}

func (a *API) tellRewards(w http.ResponseWriter, r *http.Request, rewards []attribution.Outcome) error {
	report, err := a.Decider.Tell(r.Context(), rewards)
	a.metrics.told(&report)
	if err != nil {
		return err
	}
	if len(report.Rejected) > 0 {
		return refuse(invalid, report.Rejected[0].Detail)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// attributionKey is an event id, short.
func attributionKey(event string) string {
	k := attribution.KeyOf(event)
	return fmt.Sprintf("%x", k[:])
}

func (a *API) activateEvent(w http.ResponseWriter, r *http.Request) error {
	if err := a.Decider.Activate(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
