package link

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/aisle-edge/aisle/sync/subject"
)

// Delivery is a segment handed out by Fetch.
type Delivery struct {
	Node     subject.Node // whose subject it came on: the hub let no other agent publish there
	ID       string       // as sent; empty without one
	Data     []byte
	Received time.Time // when the hub stored it
	Attempt  uint64    // 1 the first time

	reply string // where the hub waits for our word
	c     *conn
}

// Done tells the hub that the segment is dealt with, and waits until it knows.
func (d *Delivery) Done(ctx context.Context) error { return d.tell(ctx, "+ACK") }

// Again has the segment handed out once more, after a wait.
func (d *Delivery) Again(wait time.Duration) error {
	word := "-NAK"
	if wait > 0 {
		word = fmt.Sprintf(`-NAK {"delay": %d}`, wait.Nanoseconds())
	}
	return d.tell(context.Background(), word) // at most Timeout
}

func (d *Delivery) tell(ctx context.Context, word string) error {
	m := nats.NewMsg(d.reply)
	m.Data = []byte(word)
	_, err := d.c.ask(ctx, m)
	return err
}

// Fetch waits for segments and returns those that are there, at most max, in
// the order of the stream but for repeats. The same segment comes again until
// it is Done. It outlives lost connections and fails only when ctx ends. What
// is Done is removed from the stream from time to time.
func (c *Central) Fetch(ctx context.Context, max int) ([]*Delivery, error) {
	for {
		batch, err := c.fetch(ctx, max)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			c.cfg.Log.Warn("fetch segments", "err", err)
			pause(ctx, c.cfg.MinBackoff)
		case len(batch) > 0:
			return batch, nil
		}
	}
}

// fetch is one round: what waits already, or else the first that comes.
func (c *Central) fetch(ctx context.Context, max int) ([]*Delivery, error) {
	nc, lost, err := c.await(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	defer context.AfterFunc(lost, cancel)()
	if err := c.open(ctx, nc); err != nil {
		return nil, err
	}
	batch, err := c.consumer.FetchNoWait(max)
	if err != nil {
		return nil, err
	}
	if all, err := c.deliveries(batch); len(all) > 0 || err != nil {
		return all, err
	}
	if batch, err = c.consumer.Fetch(1, jetstream.FetchContext(ctx)); err != nil {
		return nil, err
	}
	all, err := c.deliveries(batch)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) {
		err = nil // quiet for so long: not a fault
	}
	return all, err
}

func (c *Central) deliveries(batch jetstream.MessageBatch) ([]*Delivery, error) {
	var all []*Delivery
	for m := range batch.Messages() {
		node, err := subject.ParseUp(m.Subject())
		meta, merr := m.Metadata()
		if err != nil || merr != nil {
			return all, errors.Join(err, merr)
		}
		all = append(all, &Delivery{
			Node: node, ID: m.Headers().Get(nats.MsgIdHdr), Data: m.Data(),
			Received: meta.Timestamp, Attempt: meta.NumDelivered, reply: m.Reply(), c: c.conn,
		})
	}
	if len(all) > 0 {
		return all, nil
	}
	return nil, batch.Error()
}

// open finds the consumer on a new connection, and trims the stream once a
// minute.
func (c *Central) open(ctx context.Context, nc *nats.Conn) error {
	if c.on == nc && c.cfg.Now().Sub(c.trimmed) < time.Minute {
		return nil
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	stream, err := js.Stream(ctx, string(subject.Up))
	if err != nil {
		return err
	}
	consumer, err := stream.Consumer(ctx, ingest)
	if err != nil {
		return err
	}
	c.consumer, c.on, c.trimmed = consumer, nc, c.cfg.Now()
	if done := consumer.CachedInfo().AckFloor.Stream; done > 0 {
		return stream.Purge(ctx, jetstream.WithPurgeSequence(done+1))
	}
	return nil
}
