package erasure

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ids are what of a record says whose it is. Slices are parts of the record.
type ids struct {
	atMs                     int64
	kind                     protowire.Number // of its body
	person, session, basket  []byte
	decision, event, receipt []byte
	slot                     []byte
	version                  uint64
	others                   [][]byte // of a kind that is not known here: all of 16 bytes
}

// places says which field of a body is which, 0 for none.
type places struct {
	person, session, basket, decision, event, slot protowire.Number
}

// bodies is by field number in wire.Record. What is not in it is looked through.
var bodies = map[protowire.Number]places{
	decision: {person: 7, session: 8, basket: 9, decision: 1, event: 2, slot: 4},
	3:        {decision: 1, event: 2},
	4:        {person: 12, session: 13, basket: 14, decision: 3, event: 2, slot: 4},
	5:        {person: 1},
	6:        {},
	7:        {},
	8:        {},
	9:        {person: 1},
	10:       {decision: 1}, // the hold's id begins with it
	11:       {},
	12:       {},
	erasure:  {person: 3},
	erased:   {},
	22:       {decision: 1}, // the action's id begins with it
	23:       {},            // sums over many
}

const (
	decision protowire.Number = 2
	erasure  protowire.Number = 20
	erased   protowire.Number = 21
)

// identify reads a record one level deep; what can't be read is nobody's.
func identify(record []byte) (r ids) {
	if len(record) == 0 || record[0] != wire.Version {
		return r
	}
	var body []byte
	walk(record[1:], func(num protowire.Number, number uint64, text []byte) {
		if num == 1 && text == nil {
			r.atMs = int64(number)
		} else if text != nil {
			r.kind, body = num, text
		}
	})
	at, known := bodies[r.kind]
	walk(body, func(num protowire.Number, number uint64, text []byte) {
		switch {
		case !known && len(text) == len(wire.Pseudonym{}):
			r.others = append(r.others, text)
		case r.kind == erasure && num == 7:
			r.version = number
		case text == nil:
		case r.kind == erasure && num == 1:
			r.receipt = text
		case num == at.person:
			r.person = text
		case num == at.session:
			r.session = text
		case num == at.basket:
			r.basket = text
		case num == at.decision:
			r.decision = text[:min(len(text), 16)]
		case num == at.event:
			r.event = text
		case num == at.slot:
			r.slot = text
		}
	})
	return r
}

// walk calls fn with each field of a message: its number, and its value as a number
// or as bytes that are never nil.
func walk(b []byte, fn func(num protowire.Number, number uint64, text []byte)) {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return
		}
		b = b[n:]
		var number uint64
		var text []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			if text, n = protowire.ConsumeBytes(b); text == nil {
				text = []byte{}
			}
		default:
			n = protowire.ConsumeFieldValue(num, kind, b)
		}
		if n < 0 {
			return
		}
		fn(num, number, text)
		b = b[n:]
	}
}

// set is of pseudonyms, decisions, or keys of events.
type set map[[16]byte]struct{}

func (s set) add(b []byte) {
	if len(b) == 16 {
		s[[16]byte(b)] = struct{}{}
	}
}

func (s set) has(b []byte) bool {
	if len(b) != 16 || len(s) == 0 {
		return false
	}
	_, ok := s[[16]byte(b)]
	return ok
}

// eventKey is what a row names an event by, nil for none.
func eventKey(event []byte) []byte {
	if len(event) == 0 {
		return nil
	}
	k := attribution.KeyOf(string(event))
	return k[:]
}

// names tells whether a record holds a pseudonym, wherever.
func names(record []byte, who wire.Pseudonym) bool { return bytes.Contains(record, who[:]) }
