package localapi

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/features"
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

// azureError is an error as Personalizer's clients read it.
type azureError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// writeAzure answers with a problem in Personalizer's form, and its codes.
func writeAzure(w http.ResponseWriter, r *http.Request, d *Details) {
	var e azureError
	e.Error.Code, e.Error.Message = azureCode(r.URL.Path, d), d.Title+": "+d.Detail
	for _, one := range d.Faults {
		e.Error.Message += "; " + strings.TrimSpace(one.Path+" "+one.Problem)
	}
	status := d.Status
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	writeJSON(w, status, e)
}

func azureCode(path string, d *Details) string {
	switch {
	case d.Type == Base+wrongKey:
		return "401"
	case d.Type == Base+managed:
		return "OperationNotAllowed"
	case d.Status >= http.StatusInternalServerError:
		return "InternalServerError"
	case d.Type == Base+notFound || d.Type == Base+string(ranking.UnknownSlot):
		return "ResourceNotFound"
	case strings.HasSuffix(path, "/rank"):
		return "InvalidRankRequest"
	case strings.HasSuffix(path, "/reward"):
		return "InvalidRewardRequest"
	case strings.HasSuffix(path, "/activate"):
		return "InvalidEventIdToActivate"
	case strings.HasSuffix(path, "/configurations/service"):
		return "InvalidServiceConfiguration"
	}
	return "BadRequest"
}

// rankRequest is the body of POST rank.
type rankRequest struct {
	ContextFeatures []json.RawMessage `json:"contextFeatures"`
	Actions         []rankableAction  `json:"actions"`
	ExcludedActions []string          `json:"excludedActions"`
	EventID         string            `json:"eventId"`
	DeferActivation bool              `json:"deferActivation"`
}

type rankableAction struct {
	ID       string            `json:"id"`
	Features []json.RawMessage `json:"features"`
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

func (a *API) personalizerRoutes() {
	for _, version := range versions {
		at := personalizerPath + version
		a.mux.HandleFunc("POST "+at+"/rank", a.keyed(a.rank))
		a.mux.HandleFunc("POST "+at+"/events/{id}/activate", a.keyed(a.activateEvent))
		a.mux.HandleFunc("POST "+at+"/events/{id}/reward", a.keyed(a.reward))
		a.mux.HandleFunc("GET "+at+"/configurations/service", a.keyed(a.getService))
		a.mux.HandleFunc("PUT "+at+"/configurations/service", a.keyed(a.putService))
	}
}

// keyed lets a request through that brings the key.
func (a *API) keyed(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		key := a.opt.Personalizer.Key
		err := error(nil)
		if key != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get("Ocp-Apim-Subscription-Key")), []byte(key)) == 0 {
			err = refuse(wrongKey, "send the key of personalizer.key in Ocp-Apim-Subscription-Key")
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
	request.Consent.GPC = r.Header.Get("Sec-GPC") == "1"
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

// maxFeatures bounds what one list of features may come to, flattened.
const maxFeatures = 256

// flatten makes values of nested features: {"user":{"age":3}} is user.age.
func flatten(all []json.RawMessage) (values features.Values, err error) {
	for _, raw := range all {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var one any
		if err := d.Decode(&one); err != nil {
			return nil, refuse(malformed, "send one well-formed JSON value")
		}
		if _, ok := one.(map[string]any); !ok && one != nil {
			return nil, refuse(invalid, "features are a list of objects")
		}
		values = flattenInto(values, "", one)
	}
	if len(values) > maxFeatures {
		return nil, refuse(invalid, fmt.Sprintf("send at most %d features of the context, and of each action", maxFeatures))
	}
	return values, nil
}

func flattenInto(values features.Values, name string, one any) features.Values {
	value := features.Value{Name: name}
	switch one := one.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(one)) { // in order, so that a repeat looks the same
			values = flattenInto(values, joined(name, key), one[key])
		}
		return values
	case []any:
		value.Kind = features.List
		for _, part := range one {
			switch part.(type) {
			case map[string]any, []any:
				values = flattenInto(values, name, part)
			default:
				value.List = append(value.List, fmt.Sprint(part))
			}
		}
		if len(value.List) == 0 {
			return values
		}
	case json.Number:
		x, err := one.Float64()
		if err != nil {
			return values
		}
		value.Kind, value.Number = features.Number, x
	case bool:
		value.Kind, value.Text = features.Text, strconv.FormatBool(one)
	case string:
		value.Kind, value.Text = features.Text, one
	default: // null says nothing
		return values
	}
	return append(values, value)
}

func joined(name, key string) string {
	if name == "" {
		return key
	}
	return name + "." + key
}

// reward answers POST events/{id}/reward. A client that did not hear the answer
// sends the same request id again, and is counted once.
func (a *API) reward(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Value *float64 `json:"value"`
	}
	if err := readLoosely(r, &in); err != nil {
		return err
	}
	if in.Value == nil || !(*in.Value >= -1 && *in.Value <= 1) {
		return refuse(invalid, "value must be a number from -1 to 1")
	}
	event := r.PathValue("id")
	id := r.Header.Get("X-Ms-Client-Request-Id")
	if id == "" || len(id) > 64 {
		id = rand.Text()
	}
	o := attribution.Outcome{ID: "reward:" + attributionKey(event) + ":" + id, EventID: event, Type: "reward", Value: *in.Value}
	if _, rec, _, err := a.Events.Find(event); err == nil && len(rec.Items) > 0 {
		o.ItemID = rec.Items[0]
	}
	report, err := a.Decider.Tell(r.Context(), []attribution.Outcome{o})
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
