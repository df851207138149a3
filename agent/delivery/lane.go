package delivery

import (
	"container/heap"
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/sync/wire"
)

// lane is the way to one function. It is owned by run.
type lane struct {
	*Courier
	function string
	door     Door
	queue    tries
	flying   int
	down     bool // the last try came to nothing
	back     chan *try
}

// try is an action on its way.
type try struct {
	id    coordinate.ActionID
	at    time.Time // not before
	pause *backoff.ExponentialBackOff

	// what became of it, as far as it could not be recorded yet
	state wire.ActionState
	why   string
	err   error // nil: it is over
}

func (l *lane) run(ctx context.Context) {
	wake := l.opt.Actions.Open(l.function)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		for _, id := range l.opt.Actions.Take(l.function) {
			heap.Push(&l.queue, l.newTry(id, now))
		}
		l.send(ctx, now)
		timer.Reset(l.rest(now))
		select {
		case <-ctx.Done():
		case <-wake:
		case <-timer.C:
		case t := <-l.back:
			l.landed(t)
		}
	}
	for ; l.flying > 0; l.flying-- {
		<-l.back
	}
}

func (l *lane) newTry(id coordinate.ActionID, now time.Time) *try {
	return &try{id: id, at: now, pause: &backoff.ExponentialBackOff{
		InitialInterval: l.opt.MinPause / 2, MaxInterval: l.opt.MaxPause / 2,
		Multiplier: 2, RandomizationFactor: 1, // from 0 to twice the interval: full jitter
	}}
}

// send sets off what may go now.
func (l *lane) send(ctx context.Context, now time.Time) {
	for l.flying < atOnce && len(l.queue) > 0 && !l.queue[0].at.After(now) {
		t := heap.Pop(&l.queue).(*try)
		l.flying++
		go func() {
			l.deliver(ctx, t)
			l.back <- t
		}()
	}
}

// rest is how long there is nothing to set off.
func (l *lane) rest(now time.Time) time.Duration {
	if l.flying == atOnce || len(l.queue) == 0 {
		return time.Hour
	}
	return max(l.queue[0].at.Sub(now), 0)
}

// landed takes back a try, and has it go again if it came to nothing.
func (l *lane) landed(t *try) {
	l.flying--
	if (t.err != nil) != l.down {
		if l.down = t.err != nil; l.down {
			slog.Warn("a function can't be reached; it is tried again until its actions are due", "function", l.function, "err", t.err)
		} else {
			slog.Info("a function is reached again", "function", l.function)
		}
	}
	if t.err == nil {
		return
	}
	l.again.Add(1)
	wait := t.pause.NextBackOff()
	var hint later
	if errors.As(t.err, &hint) {
		wait = max(wait, hint.after)
	}
	t.at = time.Now().Add(wait)
	heap.Push(&l.queue, t)
}

// deliver is one try: to make the action durable, to send it, to record what became
// of it. What fails is done again, and nothing before it.
func (l *lane) deliver(ctx context.Context, t *try) {
	t.err = nil
	if t.state == 0 {
		row, seq, ok := l.opt.Actions.Deliver(t.id)
		if !ok {
			return // decided otherwise, or due no more
		}
		if t.err = l.opt.Store.Sync(ctx, seq); t.err != nil {
			return
		}
		t.state, t.err = l.door.Send(ctx, message(l.opt.Site, row))
		var final *Final
		if errors.As(t.err, &final) {
			t.state, t.why, t.err = wire.ActionState_ACTION_FAILED, final.Why, nil
		}
		if t.err != nil {
			return
		}
		l.counts(t.state).Add(1)
	}
	switch err := l.opt.Actions.Update(ctx, t.id, t.state, t.why); {
	case errors.Is(err, coordinate.ErrUnknown), errors.Is(err, coordinate.ErrExpired), errors.Is(err, coordinate.ErrDecided):
	default:
		t.err = err
	}
}

// tries is a heap of tries, the one that may go first on top.
type tries []*try

func (q tries) Len() int           { return len(q) }
func (q tries) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q tries) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *tries) Push(x any)        { *q = append(*q, x.(*try)) }
func (q *tries) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return t
}
