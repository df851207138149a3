package link

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/nats-io/nats.go"

	"github.com/aisle-edge/aisle/sync/subject"
)

// ack is what a stream says about a message it was given.
type ack struct {
	Stream   string `json:"stream"`
	Sequence uint64 `json:"seq"`
	Error    *struct {
		Code        int    `json:"err_code"`
		Description string `json:"description"`
	} `json:"error"`
}

// store publishes into a stream and waits until the stream has it on disk. The
// id lets the stream drop a repeat within its window; empty: no id.
func (c *conn) store(ctx context.Context, to subject.Stream, subj, id string, data []byte) error {
	m := nats.NewMsg(subj)
	m.Data = data
	m.Header.Set(nats.ExpectedStreamHdr, string(to))
	if id != "" {
		m.Header.Set(nats.MsgIdHdr, id)
	}
	reply, err := c.ask(ctx, m)
	if err != nil {
		return err
	}
	var a ack
	if err := json.Unmarshal(reply.Data, &a); err != nil {
		return fmt.Errorf("%w: unreadable acknowledgement of %s", ErrRefused, subj)
	}
	switch {
	case a.Error != nil:
		return fmt.Errorf("%w: %s (%d)", ErrRefused, a.Error.Description, a.Error.Code)
	case a.Stream != string(to) || a.Sequence == 0:
		return fmt.Errorf("%w: %s was not stored in %s", ErrRefused, subj, to)
	}
	return nil
}

// load reads the last message a stream keeps under a subject. What is not
// there is fs.ErrNotExist.
func (c *conn) load(ctx context.Context, from subject.Stream, subj string) ([]byte, error) {
	reply, err := c.ask(ctx, nats.NewMsg(from.Get(subj)))
	if err != nil {
		return nil, err
	}
	switch status := reply.Header.Get("Status"); {
	case status == "404":
		return nil, fmt.Errorf("%s: %w", subj, fs.ErrNotExist)
	case status != "":
		return nil, fmt.Errorf("%w: %s %s", ErrRefused, status, reply.Header.Get("Description"))
	case reply.Header.Get("Nats-Subject") != subj:
		return nil, fmt.Errorf("%w: answer to another question than %s", ErrRefused, subj)
	}
	return reply.Data, nil
}
