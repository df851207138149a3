package training

import (
	"math"
	"slices"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// finish ends a file: sites move on, and decisions that can get no more
// outcomes are learned from.
func (s *state) finish(f ledger.File) {
	s.stats.File = f.Ordinal
	s.clock = max(s.clock, f.ReceivedMs)
	var scope map[string][]string
	if s.cfg.Scope != nil {
		if scope = s.cfg.Scope(); scope == nil {
			scope = map[string][]string{}
		}
	}
	s.join.pass(scope, s.cfg.Lag.Milliseconds())
	s.fade()
	for _, d := range s.join.takeFinished() {
		s.learn(d)
	}
	s.stats.Expired += s.join.orphans.expire(s.clock-s.cfg.Keep.Milliseconds(), s.cfg.MaxOrphans)
}

// fade lets old experience weigh less, in steps that are worth the pass over
// all weights.
func (s *state) fade() {
	if s.faded == 0 || s.cfg.HalfLife == 0 {
		s.faded = s.clock
		return
	}
	halves := float64(s.clock-s.faded) / float64(s.cfg.HalfLife.Milliseconds())
	if halves < 1.0/256 {
		return
	}
	s.faded = s.clock
	share := math.Exp2(-halves)
	for _, m := range s.models {
		m.fade(share)
	}
	for _, x := range s.slots {
		for id, i := range x.items {
			i.N, i.Sum = i.N*share, i.Sum*share
			if i.N < 1e-3 {
				delete(x.items, id)
			}
		}
	}
}

// learn takes a finished decision in.
func (s *state) learn(d *decision) {
	told := s.inTime(d)
	if !d.active {
		s.stats.Inactive++
		return
	}
	s.stats.Decisions++
	total := 0.0
	for i := range d.shown {
		r := d.slot.rewards.of(s.ofPosition(d, told, i), d.shown[i].margin)
		total += r // a reward that nobody knows makes the sum unknown
		if math.IsNaN(r) {
			s.stats.NoCost++
		} else {
			s.learnRow(d, i, r)
		}
	}
	s.countNotShown(d, told)
	if d.arm >= 0 && !math.IsNaN(total) {
		d.slot.arms[d.arm].Add(total)
	}
}

// inTime are the outcomes within a decision's wait, in the order of their times.
func (s *state) inTime(d *decision) []outcome {
	byTime(d.told)
	told := d.told[:0]
	for _, o := range d.told {
		switch {
		case o.atMs > d.atMs+d.slot.waitMs:
			s.stats.Late++
		case o.kind == activation:
			d.active = true
		default:
			told = append(told, o)
		}
	}
	return told
}

// ofPosition are the outcomes of one position, until the next call. One that
// names no item is of the first.
func (s *state) ofPosition(d *decision, told []outcome, i int) []outcome {
	s.own = s.own[:0]
	for _, o := range told {
		if o.item == d.shown[i].item || o.item == 0 && i == 0 {
			s.own = append(s.own, o)
		}
	}
	s.stats.Joined += int64(len(s.own))
	return s.own
}

// countNotShown counts the outcomes that are of no position: of other items, or
// of a decision that showed nothing.
func (s *state) countNotShown(d *decision, told []outcome) {
	for _, o := range told {
		if !slices.ContainsFunc(d.shown, func(x shown) bool { return o.item == 0 || o.item == x.item }) {
			s.stats.NotShown++
		}
	}
}

func (s *state) learnRow(d *decision, i int, reward float64) {
	if d.names != nil && d.names[i] != "" {
		m := d.slot.items[d.names[i]]
		if m == nil {
			m = new(itemMean)
			d.slot.items[d.names[i]] = m
		}
		m.N, m.Sum = m.N+1, m.Sum+reward
	}
	if !d.learnable || d.shown[i].weight == 0 {
		return
	}
	f := d.slot.model.shape.Frame
	dense, ids := d.dense[f.ContextDense:], d.ids[f.ContextCategorical:]
	d.slot.model.learn(scoring.Row{
		ContextDense:       d.dense[:f.ContextDense],
		ContextCategorical: d.ids[:f.ContextCategorical],
		Dense:              dense[i*f.Dense : (i+1)*f.Dense],
		Categorical:        ids[i*f.Categorical : (i+1)*f.Categorical],
	}, reward, d.shown[i].weight)
	s.stats.Learned++
}
