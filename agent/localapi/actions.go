package localapi

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Action is what a function of the place is to do for an item that was shown.
type Action struct {
	ID          string    `json:"id"`
	EventID     string    `json:"eventId"`
	Slot        string    `json:"slot"`
	Function    string    `json:"function" enum:"stock_room,pricing,fulfilment,service"`
	Kind        string    `json:"kind" doc:"What to do, in the rulebook's word"`
	State       string    `json:"state" enum:"proposed,approved,edited,rejected,sent,done,failed,expired"`
	ItemID      string    `json:"itemId"`
	Recommended string    `json:"recommendedItemId,omitempty" doc:"The item before an edit named another"`
	Quantity    int       `json:"quantity"`
	Price       *Money    `json:"price,omitempty" doc:"Gross, of one"`
	Approval    bool      `json:"approval" doc:"Somebody of the staff accepts first"`
	By          string    `json:"by,omitempty" doc:"Role of who decided last"`
	Why         string    `json:"why,omitempty" doc:"It failed: what its function answered"`
	CreatedAt   time.Time `json:"createdAt" doc:"Node time"`
	ChangedAt   time.Time `json:"changedAt"`
	DueAt       time.Time `json:"dueAt"`
}

func actionOf(row *wire.Action) Action {
	a := Action{
		ID: coordinate.ActionID(row.Id).String(), EventID: row.EventId, Slot: row.Slot, Function: row.Function, Kind: row.Kind,
		State: coordinate.StateName(row.State), ItemID: row.Item, Recommended: row.Recommended, Quantity: int(row.Quantity),
		Approval: row.Approval, By: row.By, Why: row.Why,
		CreatedAt: time.UnixMilli(row.CreatedMs).UTC(), ChangedAt: time.UnixMilli(row.ChangedMs).UTC(), DueAt: time.UnixMilli(row.DueMs).UTC(),
	}
	if row.Price != nil {
		a.Price = &Money{row.Price.Amount, row.Price.Currency}
	}
	return a
}

// ActionList are some actions.
type ActionList struct {
	Actions []Action `json:"actions" doc:"In the order that was asked for"`
	More    bool     `json:"more" doc:"There are more than were asked for"`
}

type listActions struct {
	Function string    `query:"function" enum:"stock_room,pricing,fulfilment,service" doc:"Default: every function's"`
	State    []string  `query:"state" enum:"proposed,approved,edited,rejected,sent,done,failed,expired" doc:"One or more, with commas. Default: those that something may still become of"`
	Order    string    `query:"order" enum:"called,changed" default:"called" doc:"called: those that were called for first, first; changed: those that changed last, first"`
	Since    time.Time `query:"since" doc:"Only those that changed then or later, by changedAt"`
	Count    int       `query:"count" minimum:"1" maximum:"1000" default:"100"`
}

func (a *API) listActions(_ context.Context, in *listActions) (*answer[ActionList], error) {
	rows := a.Actions.List(in.Function, in.states()...)
	if !in.Since.IsZero() {
		since := in.Since.UnixMilli()
		rows = slices.DeleteFunc(rows, func(row *wire.Action) bool { return row.ChangedMs < since })
	}
	if in.Order == "changed" {
		slices.SortFunc(rows, func(x, y *wire.Action) int {
			return cmp.Or(cmp.Compare(y.ChangedMs, x.ChangedMs), slices.Compare(y.Id, x.Id))
		})
	}
	out := ActionList{Actions: []Action{}, More: len(rows) > in.Count}
	for _, row := range rows[:min(len(rows), in.Count)] {
		out.Actions = append(out.Actions, actionOf(row))
	}
	return &answer[ActionList]{out}, nil
}

func (in *listActions) states() (all []wire.ActionState) {
	for _, name := range in.State {
		state, _ := coordinate.ParseState(name) // it is one of the enum
		all = append(all, state)
	}
	return all
}

// ActionPath is exported, or the router would pass it over where it is embedded.
type ActionPath struct {
	ID string `path:"id" pattern:"^[0-9a-f]{36}$" patternDescription:"an action's id"`
}

func (p *ActionPath) id() (coordinate.ActionID, error) {
	id, ok := coordinate.ParseActionID(p.ID)
	if !ok {
		return id, coordinate.ErrUnknown
	}
	return id, nil
}

func (a *API) getAction(_ context.Context, in *ActionPath) (*answer[Action], error) {
	id, err := in.id()
	if err != nil {
		return nil, err
	}
	row, err := a.Actions.Get(id)
	if err != nil {
		return nil, err
	}
	return &answer[Action]{actionOf(row)}, nil
}

// Deciding is who of the staff says something.
type Deciding struct {
	By string `json:"by" pattern:"^[a-z0-9][a-z0-9_.-]{0,63}$" patternDescription:"a role such as stock-room or till-3" doc:"A role or place, never a name: it goes up to the centre"`
}

// ActionEdit approves an action as something else. What is left out stays.
type ActionEdit struct {
	Deciding
	ItemID   string `json:"itemId,omitempty" maxLength:"256" doc:"One of the rows of the decision"`
	Quantity int    `json:"quantity,omitempty" minimum:"1" maximum:"1000"`
	Price    *Money `json:"price,omitempty" doc:"Gross, of one: not below the slot's floors, not above what was answered"`
}

type sayAction struct {
	ActionPath
	Body Deciding
}

type editAction struct {
	ActionPath
	Body ActionEdit
}

// say makes the handler of what needs no more than who says it.
func (a *API) say(to wire.ActionState) func(context.Context, *sayAction) (*answer[Action], error) {
	return func(ctx context.Context, in *sayAction) (*answer[Action], error) {
		return a.act(ctx, &in.ActionPath, to, ranking.Staff{By: in.Body.By})
	}
}

func (a *API) editAction(ctx context.Context, in *editAction) (*answer[Action], error) {
	s := ranking.Staff{By: in.Body.By, Item: a.itemID(in.Body.ItemID), Quantity: in.Body.Quantity}
	if p := in.Body.Price; p != nil {
		s.Price = &attribution.Money{Amount: p.Amount, Currency: p.Currency}
	}
	return a.act(ctx, &in.ActionPath, wire.ActionState_ACTION_EDITED, s)
}

func (a *API) act(ctx context.Context, path *ActionPath, to wire.ActionState, s ranking.Staff) (*answer[Action], error) {
	id, err := path.id()
	if err != nil {
		return nil, err
	}
	row, err := a.Decider.Act(ctx, id, to, s)
	if err != nil {
		return nil, err
	}
	return &answer[Action]{actionOf(row)}, nil
}

func (a *API) actionRoutes(api huma.API) {
	const all, one = "/v1/actions", "/v1/actions/{id}"
	handle(api, operation("GET", all, "actions", "What functions of the place are to do", http.StatusOK), a.listActions)
	handle(api, operation("GET", one, "actions", "One action", http.StatusOK), a.getAction)
	handle(api, operation("POST", one+"/accept", "actions", "Approve it; an outcome of its decision", http.StatusOK), a.say(wire.ActionState_ACTION_APPROVED))
	handle(api, operation("POST", one+"/edit", "actions", "Approve it as something else; an outcome of the item that was recommended", http.StatusOK), a.editAction)
	handle(api, operation("POST", one+"/reject", "actions", "Reject it, and let go of what it holds; an outcome of its decision", http.StatusOK), a.say(wire.ActionState_ACTION_REJECTED))
	handle(api, operation("POST", one+"/done", "actions", "Say that it was carried out", http.StatusOK), a.say(wire.ActionState_ACTION_DONE))
}
