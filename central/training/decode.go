package training

import (
	"encoding/binary"
	"math"

	"github.com/aisle-edge/aisle/sync/wire"
)

// The trainer reads most of all records it gets, but little of each. These
// readers walk a record's bytes once and point into them; decoding whole
// messages costs several times as much. Field numbers are those of wire.proto;
// TestReadersAgreeWithTheDecoder holds them to it.

const (
	recordDecision   = 2
	recordActivation = 3
	recordOutcome    = 4
)

// decisionView is what is looked at in a decision. Its slices point into the
// record.
type decisionView struct {
	id, eventID, slot []byte
	arms              [4]armView // of more experiments than these nobody asks
	armCount          int
	deferred          bool
	holdback          bool
	apart             bool             // part of what was scored is not in the record
	items             [maxShown][]byte // of the first rows: those that were shown
	rows              int
	features          featuresView
	shown             [maxShown]shownView
	shownCount        int // of all, those past maxShown included
}

// maxShown is how many positions of a decision are learned from.
const maxShown = 100

type armView struct{ experiment, arm []byte }

type featuresView struct {
	columns            []byte
	contextDense       []byte
	contextCategorical []byte
	dense              []byte
	categorical        []byte
}

type shownView struct {
	probability float64
	feasible    uint64
	price       int64 // gross, minor units
	taxRate     float64
	cost        int64
	costKnown   bool
	pinned      bool // not drawn
}

// outcomeView is what is looked at in an outcome or an activation.
type outcomeView struct {
	eventID, decision, slot, item []byte
	basket                        []byte
	kind                          wire.OutcomeType
	quantity, value               float64
}

// body returns the message of the one body of a record of that field number.
func body(record []byte, field uint64) ([]byte, bool) {
	if len(record) == 0 || record[0] != wire.Version {
		return nil, false
	}
	r := reader{b: record[1:]}
	for r.next() {
		if r.field == field {
			return r.bytes, r.ok()
		}
	}
	return nil, false
}

func (d *decisionView) read(b []byte) bool {
	d.armCount, d.rows, d.shownCount = 0, 0, 0
	d.id, d.eventID, d.slot, d.deferred, d.holdback, d.apart = nil, nil, nil, false, false, false
	d.features = featuresView{}
	r := reader{b: b}
	for r.next() {
		switch r.field {
		case 1:
			d.id = r.bytes
		case 2:
			d.eventID = r.bytes
		case 4:
			d.slot = r.bytes
		case 13:
			if d.armCount < len(d.arms) && d.arms[d.armCount].read(r.bytes) {
				d.armCount++
			}
		case 18:
			d.deferred = r.number != 0
		case 19:
			d.holdback = r.number != 0
		case 26:
			if d.rows < maxShown {
				d.items[d.rows] = r.bytes
			}
			d.rows++
		case 30:
			if !d.features.read(r.bytes) {
				return false
			}
		case 33:
			if d.shownCount < maxShown && !d.shown[d.shownCount].read(r.bytes) {
				return false
			}
			d.shownCount++
		case 36:
			d.apart = len(r.bytes) > 0
		}
	}
	return r.ok() && len(d.id) == 16 && d.rows >= d.shownCount
}

func (a *armView) read(b []byte) bool {
	*a = armView{}
	r := reader{b: b}
	for r.next() {
		switch r.field {
		case 1:
			a.experiment = r.bytes
		case 2:
			a.arm = r.bytes
		}
	}
	return r.ok()
}

func (f *featuresView) read(b []byte) bool {
	r := reader{b: b}
	for r.next() {
		switch r.field {
		case 1:
			f.columns = r.bytes
		case 2:
			f.contextDense = r.bytes
		case 3:
			f.contextCategorical = r.bytes
		case 4:
			f.dense = r.bytes
		case 5:
			f.categorical = r.bytes
		}
	}
	return r.ok()
}

func (s *shownView) read(b []byte) bool {
	*s = shownView{}
	r := reader{b: b}
	for r.next() {
		switch r.field {
		case 1:
			s.probability = r.double()
		case 2:
			s.feasible = r.number
		case 3:
			money := reader{b: r.bytes}
			for money.next() {
				if money.field == 1 {
					s.price = int64(money.number)
				}
			}
			if !money.ok() {
				return false
			}
		case 4:
			s.taxRate = r.double()
		case 5:
			s.cost = int64(r.number)
		case 6:
			s.costKnown = r.number != 0
		case 10:
			s.pinned = r.number != 0
		}
	}
	return r.ok()
}

func (o *outcomeView) read(b []byte) bool {
	*o = outcomeView{}
	r := reader{b: b}
	for r.next() {
		switch r.field {
		case 2:
			o.eventID = r.bytes
		case 3:
			o.decision = r.bytes
		case 4:
			o.slot = r.bytes
		case 5:
			o.item = r.bytes
		case 6:
			o.kind = wire.OutcomeType(r.number)
		case 7:
			o.quantity = r.double()
		case 8:
			o.value = r.double()
		case 14:
			o.basket = r.bytes
		}
	}
	return r.ok()
}

// readActivation reads an activation into the fields that it shares with an
// outcome.
func (o *outcomeView) readActivation(b []byte) bool {
	*o = outcomeView{}
	r := reader{b: b}
	for r.next() {
		switch r.field {
		case 1:
			o.decision = r.bytes
		case 2:
			o.eventID = r.bytes
		}
	}
	return r.ok()
}

// reader walks the fields of one message. It is for trusted lengths no more
// than protobuf's own decoder is: whatever does not fit ends it, and ok is false.
type reader struct {
	b      []byte
	broken bool

	field  uint64
	number uint64 // of a varint, fixed32 or fixed64 field; else 0
	bytes  []byte // of a length-delimited field; else nil
}

func (r *reader) ok() bool { return !r.broken }

func (r *reader) double() float64 { return math.Float64frombits(r.number) }

func (r *reader) next() bool {
	if len(r.b) == 0 || r.broken {
		return false
	}
	tag := r.varint()
	r.field, r.number, r.bytes = tag>>3, 0, nil
	switch tag & 7 {
	case 0:
		r.number = r.varint()
	case 1:
		if r.broken = len(r.b) < 8; r.broken {
			return false
		}
		r.number, r.b = binary.LittleEndian.Uint64(r.b), r.b[8:]
	case 2:
		n := r.varint()
		if r.broken = r.broken || n > uint64(len(r.b)); r.broken {
			return false
		}
		r.bytes, r.b = r.b[:n:n], r.b[n:]
	case 5:
		if r.broken = len(r.b) < 4; r.broken {
			return false
		}
		r.number, r.b = uint64(binary.LittleEndian.Uint32(r.b)), r.b[4:]
	default:
		r.broken = true
	}
	r.broken = r.broken || r.field == 0
	return !r.broken
}

// varint has ways of its own for one byte and for two, which almost all tags and
// lengths of a decision are.
func (r *reader) varint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 {
		v := uint64(r.b[0])
		r.b = r.b[1:]
		return v
	}
	if len(r.b) > 1 && r.b[1] < 0x80 {
		v := uint64(r.b[0]&0x7f) | uint64(r.b[1])<<7
		r.b = r.b[2:]
		return v
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.broken = true
		return 0
	}
	r.b = r.b[n:]
	return v
}
