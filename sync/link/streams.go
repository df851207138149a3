package link

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/aisle-edge/aisle/sync/subject"
)

// ingest is the durable consumer of segments; ackWait how long one may take
// before its segment is handed out again.
const (
	ingest  = "ingest"
	ackWait = 10 * time.Second
)

// actionsFor is how long actions are kept at the hub: none is due later.
const actionsFor = 24 * time.Hour

// Limits bounds what the hub keeps, in bytes. A full stream refuses what is
// new: agents keep their segments and try again.
type Limits struct {
	Up        int64 // segments not yet in the ledger; default 8 GiB
	Artifacts int64 // default 4 GiB
	Trust     int64 // default 256 MiB
	Marks     int64 // default 64 MiB
	Actions   int64 // those of a day; default 256 MiB
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
		{subject.Actions, l.Actions, 256 << 20, -1},
	} {
		if s.bytes <= 0 {
			s.bytes = s.otherwise
		}
		age := time.Duration(0)
		if s.name == subject.Actions {
			age = actionsFor
		}
		all = append(all, jetstream.StreamConfig{
			MaxAge:            age,
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
