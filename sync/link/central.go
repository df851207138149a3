package link

import (
	"context"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Central is the centre's end. Its methods may be called from any goroutine,
// Fetch from one at a time.
type Central struct {
	*conn

	// owned by Fetch
	consumer jetstream.Consumer
	on       *nats.Conn // the connection consumer belongs to
	trimmed  time.Time
}

// NewCentral makes the centre's end; nothing is dialled before Run.
func NewCentral(cfg Config) *Central {
	return &Central{conn: newConn(cfg, nats.InboxPrefix[:len(nats.InboxPrefix)-1])}
}

// Statuses calls each with every status that agents send, until ctx ends; it
// returns nil then. Statuses sent while there is no connection are lost.
func (c *Central) Statuses(ctx context.Context, each func(node subject.Node, status []byte)) error {
	for {
		nc, lost, err := c.await(ctx)
		if err != nil {
			return nil
		}
		sub, err := nc.Subscribe(subject.Statuses, func(m *nats.Msg) {
			c.contact()
			if node, err := subject.ParseUp(m.Subject); err == nil {
				each(node, m.Data)
			}
		})
		if err != nil {
			pause(ctx, c.cfg.MinBackoff)
			continue
		}
		select {
		case <-ctx.Done():
			sub.Unsubscribe()
		case <-lost.Done():
		}
	}
}

// Mark publishes how far an agent's log is in the ledger.
func (c *Central) Mark(ctx context.Context, node subject.Node, m *wire.Mark) error {
	b, err := wire.AppendMessage(nil, m)
	if err != nil {
		return err
	}
	return c.store(ctx, subject.Marks, node.Mark(), "", b)
}

// PutChunk stores chunk i of an artifact.
func (c *Central) PutChunk(ctx context.Context, digest [32]byte, i uint32, chunk []byte) error {
	return c.store(ctx, subject.Artifacts, subject.Chunk(digest, i), "", chunk)
}

// PutFile stores a trust file, in place of the one of that name.
func (c *Central) PutFile(ctx context.Context, name string, data []byte) error {
	subj, err := subject.File(name)
	if err != nil {
		return err
	}
	return c.store(ctx, subject.Trust, subj, "", data)
}
