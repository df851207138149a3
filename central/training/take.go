package training

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/item"
)

// take takes one row in. Nothing is learned before the file is at its end.
func (s *state) take(at place, r *ledger.Row) {
	l := s.join.log(r)
	switch {
	case r.Kind == ledger.Decision:
		s.takeDecision(at, l, r)
	case r.Kind == ledger.Activation:
		b, ok := body(r.Record, recordActivation)
		if ok && s.told.readActivation(b) {
			s.tell(at, r, outcome{kind: activation})
		} else {
			s.count(&s.stats.Unreadable)
		}
	case r.Kind == ledger.Outcome && !r.Duplicate:
		b, ok := body(r.Record, recordOutcome)
		if ok && s.told.read(b) {
			o := &s.told
			if !s.restoring {
				s.baskets.take(o.kind, o.basket, itemKey(o.item))
			}
			s.tell(at, r, outcome{kind: o.kind, item: itemKey(o.item), quantity: o.quantity, value: o.value})
		} else {
			s.count(&s.stats.Unreadable)
		}
	}
	if !s.restoring {
		l.mark = max(l.mark, r.AtMs)
		l.agent.lag = r.ReceivedMs - r.AtMs
	}
}

// count counts what is met for the first time.
func (s *state) count(n *int64) {
	if !s.restoring {
		*n++
	}
}

func (s *state) takeDecision(at place, l *log, r *ledger.Row) {
	v := &s.decision
	b, ok := body(r.Record, recordDecision)
	if !ok || !v.read(b) {
		s.count(&s.stats.Unreadable)
		return
	}
	slot := s.slots[string(v.slot)]
	id := decisionID(v.id)
	if slot == nil || s.join.byID[id] != nil {
		s.count(&s.stats.Otherwise)
		return
	}
	d := &s.decisions.take(1)[0]
	*d = decision{
		id: id, event: eventKey(r.Site, v.eventID), at: at, atMs: r.AtMs, receivedMs: r.ReceivedMs,
		log: l, site: l.agent.site, slot: slot, arm: slot.armOf(v), active: !v.deferred,
	}
	if s.restoring && d.finished() {
		s.join.byEvent[d.event] = gone // its outcomes are not those of an earlier decision
		return
	}
	s.keepShown(d, v)
	s.join.orphans.claim(d)
	s.join.hold(d)
}

func (x *slot) armOf(v *decisionView) int {
	if x.Experiment == nil {
		return -1
	}
	for _, a := range v.arms[:v.armCount] {
		if string(a.experiment) == x.Experiment.ID {
			return slices.IndexFunc(x.Experiment.Arms, func(b rulebook.Arm) bool { return b.ID == string(a.arm) })
		}
	}
	return -1
}

// keepShown copies what will be needed of the positions out of the record.
func (s *state) keepShown(d *decision, v *decisionView) {
	n := min(v.shownCount, maxShown)
	if v.holdback {
		n = 0 // nothing was shown, and that has no features
	}
	d.shown = s.shown.take(n)
	for i := range d.shown {
		x := &v.shown[i]
		d.shown[i] = shown{item: itemKey(v.items[i]), weight: s.importance(x), margin: margin(x)}
		if d.slot.uniform >= 0 && d.arm == d.slot.uniform {
			name := string(v.items[i])
			if x.pinned {
				name = "" // not shown at random
			}
			d.names = append(d.names, name)
		}
	}
	if m := d.slot.model; m != nil && n > 0 && v.apart {
		s.count(&s.stats.Apart)
	} else if m != nil && n > 0 {
		d.learnable = s.keepFeatures(d, &v.features, m, n, v.rows)
		if !d.learnable {
			s.count(&s.stats.Otherwise)
		}
	}
}

// importance is the weight of a shown row as an observation.
func (s *state) importance(x *shownView) float64 {
	if !(x.probability > 0 && x.probability <= 1) {
		return 0
	}
	uniform := 1 / float64(max(x.feasible, 1))
	return min(max(uniform/x.probability, s.cfg.MinWeight), s.cfg.MaxWeight)
}

func margin(x *shownView) float64 {
	if !x.costKnown {
		return math.NaN()
	}
	return float64(item.Margin(x.price, x.taxRate, x.cost))
}

// keepFeatures copies the context's and the shown rows' features, if they are
// those of the model.
func (s *state) keepFeatures(d *decision, f *featuresView, m *learner, shown, rows int) bool {
	shape := m.shape.Frame
	if !bytes.Equal(f.columns, m.columns) ||
		len(f.contextDense) != 4*shape.ContextDense || len(f.contextCategorical) != 4*shape.ContextCategorical ||
		len(f.dense) != 4*shape.Dense*rows || len(f.categorical) != 4*shape.Categorical*rows {
		return false
	}
	dense := s.floats.take(shape.ContextDense + shape.Dense*shown)
	floats(dense, f.contextDense)
	floats(dense[shape.ContextDense:], f.dense)
	ids := s.ids.take(shape.ContextCategorical + shape.Categorical*shown)
	uints(ids, f.contextCategorical)
	uints(ids[shape.ContextCategorical:], f.categorical)
	d.dense, d.ids = dense, ids
	return true
}

// floats fills dst from the front of packed values.
func floats(dst []float32, b []byte) {
	for i := range min(len(dst), len(b)/4) {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
}

func uints(dst []uint32, b []byte) {
	for i := range min(len(dst), len(b)/4) {
		dst[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
}

// tell gives an outcome to its decision, or lets it wait for it.
func (s *state) tell(at place, r *ledger.Row, o outcome) {
	o.at, o.atMs = at, r.AtMs
	var key orphanKey
	if len(s.told.decision) == 16 {
		key.decision = decisionID(s.told.decision)
	} else if key.event = eventKey(r.Site, s.told.eventID); key.event == 0 {
		s.count(&s.stats.Expired) // it names nothing that could ever come
		return
	}
	switch d := s.join.find(key); {
	case d != nil && d != gone:
		d.told = append(d.told, o)
		return
	case s.restoring:
		return // its decision is finished, or the checkpoint holds it as an orphan
	}
	s.join.orphans.add(&orphan{outcome: o, key: key, receivedMs: r.ReceivedMs})
}
