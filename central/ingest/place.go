package ingest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/sync/wire"
)

// field says which column of a row a field of a record goes to.
type field uint8

const (
	none field = iota
	eventID
	slot
	item
	decision
	pseudonym
	outcomeID
)

// body is what place needs to know about one body of wire.Record: its fields'
// columns, by field number.
type body struct {
	kind   ledger.Kind
	fields [16]field
}

// bodies is by field number in wire.Record.
var bodies = [...]body{
	2:  {ledger.Decision, [16]field{1: decision, 2: eventID, 4: slot, 7: pseudonym}},
	3:  {ledger.Activation, [16]field{1: decision, 2: eventID}},
	4:  {ledger.Outcome, [16]field{1: outcomeID, 2: eventID, 3: decision, 4: slot, 5: item, 12: pseudonym}},
	5:  {ledger.Consent, [16]field{1: pseudonym}},
	6:  {ledger.StockCount, [16]field{1: item}},
	7:  {ledger.StockMove, [16]field{2: item}},
	8:  {ledger.Item, [16]field{1: item}},
	9:  {ledger.Profile, [16]field{1: pseudonym}},
	10: {kind: ledger.HoldEnd},
	11: {kind: ledger.Drop},
	12: {kind: ledger.Tick},
	20: {ledger.Erasure, [16]field{3: pseudonym}},
	21: {ledger.Nothing, [16]field{2: slot}},
	22: {ledger.ActionUpdate, [16]field{1: decision, 7: item}},
	23: {ledger.Fairness, [16]field{1: slot}},
}

var errUnreadable = errors.New("not a record of this version")

// place fills the columns of row from its record, which it reads one level deep
// and does not decode: a record is on its way to disk, and whoever learns from
// it decodes it then. What can't be read becomes Unreadable and is kept.
func place(row *ledger.Row) {
	keep := *row
	if err := placeRecord(row); err != nil {
		*row = keep
		row.Kind = ledger.Unreadable
	}
}

func placeRecord(row *ledger.Row) error {
	b := row.Record
	if len(b) == 0 || b[0] != wire.Version {
		return errUnreadable
	}
	row.Kind = ledger.Nothing
	return fields(b[1:], func(num protowire.Number, number uint64, bytes []byte) error {
		switch {
		case num == 1 && bytes == nil:
			row.AtMs = int64(number)
		case bytes == nil || row.Kind != ledger.Nothing || int(num) >= len(bodies) || bodies[num].kind == "":
			return errUnreadable // a body of a newer version, or two bodies
		default:
			return placeBody(row, &bodies[num], bytes)
		}
		return nil
	})
}

func placeBody(row *ledger.Row, body *body, b []byte) error {
	row.Kind = body.kind
	return fields(b, func(num protowire.Number, _ uint64, bytes []byte) error {
		if bytes == nil || int(num) >= len(body.fields) {
			return nil
		}
		switch to := body.fields[num]; to {
		case eventID:
			return text(&row.EventID, bytes)
		case slot:
			return text(&row.Slot, bytes)
		case item:
			return text(&row.Item, bytes)
		case decision:
			return id(&row.Decision, bytes)
		case pseudonym:
			return id(&row.Pseudonym, bytes)
		case outcomeID:
			row.OutcomeKey = outcomeKey(row.Site, bytes)
		}
		return nil
	})
}

func text(column *[]byte, b []byte) error {
	if *column = b; !utf8.Valid(b) {
		return errUnreadable
	}
	return nil
}

func id(column *[]byte, b []byte) error {
	if *column = b; len(b) != 0 && len(b) != 16 {
		return errUnreadable
	}
	return nil
}

// outcomeKey tells an outcome from every other of its site. Callers' ids are
// unique within a site, whichever of its agents they talk to: so a sale that was
// sent to two agents, or again to one that was reinstalled, has the same key. It
// is cut from SHA-256, so that nobody can make one sale hide another.
func outcomeKey(site string, id []byte) uint64 {
	if len(id) == 0 {
		return 0
	}
	b := append([]byte(site), 0)
	sum := sha256.Sum256(append(b, id...))
	return max(binary.LittleEndian.Uint64(sum[:]), 1)
}

// fields calls fn with each field of a message: its number, and its value as a
// number or, for a length-delimited one, as bytes that are never nil.
func fields(b []byte, fn func(num protowire.Number, number uint64, bytes []byte) error) error {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errUnreadable
		}
		b = b[n:]
		var number uint64
		var bytes []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			if bytes, n = protowire.ConsumeBytes(b); bytes == nil {
				bytes = []byte{}
			}
		default:
			n = protowire.ConsumeFieldValue(num, kind, b)
		}
		if n < 0 {
			return errUnreadable
		}
		b = b[n:]
		if err := fn(num, number, bytes); err != nil {
			return err
		}
	}
	return nil
}
