package link

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// ingest is the durable consumer of segments; ackWait how long one may take
// before its segment is handed out again.
const (
	ingest  = "ingest"
	ackWait = 10 * time.Second
)

// Limits bounds what the hub keeps, in bytes. A full stream refuses what is
// new: agents keep their segments and try again.
type Limits struct {
	Up        int64 // segments not yet in the ledger; default 8 GiB
	Artifacts int64 // default 4 GiB
	Trust     int64 // default 256 MiB
	Marks     int64 // default 64 MiB
}

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

// Prepare connects once and makes the streams, or sets their limits anew. Nobody
// may fetch meanwhile: what was handed out and is not done is handed out again.
func Prepare(ctx context.Context, cfg Config, l Limits) error {
	c := NewCentral(cfg)
	nc, err := c.options(ctx).Connect()
	if err != nil {
		return fmt.Errorf("connect to prepare streams: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	for _, s := range streams(l) {
		if _, err := js.CreateOrUpdateStream(ctx, s); err != nil {
			return fmt.Errorf("prepare stream %s: %w", s.Name, err)
		}
	}
	// A consumer of before would hold back for ackWait what it handed out to a
	// process that is gone. A new one hands out all that was not trimmed yet, and
	// what is in the ledger already is answered at once.
	if err := js.DeleteConsumer(ctx, string(subject.Up), ingest); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return err
	}
	_, err = js.CreateConsumer(ctx, string(subject.Up), jetstream.ConsumerConfig{
		Durable:       ingest,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxAckPending: 1024,
	})
	return err
}

func streams(l Limits) []jetstream.StreamConfig {
	var all []jetstream.StreamConfig
	for _, s := range []struct {
		name       subject.Stream
		bytes      int64
		otherwise  int64
		perSubject int64
	}{
		{subject.Up, l.Up, 8 << 30, -1},
		{subject.Artifacts, l.Artifacts, 4 << 30, 1},
		{subject.Trust, l.Trust, 256 << 20, 1},
		{subject.Marks, l.Marks, 64 << 20, 1},
	} {
		if s.bytes <= 0 {
			s.bytes = s.otherwise
		}
		all = append(all, jetstream.StreamConfig{
			Name:              string(s.name),
			Subjects:          []string{s.name.Subjects()},
			Storage:           jetstream.FileStorage,
			Retention:         jetstream.LimitsPolicy,
			Discard:           jetstream.DiscardNew,
			MaxBytes:          s.bytes,
			MaxMsgsPerSubject: s.perSubject,
			AllowDirect:       s.perSubject == 1,
			Duplicates:        2 * time.Minute, // a help: the ledger counts once by itself
		})
	}
	return all
}

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

// Sweep removes the artifacts and trust files that are not to be kept.
func (c *Central) Sweep(ctx context.Context, artifact func(digest [32]byte) bool, file func(name string) bool) error {
	nc, _, _ := c.now()
	if nc == nil {
		return ErrOffline
	}
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	artifacts := sweep(ctx, js, subject.Artifacts, func(s string) bool {
		digest, _, err := subject.ParseChunk(s)
		return err == nil && artifact(digest)
	})
	return errors.Join(artifacts, sweep(ctx, js, subject.Trust, func(s string) bool {
		name, err := subject.ParseFile(s)
		return err == nil && file(name)
	}))
}

func sweep(ctx context.Context, js jetstream.JetStream, name subject.Stream, keep func(subj string) bool) error {
	stream, err := js.Stream(ctx, string(name))
	if err != nil {
		return err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(name.Subjects()))
	if err != nil {
		return err
	}
	for subj := range info.State.Subjects {
		if !keep(subj) {
			err = errors.Join(err, stream.Purge(ctx, jetstream.WithPurgeSubject(subj)))
		}
	}
	return err
}
