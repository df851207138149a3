package ranking

import "strconv"

// Answer is what POST /v1/decide answers.
type Answer struct {
	EventID      string       `json:"eventId"`
	Slot         string       `json:"slot"`
	Personalised bool         `json:"personalised"` // a model served, and what a person granted for this was looked at
	Degraded     Degraded     `json:"degraded"`
	DegradedBy   DegradedBy   `json:"degradedBy,omitempty" enum:"no_model,stale_model,deadline,busy,module"` // why
	Holdback     bool         `json:"holdback"`                                                              // showing nothing was the action drawn
	Short        int          `json:"short,omitempty"`                                                       // items missing of those the slot requires
	Items        []Item       `json:"items"`
	Basis        Basis        `json:"basis"`
	Experiments  []Experiment `json:"experiments"`
	Versions     Versions     `json:"versions"`
	Age          Age          `json:"age"`
	Language     string       `json:"language,omitempty"`       // of the texts, where reasons are asked for
	Ignored      []string     `json:"ignoredContext,omitempty"` // where reasons are asked for: keys of the context that no feature declares so, and no rule reads

	IgnoredKeys int `json:"-"` // how many those are, whatever is asked for; 0 of a repeat
}

// Item is one position.
type Item struct {
	ID           string        `json:"id"`
	Rank         int           `json:"rank"` // from 1
	Score        float64       `json:"score"`
	Probability  float64       `json:"probability"` // conditional on the items above it
	Price        *Price        `json:"price,omitempty"`
	Availability *Availability `json:"availability,omitempty"`
	OfferID      string        `json:"offerId,omitempty"`
	Actions      []Called      `json:"actions,omitempty"` // that begin once it is shown
	Reasons      []Reason      `json:"reasons,omitempty"`
}

// Price is gross, after the offer.
type Price struct {
	Amount       int64   `json:"amount"`
	Currency     string  `json:"currency"`
	TaxRate      float64 `json:"taxRate"`
	Personalised bool    `json:"personalised"`         // somebody of whom nothing is known would be asked another one: people must be told
	Lowest30d    int64   `json:"lowest30d,omitempty"`  // of the 30 days before a reduction, or else the last ones, as far as the node knows
	QuoteUntil   string  `json:"quoteUntil,omitempty"` // RFC 3339: the amount stands until then, whatever the catalogue says
}

// Called is an action that a function of the place is called for; /v1/actions tells
// what becomes of it.
type Called struct {
	ID       string `json:"id"`
	Function string `json:"function"`
	Kind     string `json:"kind"`
}

// Availability is what there was when it was shown.
type Availability struct {
	OnHand     int64    `json:"onHand"`
	Fulfilment []string `json:"fulfilment"`          // how it comes, as the item says; in_store where it says nothing and there is one
	HoldUntil  string   `json:"holdUntil,omitempty"` // RFC 3339
}

// Reason is what one feature added to a score, or what else put an item where it
// stands: order, exploration, pinned, offer. It names no value.
type Reason struct {
	Feature      string  `json:"feature"`
	Contribution float64 `json:"contribution"`
	Text         string  `json:"text"`
}

// Basis is what of a person was used, and what not.
type Basis struct {
	PurposesUsed   []string   `json:"purposesUsed"`
	Withheld       []Withheld `json:"withheld"`
	ConsentVersion uint64     `json:"consentVersion"`
	Text           string     `json:"text,omitempty"` // the same in words, where reasons are asked for
}

// Withheld is a declared field that was not read, whether or not there is a value.
type Withheld struct {
	Field   string `json:"field"`
	Purpose string `json:"purpose"`
	Why     string `json:"why"`
}

// Experiment is one that the decision took part in, and the arm it was in.
type Experiment struct {
	ID  string `json:"id"`
	Arm string `json:"arm"`
}

// Versions name what decided: release by its id, the rest by digest as
// "sha256:…". Empty: there was none. Where the decision is degraded to the baseline
// the model is the one that would have scored.
type Versions struct {
	Release  string `json:"release"`
	Module   string `json:"module"`
	Model    string `json:"model"`
	Rulebook string `json:"rulebook"`
}

// Age is how old what decided was.
type Age struct {
	Model      Seconds `json:"modelSeconds"`
	Catalogue  Seconds `json:"catalogueSeconds"`
	Consent    Seconds `json:"consentSeconds"` // since the person's consent was confirmed
	HubContact Seconds `json:"hubContactSeconds"`
}

// Seconds is an age; below zero it is unknown, in JSON null.
type Seconds int64

// MarshalJSON writes null for an unknown age.
func (s Seconds) MarshalJSON() ([]byte, error) { return s.AppendJSON(nil), nil }

// AppendJSON is MarshalJSON for who writes an answer by hand.
func (s Seconds) AppendJSON(dst []byte) []byte {
	if s < 0 {
		return append(dst, "null"...)
	}
	return strconv.AppendInt(dst, int64(s), 10)
}
