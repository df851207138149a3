package ranking

import (
	"errors"
	"math"
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

// score gives every candidate a mean, by the model or by an order, and says by
// which policy is drawn.
func (s *scratch) score() error {
	s.planned, s.scored, s.none, s.shadow, s.variance = false, false, false, "", s.variance[:0]
	s.worth = s.worth[:0]
	s.step()
	if s.scorer != nil && s.degraded != Baseline {
		if err := s.plan(); err != nil {
			return err
		}
	}
	if s.stands() {
		defer s.degrade(NotDegraded, "")
	}
	if s.slot.Mode != rulebook.Online {
		return s.serveBaseline()
	}
	if s.by == rulebook.Fixed {
		s.means = append(s.means[:0], s.of.Ranked()...)
		s.policy = s.slot.Draws(s.by, s.count())
		return nil
	}
	err := s.model()
	if err != nil {
		return err
	}
	s.policy = s.slot.Draws(s.by, s.count())
	if !s.scored {
		s.means = s.of.AppendBaseline(s.means[:0], &s.allowed)
		if s.by == rulebook.Learned {
			s.policy = explore.Policy{Kind: explore.EpsilonGreedy, Epsilon: s.policy.Epsilon}
		}
	}
	return nil
}

// serveBaseline is for a slot that does not serve what it learns yet. What it
// would have shown first is drawn beside, from the same randomness.
func (s *scratch) serveBaseline() error {
	if s.slot.Mode == rulebook.Apprentice && s.planned {
		if err := s.model(); err != nil {
			return err
		}
		if s.scored {
			s.policy = s.slot.Draws(rulebook.Learned, 1)
			if err := s.prepareSlate(1); err != nil {
				return err
			}
			slate, err := s.drawer.Finish()
			if err != nil {
				return err
			}
			if len(slate.Positions) > 0 {
				s.shadow = s.of.ID(slate.Positions[0].Candidate)
			}
		}
	}
	s.scored, s.variance, s.worth = false, s.variance[:0], s.worth[:0]
	s.means = s.of.AppendBaseline(s.means[:0], &s.allowed)
	s.policy = explore.Policy{Kind: explore.Fixed}
	return nil
}

// plan gets the features ready.
func (s *scratch) plan() error {
	p := s.slot.Plan
	s.dense = slices.Grow(s.dense[:0], p.Shape.ContextDense)[:p.Shape.ContextDense]
	s.hashed = slices.Grow(s.hashed[:0], p.Shape.ContextCategorical)[:p.Shape.ContextCategorical]
	var inside []int32
	if p.Basket {
		s.inside = features.Basket(s.inside[:0], s.request.Context, s.of.View)
		inside = s.inside
	}
	p.Context(s.dense, s.hashed, &features.Known{
		Time: time.UnixMilli(s.now), Context: s.request.Context, Profile: s.who.Fields, Granted: s.granted,
		Session: s.inSession(p), View: s.of.View, Basket: inside,
	})
	err := p.Rows(&s.rows, s.of, &features.Asked{
		Catalogue: s.d.opt.Catalogue, Actions: s.values, Granted: s.granted, Profile: s.who.Fields, Now: s.now, Basket: inside,
		Allowed: &s.allowed,
	})
	s.planned = err == nil
	return err
}

// inSession counts what the session was shown and did, where a feature reads it.
func (s *scratch) inSession(p *features.Plan) (in features.Session) {
	if !p.Session {
		return in
	}
	in.Known = s.session != (wire.Pseudonym{})
	for i := range s.saw[1] {
		switch e := &s.saw[1][i]; e.Type {
		case attribution.Shown:
			in.Shown += int(e.Times)
		case wire.OutcomeType_OUTCOME_CLICK:
			in.Clicked += int(e.Times)
		}
	}
	if len(s.saw[1]) > 0 {
		in.SinceMs = s.saw[1][0].At
	}
	return in
}

// model scores the candidates, if there is a model; where it failed an order must
// serve. Its error, host.ErrClosed, says that another release took over.
func (s *scratch) model() error {
	if !s.planned {
		return nil
	}
	err := s.run()
	if errors.Is(err, host.ErrClosed) && s.d.opt.Releases.Active() != s.active {
		return err
	}
	s.scorer.Scored(err)
	if s.scored = err == nil; err != nil {
		s.d.counts.failed.Add(1)
		s.unscored(err)
		return nil
	}
	s.weigh()
	return nil
}

// run scores in a borrowed instance, and returns it at once.
func (s *scratch) run() error {
	candidates := s.chosen()
	from := s.d.opt.Now()
	in, err := s.scorer.Module.BorrowWithin(s.left())
	if err != nil {
		return err
	}
	defer in.Return()
	var f *abi.Frame
	if candidates == nil {
		f, err = s.rows.Frame(in)
	} else {
		f, err = s.rows.FrameOf(in, candidates)
	}
	if err != nil {
		return err
	}
	copy(f.ContextDense(), s.dense)
	copy(f.ContextCategorical(), s.hashed)
	if err := in.Score(); err != nil {
		return err
	}
	if s.predicted, err = predictions(s.predicted[:0], s.scorer.Link, f); err != nil {
		return err
	}
	if slices.ContainsFunc(f.Variance(0), func(v float64) bool { return v < 0 }) {
		return errVariance
	}
	s.take(f, candidates)
	s.d.spent(f.Rows(), s.d.opt.Now().Sub(from))
	return nil
}

var errVariance = errors.New("module answered a variance below 0")

// predictions appends what candidates are ranked by, one a row: the first head's
// mean as the link makes a prediction of it. host.ErrNotFinite if one overflows.
func predictions(dst []float64, link scoring.Link, f *abi.Frame) ([]float64, error) {
	if link == (scoring.Link{}) || link.Kind == scoring.LinkIdentity {
		return append(dst, f.Mean(0)...), nil
	}
	var row, out [abi.MaxHeads]float64
	for i := range f.Rows() {
		for h := range f.Shape().Heads {
			row[h] = f.Mean(h)[i]
		}
		p := link.Apply(out[:0], row[:f.Shape().Heads])[0]
		if p-p != 0 {
			return dst, host.ErrNotFinite
		}
		dst = append(dst, p)
	}
	return dst, nil
}

// chosen are the candidates of a shortlist: the first allowed of the baseline. Nil
// means all.
func (s *scratch) chosen() []uint32 {
	if s.degraded != Shortlist {
		return nil
	}
	s.ranks = s.of.AppendBaseline(s.ranks[:0], &s.allowed)
	s.order = slices.Grow(s.order[:0], len(s.ranks))[:len(s.ranks)]
	for i, rank := range s.ranks {
		s.order[int(-rank)] = uint32(i)
	}
	kept := s.order[:0]
	for _, i := range s.order {
		if s.allowed.Bits.Has(int(i)) && len(kept) < shortlist {
			kept = append(kept, i)
		}
	}
	return kept
}

// take copies the answers. A candidate that was not scored can be drawn by
// exploration only.
func (s *scratch) take(f *abi.Frame, candidates []uint32) {
	mean, variance := s.predicted, f.Variance(0)
	if candidates == nil {
		s.means = append(s.means[:0], mean...)
		s.variance = append(s.variance[:0], variance...)
		return
	}
	n := s.of.Len()
	s.means = slices.Grow(s.means[:0], n)[:n]
	for i := range s.means {
		s.means[i] = math.Inf(-1)
	}
	if variance != nil {
		s.variance = slices.Grow(s.variance[:0], n)[:n]
		clear(s.variance)
	}
	for k, i := range candidates {
		s.means[i] = mean[k]
		if variance != nil {
			s.variance[i] = variance[k]
		}
	}
}
