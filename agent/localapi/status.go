package localapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/fairness"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// Status is a node's own account of itself.
type Status struct {
	Agent    string           `json:"agent"`
	Site     string           `json:"site"`
	Build    string           `json:"build" doc:"Version of the program"`
	Enrolled bool             `json:"enrolled" doc:"False: a node of its own, which no hub hears of"`
	Release  ReleaseStatus    `json:"release"`
	Versions ranking.Versions `json:"versions" doc:"Of the first slot that has a model"`
	Age      NodeAge          `json:"age"`
	Hub      HubStatus        `json:"hub"`
	Log      LogStatus        `json:"log"`
	Goods    GoodsStatus      `json:"goods"`
	Clock    ClockStatus      `json:"clock"`

	Choices  []ranking.Watched  `json:"choices" doc:"How the choices of each slot spread, and why they don't"`
	Fairness []fairness.Watched `json:"fairness" doc:"What the groups of the rulebook got of each slot, beside the rest, in the last full window"`
}

// ReleaseStatus says what runs, and why the newest does not.
type ReleaseStatus struct {
	Counter     uint64   `json:"counter" doc:"0: none, or a folder of this node's own"`
	ID          string   `json:"id"`
	Provisional bool     `json:"provisional" doc:"It has not scored well often enough yet"`
	Slots       []string `json:"slots"`
	Refused     *Details `json:"refused,omitempty" doc:"Why the newest release does not run here"`
	Quarantine  int      `json:"quarantine" doc:"Models that failed here and will not run again"`
}

// NodeAge is how old what decides is; null is unknown.
type NodeAge struct {
	Model      ranking.Seconds `json:"modelSeconds"`
	Catalogue  ranking.Seconds `json:"catalogueSeconds"`
	HubContact ranking.Seconds `json:"hubContactSeconds"`
}

// HubStatus says whether the hub can be reached. Nothing that a node serves
// depends on it.
type HubStatus struct {
	Connected   bool       `json:"connected"`
	EverReached bool       `json:"everReached" doc:"Since the process started"`
	StateSince  *time.Time `json:"stateSince,omitempty"`
	LastError   string     `json:"lastError,omitempty"`
}

// LogStatus says how the log stands, and what of it the centre has.
type LogStatus struct {
	Records     uint64            `json:"records"`
	Bytes       int64             `json:"bytes"`
	Unconfirmed uint64            `json:"unconfirmed" doc:"Records that are not in the centre's ledger yet"`
	Dropped     map[string]uint64 `json:"dropped" doc:"Records that were lost or left out, by reason"`
	Failure     string            `json:"failure,omitempty" doc:"Why the disk takes nothing"`
	Upload      string            `json:"upload,omitempty" doc:"Why records last did not go up; they are sent again"`
}

// GoodsStatus counts what the node knows of goods.
type GoodsStatus struct {
	Items     int `json:"items"`
	Available int `json:"available"`
	Holds     int `json:"holds"`
	NotFound  int `json:"notFound" doc:"Somebody did not find them, and nothing came or was counted since"`
	Negative  int `json:"negative" doc:"On hand below zero: more was sold than counted, so count them"`

	Actions   int    `json:"actions" doc:"Under way"`
	Untaken   uint64 `json:"actionsUntaken" doc:"Since the start: too many were under way"`
	Delivered uint64 `json:"actionsDelivered" doc:"Since the start: their functions have them"`
	Failed    uint64 `json:"actionsFailed" doc:"Since the start: their functions refused them"`
	Tries     uint64 `json:"actionTriesFailed" doc:"Since the start: a function could not be reached"`
}

// ClockStatus compares the node's time, which never falls, with the machine's.
type ClockStatus struct {
	Now         time.Time `json:"now"`
	SkewSeconds float64   `json:"skewSeconds" doc:"By which it is ahead of the machine's clock"`
}

// Health is the answer of a healthy node.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

func (a *API) nodeRoutes(api huma.API) {
	handle(api, operation("GET", "/v1/status", "node", "How the node stands", http.StatusOK),
		func(context.Context, *struct{}) (*answer[Status], error) { return &answer[Status]{a.Status()}, nil })
	handle(api, operation("GET", "/livez", "node", "Whether the process lives", http.StatusOK),
		func(context.Context, *struct{}) (*answer[Health], error) { return &answer[Health]{Health{"ok"}}, nil })
	handle(api, operation("GET", "/readyz", "node", "Whether the node can decide safely", http.StatusOK),
		func(context.Context, *struct{}) (*answer[Health], error) {
			return &answer[Health]{Health{"ok"}}, a.Ready()
		})
	op := operation("GET", "/metrics", "node", "Figures for Prometheus", http.StatusOK)
	op.Responses["200"] = &huma.Response{Description: "OK", Content: map[string]*huma.MediaType{"text/plain": {}}}
	api.OpenAPI().AddOperation(&op)
	a.mux.Handle("GET /metrics", a.metrics.handler())
}
