package api

import (
	"cmp"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// base is where the types of all problems begin.
const base = "https://aisle.dev/problems/"

// Problem is an error as RFC 9457 has it. Type is stable, Detail is for people
// and ends with what to do.
type Problem struct {
	Type   string  `json:"type" format:"uri" doc:"Stable name of the kind of problem."`
	Title  string  `json:"title" doc:"The kind of problem in words."`
	Status int     `json:"status"`
	Detail string  `json:"detail,omitempty" doc:"What happened this time, and what to do."`
	Faults []Fault `json:"faults,omitempty" doc:"Each thing that is wrong with what was sent."`
}

// Fault is one thing wrong with a request or a release folder.
type Fault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty" doc:"From 1; absent for the file as a whole."`
	Path    string `json:"path,omitempty" doc:"Such as slots[0].policy.epsilon."`
	Problem string `json:"problem"`
}

// kind is a sort of problem.
type kind struct {
	slug   string
	status int
	title  string
}

// The kinds of problem, all of them.
var (
	kindInvalid      = kind{"invalid-request", http.StatusUnprocessableEntity, "The request is not understood"}
	kindMalformed    = kind{"malformed-body", http.StatusBadRequest, "The body can't be read"}
	kindMediaType    = kind{"unsupported-media-type", http.StatusUnsupportedMediaType, "The body is not JSON"}
	kindTooLarge     = kind{"body-too-large", http.StatusRequestEntityTooLarge, "The body is too large"}
	kindUnknownHost  = kind{"unknown-host", http.StatusMisdirectedRequest, "This is not the host that was asked for"}
	kindCrossOrigin  = kind{"cross-origin", http.StatusForbidden, "Another site's page may not ask this"}
	kindNobody       = kind{"not-signed-in", http.StatusUnauthorized, "Nobody is signed in"}
	kindNotFound     = kind{"not-found", http.StatusNotFound, "There is no such thing"}
	kindMethod       = kind{"method-not-allowed", http.StatusMethodNotAllowed, "That can't be done to it"}
	kindToken        = kind{"enrolment-token", http.StatusForbidden, "The token does not count"}
	kindProof        = kind{"enrolment-proof", http.StatusForbidden, "The key was not proven"}
	kindKey          = kind{"enrolment-key", http.StatusConflict, "The key can't be enrolled"}
	kindUnknownAgent = kind{"unknown-agent", http.StatusNotFound, "There is no such agent"}
	kindNoFunction   = kind{"unknown-function", http.StatusNotFound, "There is no such function"}
	kindFolder       = kind{"release-folder", http.StatusUnprocessableEntity, "The release folder has faults"}
	kindPreflight    = kind{"release-preflight", http.StatusUnprocessableEntity, "The release does not pass its checks"}
	kindNoRelease    = kind{"unknown-release", http.StatusNotFound, "There is no such release"}
	kindGone         = kind{"release-not-kept", http.StatusGone, "The release is not kept any more"}
	kindNothing      = kind{"nothing-proposed", http.StatusConflict, "There is nothing to publish"}
	kindNoKey        = kind{"key-missing", http.StatusConflict, "The key is not here"}
	kindAltered      = kind{"audit-altered", http.StatusInternalServerError, "The audit trail was altered"}
	kindTooMany      = kind{"too-many-measurements", http.StatusConflict, "There are too many measurements"}
	kindUnavailable  = kind{"not-ready", http.StatusServiceUnavailable, "Central is not ready"}
	kindInternal     = kind{"internal", http.StatusInternalServerError, "Something went wrong here"}
)

func (k kind) problem(detail string) *Problem {
	return &Problem{Type: base + k.slug, Title: k.title, Status: k.status, Detail: detail}
}

// Error is the detail, or the title without one.
func (p *Problem) Error() string { return cmp.Or(p.Detail, p.Title) }

// GetStatus makes a Problem an error that huma writes as it is.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// write answers a request that no operation has.
func (p *Problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the caller may be gone
}

// named gives huma's own errors our types. What was sent is not repeated: it
// may be a secret.
func named(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	k := kindInternal
	for _, other := range []kind{kindInvalid, kindMalformed, kindMediaType, kindTooLarge, kindNotFound} {
		if other.status == e.Status {
			k = other
		}
	}
	p := k.problem(e.Detail + "; see the interface at /openapi.json")
	for _, d := range e.Errors {
		p.Faults = append(p.Faults, Fault{Path: d.Location, Problem: d.Message})
	}
	return p, nil
}
