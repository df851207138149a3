package outbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/sync/journal"
)

// maxPatience bounds how rarely an unanswered segment is sent again.
const maxPatience = time.Hour

// answer is how one send ended.
type answer struct {
	job
	err error
}

// Run seals and sends until ctx ends; then it waits for the sends under way to
// give up and returns nil. It is called once. It returns journal.ErrClosed when
// the log is closed before all is sealed; every other failure is tried again and
// told in Stats.
func (o *Outbox) Run(ctx context.Context) error {
	var sends sync.WaitGroup
	defer sends.Wait()
	answers := make(chan answer, o.cfg.Window)
	tick := time.NewTicker(o.poll())
	defer tick.Stop()
	for {
		more, err := o.step(time.Now())
		if errors.Is(err, journal.ErrClosed) {
			return err
		}
		jobs, unread := o.take(time.Now())
		for _, j := range jobs {
			sends.Go(func() { answers <- answer{j, o.send(ctx, j)} })
		}
		o.report(errors.Join(err, unread))
		if more {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case a := <-answers:
			o.answered(a, time.Now())
		case <-o.wake:
		case r := <-o.rewrites:
			r.done <- o.rewrite(r.change)
		case <-tick.C:
		}
	}
}

// poll is how often the log is looked at.
func (o *Outbox) poll() time.Duration { return o.cfg.SegmentAge / 10 }

// step does what needs no answer: confirms, reminds, seals. It tells whether
// there may be more to seal at once.
func (o *Outbox) step(now time.Time) (more bool, err error) {
	settled := o.settle(now)
	o.remind(now)
	more, err = o.seal(now)
	return more, errors.Join(settled, err)
}

// remind has the oldest segments sent again when the hub took them long ago and
// no mark has covered them: what a hub acknowledged it may still have lost.
func (o *Outbox) remind(now time.Time) {
	reminded := false
	oldest := map[[16]byte]int{}
	for _, e := range o.entries {
		if e.state == confirmed || oldest[e.epoch] == o.cfg.Window {
			continue
		}
		oldest[e.epoch]++
		if e.state == stored && now.Sub(e.at) >= o.patience && now.Sub(o.progress) >= o.patience {
			e.state = waiting
			reminded = true
		}
	}
	if reminded {
		o.patience = min(2*o.patience, maxPatience)
	}
}

// job is one send.
type job struct {
	entry    *entry
	revision uint32
	id       string
	sealed   []byte
}

// take makes as many entries fly as the window allows.
func (o *Outbox) take(now time.Time) (jobs []job, err error) {
	if now.Before(o.resume) {
		return nil, nil
	}
	for _, e := range o.entries {
		if o.flying == o.cfg.Window {
			break
		}
		if e.state != waiting {
			continue
		}
		sealed, err := os.ReadFile(o.path(e))
		if err != nil {
			return jobs, fmt.Errorf("read sealed segment: %w", err)
		}
		jobs = append(jobs, job{e, e.revision, o.id(e), sealed})
		if e.sent {
			o.resent++
		}
		e.state, e.sent = flying, true
		o.flying++
	}
	return jobs, nil
}

func (o *Outbox) send(ctx context.Context, j job) error {
	ctx, cancel := context.WithTimeout(ctx, o.cfg.SendTimeout)
	defer cancel()
	return o.sender.Send(ctx, j.id, j.sealed)
}

// answered notes how a send ended. However many failed together, they make one
// pause.
func (o *Outbox) answered(a answer, now time.Time) {
	o.flying--
	if o.refused = a.err; a.err == nil {
		o.pause.Reset()
		o.resume = time.Time{}
	} else if !now.Before(o.resume) {
		o.resume = now.Add(o.pause.NextBackOff())
	}
	if a.entry.state != flying || a.entry.revision != a.revision {
		return // confirmed or resealed meanwhile
	}
	a.entry.state, a.entry.at = waiting, now
	if a.err == nil {
		a.entry.state = stored
	}
}

func (o *Outbox) count(s state) (n int) {
	for _, e := range o.entries {
		if e.state == s {
			n++
		}
	}
	return n
}

// report publishes how the upload stands.
func (o *Outbox) report(err error) {
	s := Stats{
		Sealed: o.draft.first() - 1, Resent: o.resent, Err: errors.Join(err, o.refused),
		Waiting: o.count(waiting) + o.count(flying), Stored: o.count(stored),
	}
	for _, e := range o.entries {
		s.Bytes += e.size
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stats = s
}
