package coordinate

import (
	"slices"
	"strings"

	"github.com/aisle-edge/aisle/sync/wire"
)

// after says which states may follow a state. Nothing reaches a function, or is
// done, that was not approved first: by the staff, or by the rulebook.
var after = map[wire.ActionState][]wire.ActionState{
	wire.ActionState_ACTION_PROPOSED: {wire.ActionState_ACTION_APPROVED, wire.ActionState_ACTION_EDITED, wire.ActionState_ACTION_REJECTED},
	wire.ActionState_ACTION_APPROVED: executing,
	wire.ActionState_ACTION_EDITED:   executing,
	wire.ActionState_ACTION_SENT:     {wire.ActionState_ACTION_DONE, wire.ActionState_ACTION_REJECTED},
	wire.ActionState_ACTION_FAILED:   {wire.ActionState_ACTION_DONE, wire.ActionState_ACTION_REJECTED},
}

var executing = []wire.ActionState{
	wire.ActionState_ACTION_SENT, wire.ActionState_ACTION_DONE, wire.ActionState_ACTION_REJECTED, wire.ActionState_ACTION_FAILED,
}

func follows(from, to wire.ActionState) bool { return slices.Contains(after[from], to) }

// deliverable tells whether the function is to get it.
func deliverable(s wire.ActionState) bool {
	return s == wire.ActionState_ACTION_APPROVED || s == wire.ActionState_ACTION_EDITED
}

// StateName is a state as people write it.
func StateName(s wire.ActionState) string {
	return strings.ToLower(strings.TrimPrefix(s.String(), "ACTION_"))
}

// ParseState reads what StateName wrote.
func ParseState(name string) (wire.ActionState, bool) {
	s, ok := wire.ActionState_value["ACTION_"+strings.ToUpper(name)]
	return wire.ActionState(s), ok && s != 0 && name == strings.ToLower(name)
}
