package coordinate

import (
	"encoding/hex"

	"github.com/aisle-edge/aisle/sync/wire"
)

// ActionID names an action: 16 bytes decision, its position and its plan, both
// from 0. What begins it, up to the position, is the id of that position's hold.
type ActionID [idSize + 1]byte

// NewActionID is the id of what a decision's plan makes of a position.
func NewActionID(decision []byte, position, plan int) (id ActionID) {
	copy(id[:16], decision)
	id[16], id[17] = byte(position), byte(plan)
	return id
}

// ParseActionID reads what String wrote.
func ParseActionID(s string) (id ActionID, ok bool) {
	n, err := hex.Decode(id[:], []byte(s[:min(len(s), 2*len(id))]))
	return id, err == nil && n == len(id) && len(s) == 2*n && s == id.String()
}

// String is the id in 36 hexadecimal digits.
func (id ActionID) String() string { return hex.EncodeToString(id[:]) }

func (id ActionID) hold() []byte { return id[:idSize] }

// Update is the record of what became of the action.
func (id ActionID) Update(to wire.ActionState) *wire.ActionUpdate {
	return &wire.ActionUpdate{Decision: id[:16:16], Position: uint32(id[16]), Plan: uint32(id[17]), State: to}
}

// idOf is whose a record is; false for a malformed one.
func idOf(u *wire.ActionUpdate) (id ActionID, ok bool) {
	if len(u.GetDecision()) != 16 || u.Position > 255 || u.Plan > 255 {
		return id, false
	}
	return NewActionID(u.Decision, int(u.Position), int(u.Plan)), true
}
