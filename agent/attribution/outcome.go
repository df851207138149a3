package attribution

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Outcome is what somebody says came of a decision, or of none.
type Outcome struct {
	ID        string  `json:"id"` // idempotency: the same id counts once
	EventID   string  `json:"eventId,omitempty"`
	ProfileID string  `json:"profileId,omitempty"`
	SessionID string  `json:"sessionId,omitempty"`
	BasketID  string  `json:"basketId,omitempty"`
	ItemID    string  `json:"itemId,omitempty"`
	Type      string  `json:"type"`
	Quantity  float64 `json:"quantity,omitempty"` // default 1
	Value     float64 `json:"value,omitempty"`
	Money     *Money  `json:"money,omitempty"`
	At        string  `json:"at,omitempty"` // RFC 3339; default: now
}

// Money is an amount in minor units.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// Report says what became of outcomes, by their ids.
type Report struct {
	Accepted  []string   `json:"accepted"`
	Duplicate []string   `json:"duplicate"`
	Rejected  []Rejected `json:"rejected"`
	Unmatched int        `json:"unmatched"` // of the accepted: no decision is known here
}

// Rejected is an outcome that can't be taken as it is.
type Rejected struct {
	ID     string `json:"id"`
	Place  int    `json:"place"`  // in the list, from 0
	Type   string `json:"type"`   // of the problem; whoever answers fills it in
	Detail string `json:"detail"` // what is wrong and what to send instead
}

const (
	maxID = 256
	// ahead and behind bound a caller's time that is believed.
	ahead  = 5 * time.Minute
	behind = 7 * 24 * time.Hour
)

// rejection is why an outcome can't be taken.
type rejection string

func (r rejection) Error() string { return string(r) }

// record is the outcome as it will be logged, but for what it belongs to.
func (o *Outcome) record(now int64) (*wire.Outcome, error) {
	t, ok := outcomeType(o.Type)
	switch {
	case o.ID == "":
		return nil, rejection("id is missing; send one that is the same whenever this outcome is sent")
	case max(len(o.ID), len(o.EventID), len(o.ProfileID), len(o.SessionID), len(o.BasketID), len(o.ItemID)) > maxID:
		return nil, rejection("an id is longer than 256 bytes")
	case !ok:
		return nil, rejection("type must be one of " + outcomeNames())
	case !finite(o.Quantity) || o.Quantity < 0:
		return nil, rejection("quantity must be a number from 0")
	case !finite(o.Value):
		return nil, rejection("value must be a finite number")
	}
	rec := &wire.Outcome{Id: o.ID, EventId: o.EventID, Item: o.ItemID, Type: t, Quantity: o.Quantity, Value: o.Value}
	if rec.Quantity == 0 {
		rec.Quantity = 1
	}
	if m := o.Money; m != nil {
		if _, ok := item.Exponent(m.Currency); !ok || m.Amount < 0 {
			return nil, rejection("money needs an amount from 0 in minor units and an ISO 4217 currency")
		}
		rec.Money = &wire.Money{Amount: m.Amount, Currency: m.Currency}
	}
	if o.At != "" {
		at, err := time.Parse(time.RFC3339, o.At)
		if err != nil {
			return nil, rejection("at must be a time such as 2026-03-01T12:00:00Z")
		}
		rec.HappenedMs = at.UnixMilli()
		rec.ClockSkewed = rec.HappenedMs > now+ahead.Milliseconds() || rec.HappenedMs < now-behind.Milliseconds()
	}
	return rec, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func outcomeType(name string) (wire.OutcomeType, bool) {
	if name == "" || name != strings.ToLower(name) {
		return 0, false
	}
	t, ok := wire.OutcomeType_value["OUTCOME_"+strings.ToUpper(name)]
	return wire.OutcomeType(t), ok && t != 0
}

func outcomeNames() string {
	var names []string
	for t := int32(1); wire.OutcomeType_name[t] != ""; t++ {
		names = append(names, TypeName(wire.OutcomeType(t)))
	}
	return strings.Join(names, ", ")
}

// TypeName is an outcome's type as people and rulebooks write it.
func TypeName(t wire.OutcomeType) string {
	name, ok := wire.OutcomeType_name[int32(t)]
	if !ok {
		return fmt.Sprint(int32(t))
	}
	return strings.ToLower(strings.TrimPrefix(name, "OUTCOME_"))
}
