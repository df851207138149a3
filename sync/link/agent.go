package link

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Timestamp is the trust file whose change says that there is something new.
const Timestamp = "timestamp.json"

// Agent is a node's end. Its methods may be called from any goroutine.
type Agent struct {
	*conn
	node subject.Node
}

// NewAgent makes the end of a node; nothing is dialled before Run.
func NewAgent(cfg Config, node subject.Node) *Agent {
	return &Agent{newConn(cfg, node.Inbox()), node}
}

// Send publishes a sealed segment and returns nil once the hub has it on disk.
// After any error send the same bytes under the same id again.
func (a *Agent) Send(ctx context.Context, id string, segment []byte) error {
	if err := a.store(ctx, subject.Up, a.node.Segment(), id, segment); err != nil {
		return fmt.Errorf("send segment %s: %w", id, err)
	}
	return nil
}

// Action publishes an action for a function of the site and returns nil once the hub
// has it on disk. After any error send the same bytes under the same id again.
func (a *Agent) Action(ctx context.Context, function, id string, action []byte) error {
	subj, err := a.node.Action(function)
	if err != nil {
		return err
	}
	if err := a.store(ctx, subject.Actions, subj, id, action); err != nil {
		return fmt.Errorf("send action %s: %w", id, err)
	}
	return nil
}

// Status tells the centre about the node: once, to whoever listens.
func (a *Agent) Status(status []byte) error {
	nc, _, _ := a.now()
	if nc == nil {
		return ErrOffline
	}
	return nc.Publish(a.node.Status(), status)
}

// Chunk reads chunk i of an artifact as it was put; fs.ErrNotExist if the hub
// has none. The bytes are unverified.
func (a *Agent) Chunk(ctx context.Context, digest [32]byte, i uint32) ([]byte, error) {
	return a.load(ctx, subject.Artifacts, subject.Chunk(digest, i))
}

// File reads a trust file of at most limit bytes; fs.ErrNotExist if the hub
// has none. The bytes are unverified.
func (a *Agent) File(ctx context.Context, name string, limit int) ([]byte, error) {
	subj, err := subject.File(name)
	if err != nil {
		return nil, err
	}
	b, err := a.load(ctx, subject.Trust, subj)
	if err == nil && len(b) > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, %d are allowed", ErrRefused, name, len(b), limit)
	}
	return b, err
}

// Follow calls mark with the node's last mark and released when trust files
// may have changed: after each connect, at each hint, and once a Poll. The
// same mark may come again. Both are called from one goroutine, which they
// hold up. It returns nil when ctx ends.
func (a *Agent) Follow(ctx context.Context, mark func(*wire.Mark), released func()) error {
	for {
		nc, lost, err := a.await(ctx)
		if err != nil {
			return nil
		}
		if err := a.follow(ctx, nc, lost, mark, released); err != nil && ctx.Err() == nil {
			a.cfg.Log.Warn("follow the hub", "err", err)
			pause(ctx, a.cfg.MinBackoff)
		}
	}
}

// follow is Follow within one connection.
func (a *Agent) follow(ctx context.Context, nc *nats.Conn, lost context.Context, mark func(*wire.Mark), released func()) error {
	timestamp, err := subject.File(Timestamp)
	if err != nil {
		return err
	}
	hints := make(chan *nats.Msg, 64)
	for _, s := range []string{a.node.Mark(), timestamp} {
		sub, err := nc.ChanSubscribe(s, hints)
		if err != nil {
			return err
		}
		defer sub.Unsubscribe()
	}
	poll := time.NewTicker(a.cfg.Poll)
	defer poll.Stop()
	for {
		if err := a.lastMark(ctx, mark); err != nil {
			return err
		}
		released()
		for wait := true; wait; {
			select {
			case <-ctx.Done():
				return nil
			case <-lost.Done():
				return nil
			case <-poll.C:
				wait = false
			case m := <-hints:
				a.contact()
				if m.Subject == timestamp {
					released()
				} else if v, ok := a.own(m.Data); ok {
					mark(v)
				}
			}
		}
	}
}

func (a *Agent) lastMark(ctx context.Context, mark func(*wire.Mark)) error {
	b, err := a.load(ctx, subject.Marks, a.node.Mark())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if v, ok := a.own(b); ok {
		mark(v)
	}
	return nil
}

// own reads a mark and drops one that is not ours: another device can make
// the hub send bytes of its own to our subjects by naming them as its reply.
func (a *Agent) own(b []byte) (*wire.Mark, bool) {
	v := new(wire.Mark)
	if err := wire.DecodeMessage(b, v); err != nil || v.Agent != a.node.Agent() {
		a.cfg.Log.Warn("a mark that is not ours was dropped", "bytes", len(b))
		return nil, false
	}
	return v, true
}
