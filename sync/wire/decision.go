package wire

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// A node writes a decision for every answer it gives, under the lock of its log,
// and the generated codec spends most of that time on finding out what it has
// before it. So decisions are written by hand, field after field, to the same
// bytes; TestDecisionByHand holds the two together. What is out of the ordinary,
// fields of a newer format or text that is not UTF-8, is left to the generated
// codec.

// pen writes one message. Field numbers are those of wire.proto.
type pen struct {
	b   []byte
	odd bool // left to the generated codec
}

// appendDecision is AppendMessage for a record of a decision; false, and dst as
// it was, for what is left to the generated codec.
func appendDecision(dst []byte, r *Record, d *Decision) ([]byte, bool) {
	p := pen{b: append(dst, Version)}
	p.odd = d == nil || len(r.unknownFields) > 0
	p.number(1, uint64(r.AtMs))
	if !p.odd {
		at := p.open(2)
		p.decision(d)
		p.close(at)
	}
	if p.odd {
		return dst, false
	}
	return p.b, true
}

func (p *pen) decision(d *Decision) {
	p.known(d.unknownFields)
	p.bytes(1, d.Id)
	p.text(2, d.EventId)
	p.bytes(3, d.Request)
	p.text(4, d.Slot)
	p.text(5, d.Site)
	if v := d.Versions; v != nil {
		at := p.open(6)
		p.versions(v)
		p.close(at)
	}
	p.bytes(7, d.Pseudonym)
	p.bytes(8, d.Session)
	p.bytes(9, d.Basket)
	p.texts(10, d.PurposesUsed)
	for _, w := range d.Withheld {
		at := p.open(11)
		p.withheld(w)
		p.close(at)
	}
	p.number(12, d.ConsentVersion)
	for _, a := range d.Arms {
		at := p.open(13)
		p.arm(a)
		p.close(at)
	}
	if v := d.Policy; v != nil {
		at := p.open(14)
		p.policy(v)
		p.close(at)
	}
	p.number(15, uint64(d.Attempt))
	p.number(16, d.Seed)
	p.number(17, uint64(d.Degraded))
	p.flag(18, d.Deferred)
	p.flag(19, d.Holdback)
	p.flag(20, d.Baseline)
	p.number(21, uint64(d.Candidates))
	p.bytes(22, d.Allowed)
	p.number(23, d.Catalogue)
	for _, x := range d.Removed {
		at := p.open(24)
		p.removal(x)
		p.close(at)
	}
	p.texts(25, d.Actions)
	p.texts(26, d.Items)
	p.bytes(27, d.Candidate)
	p.bytes(28, d.Mean)
	p.bytes(29, d.Variance)
	if f := d.Features; f != nil {
		at := p.open(30)
		p.features(f)
		p.close(at)
	}
	p.float(31, d.FrameShare)
	p.flag(32, d.FullFrame)
	for _, x := range d.Shown {
		at := p.open(33)
		p.shown(x)
		p.close(at)
	}
	p.text(34, d.Shadow)
	p.number(35, uint64(d.AgeModelS))
	p.bytes(36, d.Context)
	p.bytes(37, d.Household)
	for _, x := range d.Plans {
		at := p.open(40)
		p.plan(x)
		p.close(at)
	}
	if g := d.Group; g != nil {
		at := p.open(41)
		p.group(g)
		p.close(at)
	}
	p.bytes(45, d.Prediction)
	p.bytes(46, d.Worth)
	p.number(47, uint64(d.DegradedBy))
	p.flag(50, d.Counted)
}

func (p *pen) plan(x *Plan) {
	if x == nil {
		return
	}
	p.known(x.unknownFields)
	p.text(1, x.Function)
	p.text(2, x.Kind)
	p.number(3, uint64(x.When))
	p.flag(4, x.Approval)
	p.number(5, uint64(x.TtlMs))
}

func (p *pen) group(g *Group) {
	p.known(g.unknownFields)
	p.text(1, g.EventId)
	p.text(2, g.Part)
	p.texts(3, g.Parts)
}

func (p *pen) versions(v *Versions) {
	p.known(v.unknownFields)
	p.number(1, v.Release)
	p.text(2, v.ReleaseId)
	p.bytes(3, v.Module)
	p.bytes(4, v.Model)
	p.bytes(5, v.Rulebook)
}

func (p *pen) withheld(w *Withheld) {
	if w == nil {
		return
	}
	p.known(w.unknownFields)
	p.text(1, w.Field)
	p.text(2, w.Purpose)
	p.text(3, w.Why)
}

func (p *pen) arm(a *Arm) {
	if a == nil {
		return
	}
	p.known(a.unknownFields)
	p.text(1, a.Experiment)
	p.text(2, a.Arm)
	p.double(3, a.Share)
}

