package localapi

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/wire"
)

// recorded makes a record readable.
func recorded(rec *wire.Decision) Decision {
	d := Decision{
		ID: idText(rec.Id), EventID: rec.EventId, Slot: rec.Slot, Site: rec.Site, Counter: rec.Versions.GetRelease(),
		Versions:  ranking.VersionsOf(rec.Versions),
		Catalogue: strconv.FormatUint(rec.Catalogue, 16), Seed: strconv.FormatUint(rec.Seed, 16),
		Person: hex.EncodeToString(rec.Pseudonym), Session: hex.EncodeToString(rec.Session), Basket: hex.EncodeToString(rec.Basket),
		PurposesUsed: append([]string{}, rec.PurposesUsed...), Withheld: []ranking.Withheld{}, ConsentVersion: rec.ConsentVersion,
		Arms: []Arm{}, Removed: []Removal{}, Attempt: rec.Attempt, Degraded: string(ranking.DegradedOf(rec.Degraded)), DegradedBy: string(ranking.DegradedByOf(rec.DegradedBy)),
		Deferred: rec.Deferred, Holdback: rec.Holdback, Baseline: rec.Baseline, Shadow: rec.Shadow,
		Candidates: rec.Candidates, Allowed: countBits(rec.Allowed), FrameShare: float64(rec.FrameShare), FullFrame: rec.FullFrame,
		Columns: hex.EncodeToString(rec.Features.GetColumns()), Apart: len(rec.Context) > 0,
	}
	p := rec.Policy
	d.Policy = Policy{p.GetKind(), p.GetEpsilon(), p.GetTemperature(), p.GetGamma(), p.GetAlpha(), p.GetNoneFloor(), p.GetContenders()}
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
		one := Shown{Probability: s.Probability, Feasible: s.Feasible, Pinned: s.Pinned, Personal: s.PricePersonal, OnHand: int64(s.OnHand), OfferID: s.Offer}
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
		if s.QuoteUntilMs > 0 {
			until := time.UnixMilli(s.QuoteUntilMs).UTC()
			one.QuoteUntil = &until
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
