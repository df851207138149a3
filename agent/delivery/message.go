package delivery

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Message is what a function is told.
type Message struct {
	ID   string // the same however often it is sent
	Body []byte
}

// Door is a way to a function. Send returns what the function made of a message:
// sent, done or rejected. Its error is a *Final one, or the message is sent again.
type Door interface {
	Send(ctx context.Context, m Message) (wire.ActionState, error)
}

// Final is why a message is not sent again.
type Final struct {
	Why string // a short word for the staff, such as status_404
}

func (f *Final) Error() string { return "refused: " + f.Why }

type envelope struct {
	Type      string `json:"type"`
	Timestamp string `json:"timestamp"`
	Data      data   `json:"data"`
}

type data struct {
	ID       string `json:"id"`
	Function string `json:"function"`
	Kind     string `json:"kind"`
	Site     string `json:"site"`
	Slot     string `json:"slot"`
	ItemID   string `json:"itemId"`
	Quantity uint32 `json:"quantity"`
	Price    *price `json:"price,omitempty"`
	Due      string `json:"due"`
}

type price struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

func message(site string, row *wire.Action) Message {
	at := func(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
	d := data{
		ID: coordinate.ActionID(row.Id).String(), Function: row.Function, Kind: row.Kind, Site: site, Slot: row.Slot,
		ItemID: row.Item, Quantity: row.Quantity, Due: at(row.DueMs),
	}
	if p := row.Price; p != nil {
		d.Price = &price{p.Amount, p.Currency}
	}
	body, err := json.Marshal(envelope{"action", at(row.ChangedMs), d})
	if err != nil {
		panic(err) // texts and numbers
	}
	return Message{d.ID, body}
}
