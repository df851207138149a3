package attribution

import (
	"log/slog"
	"math"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/sync/wire"
)

// put adds to a basket what a recorded outcome says was bought, or brought back.
// A line counts once, however many pieces it is of.
func (e *Events) put(basket []consent.Bought, o *wire.Outcome) []consent.Bought {
	b := consent.Bought{Who: pseudonym(o.Pseudonym), Item: xxhash.Sum64String(o.Item), AtMs: e.store.Now()}
	if b.Who == (wire.Pseudonym{}) || o.Item == "" {
		return basket
	}
	switch o.Type {
	case wire.OutcomeType_OUTCOME_PURCHASE, wire.OutcomeType_OUTCOME_REDEEM:
	case wire.OutcomeType_OUTCOME_RETURN, wire.OutcomeType_OUTCOME_VOID:
		b.Back = true
	default:
		return basket
	}
	if o.HappenedMs > 0 && !o.ClockSkewed {
		b.AtMs = min(b.AtMs, o.HappenedMs)
	}
	if one := float64(o.Money.GetAmount()) / o.Quantity; o.Money != nil && one < math.MaxUint32 {
		b.Price = uint32(one + 0.5)
	}
	return append(basket, b)
}

// profile enters a basket in the profiles, and returns the last sequence that its
// outcomes, or the profiles, wait for. A profile without it costs a feature; the
// outcomes count all the same.
func (e *Events) profile(t *Terms, basket []consent.Bought, last uint64) uint64 {
	seq, err := e.consents.Bought(t.Consent, t.Fields, basket)
	if err != nil {
		slog.Warn("what was bought is not in the buyer's profile", "err", err)
	}
	return max(seq, last)
}
