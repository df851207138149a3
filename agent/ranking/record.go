package ranking

import (
	"math"
	"slices"
	"time"

	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/rules"
	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/explore"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

// record is the memory of a decision's record.
type record struct {
	wire.Record
	body     wire.Record_Decision
	decision wire.Decision
	versions wire.Versions
	policy   wire.Policy
	arm      wire.Arm
	features wire.Features
	group    wire.Group
	shown    []*shown
	removed  []*wire.Removal
	plans    []*wire.Plan

	rows     []uint32 // candidates, in the order of the record's rows
	places   []uint32 // of one position's contenders among them
	in       bitmap.Bits
	dense    []float32
	hashed   []uint32
	floats   []float64
	context  []float32
	contexts []uint32
	personal []uint32 // rows whose price hangs on the person
	part     []byte   // what the log may not hold of the person
	columns  [8]byte
}

// shown is the memory of one position.
type shown struct {
	wire.Shown
	price   wire.Money
	hold    wire.Hold
	id      [17]byte
	applied []*wire.Applied // room
}

func (r *record) init() {
	r.Body = &r.body
	r.body.Decision = &r.decision
	r.decision.Versions, r.decision.Policy = &r.versions, &r.policy
}

// maxFull bounds the rows of a full frame in bytes, and maxActions the ids of
// given candidates, so that a record always fits the log.
const (
	maxFull    = 160 << 10
	maxActions = 192 << 10
)

// baselineKind is the policy of a decision without a model: greedy with epsilon
// over the order that stands as its means.
const baselineKind = "baseline"

// fill writes of the decision's record what is known before it is drawn.
func (s *scratch) fill() error {
	d := &s.record.decision
	if err := s.fillCandidates(d); err != nil {
		return err
	}
	d.Id, d.EventId, d.Request = s.id[:], s.event, s.digest[:]
	d.Slot, d.Site = s.slot.ID, s.d.opt.Site
	s.fillVersions(d)
	s.fillPerson(d)
	d.Arms = d.Arms[:0]
	if s.arm != "" {
		s.record.arm.Experiment, s.record.arm.Arm, s.record.arm.Share = s.slot.Experiment.ID, s.arm, s.share
		d.Arms = append(d.Arms, &s.record.arm)
	}
	s.fillPolicy(d)
	d.Attempt = s.number
	d.Degraded, d.DegradedBy = s.degraded.wire(), s.degradedBy.wire()
	d.Deferred, d.Baseline = s.request.DeferActivation, !s.scored
	d.Shadow, d.Group, d.Counted = s.shadow, nil, s.slot.Book.Node
	if g := s.request.Group; g != nil {
		s.record.group.EventId, s.record.group.Part, s.record.group.Parts = g.EventID, g.Part, g.Parts
		d.Group = &s.record.group
	}
	s.fillPlans(d)
	return nil
}

// fillDrawn writes the rest.
func (s *scratch) fillDrawn() {
	d := &s.record.decision
	d.Seed, d.Holdback = s.slate.Seed, s.slate.IsNone
	s.fillRows(d)
	s.fillFeatures(d)
	s.fillShown(d)
}

func (s *scratch) fillVersions(d *wire.Decision) {
	v := &s.record.versions
	v.Release, v.ReleaseId, v.Rulebook = s.active.Counter, s.active.ID, s.active.Rulebook.Digest[:]
	v.Module, v.Model, d.AgeModelS = nil, nil, 0
	if s.scorer != nil {
		v.Module, v.Model = s.scorer.Code[:], s.scorer.Model[:]
		d.AgeModelS = uint32(max(0, (s.now-s.scorer.CreatedMs)/1000))
	}
}

// fillPerson enters who it was, as far as they may be known.
func (s *scratch) fillPerson(d *wire.Decision) {
	d.Pseudonym, d.Session, d.Basket = nonzero(&s.known), nonzero(&s.session), nonzero(&s.basket)
	d.Household = nonzero(&s.household)
	d.PurposesUsed = d.PurposesUsed[:0]
	for _, p := range s.who.Used {
		d.PurposesUsed = append(d.PurposesUsed, string(p))
	}
	d.Withheld = append(d.Withheld[:0], s.who.Withheld...)
	d.ConsentVersion = s.who.Grants.Version
}

func nonzero(p *wire.Pseudonym) []byte {
	if *p == (wire.Pseudonym{}) {
		return nil
	}
	return p[:]
}

func (s *scratch) fillPolicy(d *wire.Decision) {
	p := &s.record.policy
	p.Kind, p.Epsilon, p.Temperature, p.Gamma = string(s.policy.Kind), s.policy.Epsilon, s.policy.Temperature, s.policy.Gamma
	p.Alpha = s.policy.Alpha
	if s.policy.Kind == explore.EpsilonGreedy && !s.scored {
		p.Kind = baselineKind
	}
	p.None, p.NoneFloor, p.Contenders = s.none, 0, explore.Contenders
	if s.none {
		p.NoneFloor = s.slot.None.Floor
	}
}

func (s *scratch) fillCandidates(d *wire.Decision) error {
	n := len(s.means)
	d.Candidates, d.Catalogue = uint32(n), s.of.View.Version
	d.Allowed = s.allowed.Bits.Append(d.Allowed[:0], n)
	d.Removed = d.Removed[:0]
	for i, c := range s.allowed.Removed {
		if i == len(s.record.removed) {
			s.record.removed = append(s.record.removed, new(wire.Removal))
		}
		r := s.record.removed[i]
		r.Rule, r.Count = c.Rule, uint32(c.N)
		d.Removed = append(d.Removed, r)
	}
	d.Actions = d.Actions[:0]
	if s.of.IDs == nil {
		return nil
	}
	size := 0
	for _, id := range s.of.IDs {
		size += len(id) + 3
	}
	if size > maxActions {
		return refuse(TooLarge, nil, "the ids of the actions are longer than 192 KiB together; send fewer, or shorter ones")
	}
	d.Actions = append(d.Actions, s.of.IDs...)
	return nil
}

// fillRows chooses the candidates that are recorded: those shown, those weighed,
// and now and then all that were allowed.
func (s *scratch) fillRows(d *wire.Decision) {
	r := &s.record
	r.rows = r.rows[:0]
	words := (len(s.means) + 63) / 64
	r.in = slices.Grow(r.in[:0], words)[:words]
	clear(r.in)
	for _, p := range s.slate.Positions {
		r.rows = append(r.rows, uint32(p.Candidate))
		r.in.Set(p.Candidate)
	}
	for _, i := range s.slate.Contenders {
		r.rows = append(r.rows, uint32(i))
		r.in.Set(i)
	}
	s.fillFrameShare(d)
	if d.FullFrame {
		for i := range s.allowed.Bits.All() {
			if !r.in.Has(i) {
				r.rows = append(r.rows, uint32(i))
			}
		}
	}
	d.Items, r.floats = d.Items[:0], r.floats[:0]
	for _, i := range r.rows {
		d.Items = append(d.Items, s.name(int(i)))
		r.floats = append(r.floats, s.means[i])
	}
	d.Candidate = wire.Pack(d.Candidate[:0], r.rows)
	d.Mean, d.Variance = wire.Pack(d.Mean[:0], r.floats), d.Variance[:0]
	s.fillWorth(d)
	if len(s.variance) > 0 {
		r.floats = r.floats[:0]
		for _, i := range r.rows {
			r.floats = append(r.floats, s.variance[i])
		}
		d.Variance = wire.Pack(d.Variance, r.floats)
	}
}

// name is a candidate's id, "" for none's.
func (s *scratch) name(i int) string {
	if i == s.of.Len() {
		return ""
	}
	return s.of.ID(i)
}

// fillFrameShare decides whether this record carries all that were allowed, from
// the seed but apart from what it drew. Where that would not fit it never does,
// and its share is 0.
func (s *scratch) fillFrameShare(d *wire.Decision) {
	d.FrameShare, d.FullFrame = 0, false
	if !s.planned {
		return
	}
	row := 4 + 8 + 8 + 24 + 4*(s.slot.Plan.Shape.Dense+s.slot.Plan.Shape.Categorical)
	if s.allowed.Bits.Count()*row > maxFull {
		return
	}
	d.FrameShare = float32(s.active.Rulebook.FrameShare)
	d.FullFrame = float64(mix(s.slate.Seed)>>11)*0x1p-53 < float64(d.FrameShare)
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// fillFeatures enters the features as scored. What they hold of the person stays
// out, unless model training is granted.
func (s *scratch) fillFeatures(d *wire.Decision) {
	r := &s.record
	d.Features, d.Context, r.part = nil, d.Context[:0], r.part[:0]
	if !s.planned {
		return
	}
	r.columns = s.slot.Plan.Columns
	r.context, r.contexts = append(r.context[:0], s.dense...), append(r.contexts[:0], s.hashed...)
	r.dense, r.hashed = r.dense[:0], r.hashed[:0]
	for _, i := range r.rows {
		if int(i) == s.of.Len() {
			r.dense, r.hashed = s.rows.AppendMissing(r.dense, r.hashed)
		} else {
			r.dense, r.hashed = s.rows.Append(r.dense, r.hashed, int(i))
		}
	}
	if !s.who.Grants.Has(wire.ModelTraining) {
		r.personal = s.rows.AppendPersonal(r.personal[:0], r.rows)
		if len(s.who.Fields)+len(r.personal) > 0 {
			r.part = s.slot.Plan.Withhold(r.part, r.context, r.contexts, r.dense, r.personal)
		}
	}
	if len(r.part) > 0 {
		d.Context = append(d.Context, apart)
	}
	f := &r.features
	f.Columns = r.columns[:]
	f.ContextDense = wire.Pack(f.ContextDense[:0], r.context)
	f.ContextCategorical = wire.Pack(f.ContextCategorical[:0], r.contexts)
	f.Dense, f.Categorical = wire.Pack(f.Dense[:0], r.dense), wire.Pack(f.Categorical[:0], r.hashed)
	d.Features = f
}

// apart says in Decision.context that the person's columns are kept apart, on the
// node and for a while.
const apart = 1

// fillShown enters each position with the promise that goes with it.
func (s *scratch) fillShown(d *wire.Decision) {
	d.Shown = d.Shown[:0]
	for i, p := range s.slate.Positions {
		if i == len(s.record.shown) {
			s.record.shown = append(s.record.shown, new(shown))
		}
		x := s.record.shown[i]
		x.Probability, x.Feasible, x.Pinned = p.Probability, uint32(p.Feasible), p.Pinned
		s.record.weighed(x, &s.slate, p, s.problem.Mask != nil || s.problem.Adjust != nil, s.means)
		s.promise(x, p.Candidate, i)
		d.Shown = append(d.Shown, &x.Shown)
	}
}

// weighed enters what a position was drawn from, where the rows alone don't tell:
// where hooks were asked. Means that nothing adjusted are those of the rows.
func (r *record) weighed(x *shown, slate *explore.Slate, p explore.Position, hooks bool, means []float64) {
	x.Contenders, x.Mean, x.Explored = x.Contenders[:0], x.Mean[:0], 0
	if !hooks || p.Pinned {
		return
	}
	candidates, weighed := slate.Weighed(p)
	x.Explored = uint32(p.Explored)
	adjusted := false
	r.places = r.places[:0]
	for k, i := range candidates {
		r.places = append(r.places, uint32(slices.Index(r.rows, uint32(i))))
		adjusted = adjusted || weighed[k] != means[i]
	}
	x.Contenders = wire.Pack(x.Contenders, r.places)
	if adjusted {
		x.Mean = wire.Pack(x.Mean, weighed)
	}
}

// promise enters what a shown item costs, what there is of it, and its hold.
func (s *scratch) promise(x *shown, candidate, position int) {
	x.Price, x.TaxRate, x.Cost, x.CostKnown, x.OnHand, x.Offer, x.Hold = nil, 0, 0, false, 0, "", nil
	x.QuoteUntilMs, x.Lowest30D, x.Fulfilment, x.Applied = 0, 0, "", x.Applied[:0]
	x.PricePersonal = false
	if candidate == s.of.Len() || s.of.Places[candidate] == rules.Nowhere {
		return
	}
	v, place := s.of.View, int(s.of.Places[candidate])
	price := s.of.Price(&s.allowed, candidate)
	x.price.Amount, x.price.Currency = price.Gross, v.Currency.At(place)
	x.Price, x.TaxRate, x.Offer = &x.price, v.TaxRate[place], price.Offers()
	if q := s.slot.Quote; q != nil {
		x.QuoteUntilMs = s.now + q.TTL.Milliseconds()
	}
	x.Lowest30D = s.d.opt.Catalogue.Lowest(place, v.Snapshot.Gross[place], s.now, began(&price))
	x.Fulfilment = v.Ways(place)
	s.apply(x, &price)
	x.PricePersonal = price.Personal
	if v.Cost[place] != rulebook.UnknownCost {
		x.Cost, x.CostKnown = v.Cost[place], true
	}
	x.OnHand = int32(min(max(s.d.opt.Catalogue.OnHand(place), math.MinInt32), math.MaxInt32))
	if h := s.slot.Hold; h != nil {
		copy(x.id[:], coordinate.ID(s.id, position))
		x.hold.Id, x.hold.UntilMs, x.hold.Quantity = x.id[:], s.now+h.TTL.Milliseconds(), uint32(h.Quantity)
		x.Hold = &x.hold
	}
}

// began is when the last of the offers began that make a price, 0 without any: what
// was asked before it is what the reduction is compared with.
func began(price *rules.Price) (ms int64) {
	for _, a := range price.Applied {
		ms = max(ms, a.StartsMs, 1)
	}
	return ms
}

// toTheTill is how long a price stands where the slot neither holds nor quotes.
const toTheTill = 10 * time.Minute

// reservedFor is how long a budget is kept for what is shown.
func (s *scratch) reservedFor() time.Duration {
	h, q := s.slot.Hold, s.slot.Quote
	switch {
	case h != nil && q != nil:
		return max(h.TTL, q.TTL)
	case h != nil:
		return h.TTL
	case q != nil:
		return q.TTL
	}
	return toTheTill
}

// apply enters the offers that make a price, and what they take out of budgets.
func (s *scratch) apply(x *shown, price *rules.Price) {
	for i, o := range price.Applied {
		if i == len(x.applied) {
			x.applied = append(x.applied, new(wire.Applied))
		}
		a := x.applied[i]
		a.Offer, a.Discount, a.Once, a.EndsMs, a.Units, a.UntilMs = o.Id, o.Discount, o.Once(), o.EndsMs, 0, 0
		if o.Budgeted {
			a.Units, a.UntilMs = uint32(s.units()), s.now+s.reservedFor().Milliseconds()
		}
		x.Applied = append(x.Applied, a)
	}
}

func rfc3339(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
