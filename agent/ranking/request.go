package ranking

import "github.com/aisle-edge/aisle/agent/features"

// Limits of a request.
const (
	MaxEventID  = 256
	MaxItemID   = 256
	MaxActions  = 10_000
	MaxExcluded = 10_000
	MaxCount    = 100
)

// Request is what POST /v1/decide says.
type Request struct {
	EventID   string          `json:"eventId,omitempty"` // made up when empty; the same id with the same request has the same answer
	Slot      string          `json:"slot"`
	ProfileID string          `json:"profileId,omitempty"`
	SessionID string          `json:"sessionId,omitempty"`
	BasketID  string          `json:"basketId,omitempty"`
	Consent   Signals         `json:"consent,omitempty"`
	Context   features.Values `json:"context,omitempty"`

	Actions         []Action `json:"actions,omitempty"` // default: the slot's candidate source
	ExcludedActions []string `json:"excludedActions,omitempty"`
	Fulfilment      string   `json:"fulfilment,omitempty"` // only what comes this way, as in_store or collect; "": any
	ForItem         string   `json:"forItem,omitempty"`    // refused with NotSupported

	Count           int  `json:"count,omitempty"` // default: the slot's
	DeferActivation bool `json:"deferActivation,omitempty"`
	Explain         bool `json:"explain,omitempty"`
	DryRun          bool `json:"dryRun,omitempty"`   // nothing is recorded, held or counted
	BudgetMs        int  `json:"budgetMs,omitempty"` // 0: none

	Language string `json:"language,omitempty"` // of reasons, as de-AT, or several as in Accept-Language; then that of the context, that header's, the slot's, English
	Accepted string `json:"-"`                  // the header Accept-Language

	Group *Group `json:"-"` // nil: a decision by itself
}

// Group is what several decisions of one event share: their candidates, of which
// one may only show what those before it did not. Who asks excludes those.
type Group struct {
	EventID string
	Part    string   // this one's name in it
	Parts   []string // all, in their order; of the first only
}

// Signals are what a request says of consent; they narrow what is granted, and
// never widen it.
type Signals struct {
	TCF    string `json:"tcf,omitempty"`
	GPP    string `json:"gpp,omitempty"`
	GPPSid []int  `json:"gppSid,omitempty"` // sections of gpp that apply; none: all
	GPC    bool   `json:"gpc,omitempty"`    // of the body or of Sec-GPC
}

// Action is a candidate that the caller gives. Its id may be one that the
// catalogue does not know; rules about items then remove it.
type Action struct {
	ID       string          `json:"id"`
	Features features.Values `json:"features,omitempty"`
}
