package localapi

import (
	"net/http"

	"github.com/aisle-edge/aisle/agent/ranking"
)

// Base is what a problem's slug is appended to for its stable type.
const Base = "https://aisle.dev/problems/"

// Problem is one row of the table of problem types: a slug never changes its
// meaning, and never goes.
type Problem struct {
	Slug   string
	Status int
	Title  string
}

// The problems of the API itself; ranking's are those of a decision.
const (
	malformed       = "malformed-body"
	unsupportedType = "unsupported-media-type"
	bodyTooLarge    = "body-too-large"
	unknownHost     = "unknown-host"
	crossOrigin     = "cross-origin"
	notFound        = "not-found"
	wrongMethod     = "method-not-allowed"
	unknownItem     = "unknown-item"
	rowsRefused     = "rows-refused"
	consentVersion  = "consent-version"
	consentEvidence = "consent-evidence"
	consentNeeded   = "consent-needed"
	erasurePending  = "erasure-pending"
	unknownAction   = "unknown-action"
	actionExpired   = "action-expired"
	actionDecided   = "action-decided"
	managed         = "managed-centrally"
	wrongKey        = "wrong-key"
	internal        = "internal"

	// of a release, in the status
	releaseSignature  = "release-signature"
	releaseRollback   = "release-rollback"
	releaseExpired    = "release-expired"
	releaseDamaged    = "release-damaged"
	releaseUnfit      = "release-unfit"
	releaseQuarantine = "release-quarantine"

	invalid = string(ranking.InvalidRequest)
)

// Problems are all types of problems, in the order in which people read them.
func Problems() []Problem {
	return []Problem{
		{malformed, http.StatusBadRequest, "The body can't be read"},
		{invalid, http.StatusUnprocessableEntity, "The request can't be taken as it is"},
		{unsupportedType, http.StatusUnsupportedMediaType, "The body is of a type that is not read here"},
		{bodyTooLarge, http.StatusRequestEntityTooLarge, "The body is too large"},
		{unknownHost, http.StatusMisdirectedRequest, "This agent does not answer for that host"},
		{crossOrigin, http.StatusForbidden, "Pages of that origin may not call this agent"},
		{notFound, http.StatusNotFound, "There is nothing at this path"},
		{wrongMethod, http.StatusMethodNotAllowed, "This path does not take that method"},
		{string(ranking.UnknownSlot), http.StatusNotFound, "The active release has no such slot"},
		{unknownItem, http.StatusNotFound, "The catalogue has no such item"},
		{string(ranking.UnknownEvent), http.StatusNotFound, "No decision of this event id is known here"},
		{string(ranking.EventClash), http.StatusConflict, "This event id was used with another request"},
		{string(ranking.EventGone), http.StatusGone, "The record of this decision is not on the node any more"},
		{string(ranking.ReplayGone), http.StatusGone, "What this decision knew of the person is not kept any more"},
		{string(ranking.ModelGone), http.StatusGone, "The release that decided is not loaded any more"},
		{string(ranking.NoActions), http.StatusUnprocessableEntity, "The slot takes its candidates from the request"},
		{string(ranking.NotSupported), http.StatusUnprocessableEntity, "This build does nothing with that field"},
		{string(ranking.TooLarge), http.StatusRequestEntityTooLarge, "The record of this decision would not fit the log"},
		{string(ranking.NoRelease), http.StatusServiceUnavailable, "There is nothing to decide by yet"},
		{string(ranking.Contended), http.StatusServiceUnavailable, "What may be shown moved before it could be held"},
		{string(ranking.ConsentUnread), http.StatusServiceUnavailable, "The tables could not be read; nobody's data was used"},
		{rowsRefused, http.StatusUnprocessableEntity, "No row could be taken"},
		{consentVersion, http.StatusConflict, "A newer consent is known"},
		{consentEvidence, http.StatusUnprocessableEntity, "A grant needs evidence"},
		{consentNeeded, http.StatusForbidden, "The person has not granted this"},
		{erasurePending, http.StatusServiceUnavailable, "The erasure is not finished yet and goes on by itself"},
		{unknownAction, http.StatusNotFound, "There is no such action, or it ended long ago"},
		{actionExpired, http.StatusGone, "The action's time is over"},
		{actionDecided, http.StatusConflict, "The action is past that"},
		{string(ranking.EditRefused), http.StatusUnprocessableEntity, "The slot does not allow this edit"},
		{wrongKey, http.StatusUnauthorized, "The key is not this agent's"},
		{managed, http.StatusForbidden, "This is decided at the centre"},
		{string(ranking.LogFull), http.StatusInsufficientStorage, "There is no room to record this"},
		{string(ranking.LogFailed), http.StatusServiceUnavailable, "The disk does not take what must be recorded"},
		{releaseSignature, http.StatusConflict, "The release is not signed by who must sign it"},
		{releaseRollback, http.StatusConflict, "The release is older than what is known here"},
		{releaseExpired, http.StatusConflict, "The trust metadata is too old to install anything from"},
		{releaseDamaged, http.StatusConflict, "The release did not come whole"},
		{releaseUnfit, http.StatusConflict, "The release can't run here"},
		{releaseQuarantine, http.StatusConflict, "A model of the release failed here"},
		{internal, http.StatusInternalServerError, "Something went wrong that should not"},
	}
}

// problems is the table by slug.
var problems = func() map[string]Problem {
	by := map[string]Problem{}
	for _, p := range Problems() {
		by[p.Slug] = p
	}
	return by
}()

// Details is a problem as RFC 9457 writes it.
type Details struct {
	Type   string  `json:"type"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail,omitempty" doc:"What is wrong here, and what to do"`
	Faults []Fault `json:"faults,omitempty" doc:"Each thing that is wrong"`
}

// Fault is one thing wrong with a request. It never repeats the value.
type Fault struct {
	Line    int    `json:"line,omitempty" doc:"Of rows, from 1"`
	Path    string `json:"path,omitempty" doc:"As body.purposes[0]; of a row, its column"`
	Problem string `json:"problem" doc:"What is wrong, and what to send instead"`
}

// Error makes Details an error that handlers return.
func (d *Details) Error() string { return d.Title + ": " + d.Detail }

// GetStatus and ContentType are what the router asks of an error.
func (d *Details) GetStatus() int { return d.Status }

func (d *Details) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

func refuse(slug, detail string, faults ...Fault) *Details {
	p := problems[slug]
	return &Details{Type: Base + p.Slug, Title: p.Title, Status: p.Status, Detail: detail, Faults: faults}
}

var noStore = []string{"no-store"}
