package ranking

import (
	"math"

	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// weigh makes of predictions what candidates are worth, where the slot's campaigns
// compete by value: before anything is drawn.
func (s *scratch) weigh() {
	a := s.slot.Arbitration
	if a == nil || a.By != rulebook.ByValue {
		return
	}
	s.guess = append(s.guess[:0], s.means...)
	for i, p := range s.guess {
		margin, pace := s.of.Worth(&s.allowed, i, s.now)
		k := float64(float64(margin)*a.Scale) * pace
		s.worth = append(s.worth, k)
		s.means[i] = worth(p, k)
		if len(s.variance) > 0 {
			s.variance[i] = spread(s.variance[i], k)
		}
	}
}

// worth is what a prediction is worth. What costs more than it brings is worth
// nothing at best, and what was not scored stays so.
func worth(prediction, k float64) float64 {
	switch {
	case math.IsInf(prediction, -1):
		return prediction
	case k < 0 && prediction < 0:
		return 0
	}
	return prediction * k
}

// spread is the variance of a worth.
func spread(variance, k float64) float64 { return float64(k*k) * variance }

// fillWorth enters predictions and what they were weighed with, by row.
func (s *scratch) fillWorth(d *wire.Decision) {
	d.Prediction, d.Worth = d.Prediction[:0], d.Worth[:0]
	if len(s.worth) == 0 {
		return
	}
	var one [1]float64
	at := func(all []float64, i uint32) []float64 {
		if one[0] = 0; int(i) < len(all) { // none has neither
			one[0] = all[i]
		}
		return one[:]
	}
	for _, i := range s.record.rows {
		d.Prediction = wire.Pack(d.Prediction, at(s.guess, i))
		d.Worth = wire.Pack(d.Worth, at(s.worth, i))
	}
}

// predicted is what a model predicted of a record's rows, and what each was weighed
// with; without weights, those are nil. ok is false where the means are not made of
// them.
func predicted(rec *wire.Decision) (predictions, weights []float64, ok bool) {
	means, err := wire.View[float64](rec.Mean)
	if err != nil || len(rec.Worth) == 0 {
		return means, nil, err == nil
	}
	predictions, err = wire.View[float64](rec.Prediction)
	weights, err2 := wire.View[float64](rec.Worth)
	if err != nil || err2 != nil || len(predictions) != len(means) || len(weights) != len(means) {
		return nil, nil, false
	}
	for i, m := range means {
		if rec.Items[i] != "" && math.Float64bits(m) != math.Float64bits(worth(predictions[i], weights[i])) {
			return nil, nil, false
		}
	}
	return predictions, weights, true
}