func (p *pen) policy(v *Policy) {
	p.known(v.unknownFields)
	p.text(1, v.Kind)
	p.double(2, v.Epsilon)
	p.double(3, v.Temperature)
	p.double(4, v.Gamma)
	p.double(5, v.NoneFloor)
	p.flag(6, v.None)
	p.number(7, uint64(v.Contenders))
	p.double(8, v.Alpha)
}

func (p *pen) removal(r *Removal) {
	if r == nil {
		return
	}
	p.known(r.unknownFields)
	p.text(1, r.Rule)
	p.number(2, uint64(r.Count))
}

func (p *pen) features(f *Features) {
	p.known(f.unknownFields)
	p.bytes(1, f.Columns)
	p.bytes(2, f.ContextDense)
	p.bytes(3, f.ContextCategorical)
	p.bytes(4, f.Dense)
	p.bytes(5, f.Categorical)
}

func (p *pen) shown(s *Shown) {
	if s == nil {
		return
	}
	p.known(s.unknownFields)
	p.double(1, s.Probability)
	p.number(2, uint64(s.Feasible))
	if m := s.Price; m != nil {
		at := p.open(3)
		p.known(m.unknownFields)
		p.number(1, uint64(m.Amount))
		p.text(2, m.Currency)
		p.close(at)
	}
	p.double(4, s.TaxRate)
	p.number(5, uint64(s.Cost))
	p.flag(6, s.CostKnown)
	p.number(7, protowire.EncodeZigZag(int64(s.OnHand)))
	p.text(8, s.Offer)
	if h := s.Hold; h != nil {
		at := p.open(9)
		p.known(h.unknownFields)
		p.bytes(1, h.Id)
		p.number(2, uint64(h.UntilMs))
		p.number(3, uint64(h.Quantity))
		p.close(at)
	}
	p.flag(10, s.Pinned)
	p.bytes(11, s.Contenders)
	p.bytes(12, s.Mean)
	p.number(13, uint64(s.Explored))
	p.number(20, uint64(s.QuoteUntilMs))
	p.number(21, uint64(s.Lowest30D))
	p.text(22, s.Fulfilment)
	for _, a := range s.Applied {
		at := p.open(25)
		p.applied(a)
		p.close(at)
	}
	p.flag(26, s.PricePersonal)
}

func (p *pen) applied(a *Applied) {
	if a == nil {
		return
	}
	p.known(a.unknownFields)
	p.text(1, a.Offer)
	p.number(2, uint64(a.Discount))
	p.number(3, uint64(a.Units))
	p.number(4, uint64(a.UntilMs))
	p.flag(5, a.Once)
	p.number(6, uint64(a.EndsMs))
}

func (p *pen) known(unknown []byte) { p.odd = p.odd || len(unknown) > 0 }

func (p *pen) tag(field protowire.Number, t protowire.Type) {
	p.b = protowire.AppendTag(p.b, field, t)
}

// open begins a message within this one, and close ends it. Its length is known
// only then: what was written moves if that takes more than the one byte that open
// leaves.
func (p *pen) open(field protowire.Number) (at int) {
	p.tag(field, protowire.BytesType)
	p.b = append(p.b, 0)
	return len(p.b)
}

func (p *pen) close(at int) {
	n := len(p.b) - at
	if more := protowire.SizeVarint(uint64(n)) - 1; more > 0 {
		p.b = append(p.b, make([]byte, more)...)
		copy(p.b[at+more:], p.b[at:at+n])
	}
	binary.PutUvarint(p.b[at-1:], uint64(n))
}

func (p *pen) number(field protowire.Number, v uint64) {
	if v != 0 {
		p.tag(field, protowire.VarintType)
		p.b = binary.AppendUvarint(p.b, v)
	}
}

func (p *pen) flag(field protowire.Number, v bool) {
	if v {
		p.number(field, 1)
	}
}

func (p *pen) double(field protowire.Number, v float64) {
	if bits := math.Float64bits(v); bits != 0 {
		p.tag(field, protowire.Fixed64Type)
		p.b = binary.LittleEndian.AppendUint64(p.b, bits)
	}
}

func (p *pen) float(field protowire.Number, v float32) {
	if bits := math.Float32bits(v); bits != 0 {
		p.tag(field, protowire.Fixed32Type)
		p.b = binary.LittleEndian.AppendUint32(p.b, bits)
	}
}

func (p *pen) bytes(field protowire.Number, v []byte) {
	if len(v) > 0 {
		p.tag(field, protowire.BytesType)
		p.b = append(binary.AppendUvarint(p.b, uint64(len(v))), v...)
	}
}

func (p *pen) text(field protowire.Number, v string) {
	if v != "" {
		p.element(field, v)
	}
}

// texts writes empty ones too: they have their place in the list.
func (p *pen) texts(field protowire.Number, all []string) {
	for _, v := range all {
		p.element(field, v)
	}
}

func (p *pen) element(field protowire.Number, v string) {
	p.odd = p.odd || !utf8.ValidString(v)
	p.tag(field, protowire.BytesType)
	p.b = append(binary.AppendUvarint(p.b, uint64(len(v))), v...)
}
