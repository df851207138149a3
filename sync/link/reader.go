package link

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/aisle-edge/aisle/sync/subject"
)

// readWait is how long a function may take to say that it has an action, before it is
// handed out again.
const readWait = 30 * time.Second

// Hand makes the consumers that hand their actions to functions, or leaves those that
// are there as they stand.
func Hand(ctx context.Context, cfg Config, to ...subject.Function) error {
	return actions(ctx, cfg, func(s jetstream.Stream) error {
		for _, f := range to {
			_, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
				Durable:       f.Consumer(),
				FilterSubject: f.Actions(),
				AckPolicy:     jetstream.AckExplicitPolicy,
				AckWait:       readWait,
				MaxAckPending: 256,
			})
			if err != nil {
				return fmt.Errorf("hand out the actions of %s: %w", f.Consumer(), err)
			}
		}
		return nil
	})
}

// Withhold removes what hands actions to a function.
func Withhold(ctx context.Context, cfg Config, f subject.Function) error {
	return actions(ctx, cfg, func(s jetstream.Stream) error {
		if err := s.DeleteConsumer(ctx, f.Consumer()); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
			return fmt.Errorf("hand out no more of %s: %w", f.Consumer(), err)
		}
		return nil
	})
}

// actions does something to the stream of actions, over a connection of its own.
func actions(ctx context.Context, cfg Config, do func(jetstream.Stream) error) error {
	nc, err := NewCentral(cfg).options(ctx).Connect()
	if err != nil {
		return fmt.Errorf("connect to the stream of actions: %w", err)
	}
	defer nc.Close()
	js, err := jetstream.New(nc)
	if err != nil {
		return err
	}
	s, err := js.Stream(ctx, string(subject.Actions))
	if err != nil {
		return err
	}
	return do(s)
}
