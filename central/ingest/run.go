package ingest

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Run takes segments in until ctx ends; then it returns nil. After a failed
// commit it forgets what it holds, waits, and goes on from what is durable.
func (i *Ingest) Run(ctx context.Context) error {
	if err := os.MkdirAll(i.dead, 0o700); err != nil {
		return fmt.Errorf("start ingest: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	fetched := make(chan []Delivery)
	var fetching sync.WaitGroup
	defer fetching.Wait()
	defer cancel()
	fetching.Go(func() { i.fetch(ctx, fetched) })

	retry := backoff.NewExponentialBackOff()
	for {
		err := i.work(ctx, fetched, retry.Reset)
		if ctx.Err() != nil {
			return nil
		}
		i.log.Error("take segments in; trying again", "error", err)
		select {
		case <-time.After(retry.NextBackOff()):
		case <-ctx.Done():
			return nil
		}
	}
}

// fetch passes on what the hub hands out. It has its own goroutine so that a
// batch can be committed while nothing comes.
func (i *Ingest) fetch(ctx context.Context, fetched chan<- []Delivery) {
	for ctx.Err() == nil {
		deliveries, err := i.hub.Fetch(ctx)
		if err != nil {
			return
		}
		select {
		case fetched <- deliveries:
		case <-ctx.Done():
		}
	}
}

// work starts from what is durable and goes on until something fails.
func (i *Ingest) work(ctx context.Context, fetched <-chan []Delivery, worked func()) error {
	if err := i.load(ctx); err != nil {
		return fmt.Errorf("load marks: %w", err)
	}
	tick := time.NewTicker(i.commitEvery)
	defer tick.Stop()
	for {
		var deliveries []Delivery
		ticked := false
		select {
		case deliveries = <-fetched:
		case <-tick.C:
			ticked = true
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := i.step(ctx, deliveries, ticked); err != nil {
			return err
		}
		worked()
	}
}

// step takes deliveries in, commits when a batch is full or its time has come,
// and publishes what is owed.
func (i *Ingest) step(ctx context.Context, deliveries []Delivery, ticked bool) error {
	for _, d := range deliveries {
		if err := i.take(ctx, d); err != nil {
			return err
		}
	}
	if i.fresh >= i.commitBytes || ticked && i.fresh > 0 {
		if err := i.commit(ctx); err != nil {
			return err
		}
	}
	if ticked {
		i.reportGaps() // after the commit, when only gaps hold anything up
	}
	i.publish(ctx)
	return nil
}

// load forgets everything and reads the marks and the outcomes that count.
func (i *Ingest) load(ctx context.Context) error {
	i.logs, i.owed = make(map[logKey]*nodeLog), make(map[logKey]*nodeLog)
	i.fresh, i.waiting = 0, 0
	latest := make(map[string]*nodeLog) // an agent follows the mark of its present epoch
	err := i.db.View(ctx, func(tx *store.Tx) error {
		for row, err := range tx.Query(`SELECT agent, epoch, site, committed, at_ms FROM ingest_mark ORDER BY updated_ms`) {
			if err != nil {
				return err
			}
			l := new(nodeLog)
			var epoch []byte
			var site string
			if err := row.Scan(&l.key.agent, &epoch, &site, &l.committed, &l.atMs); err != nil {
				return err
			}
			copy(l.key.epoch[:], epoch)
			if l.node, err = subject.NewNode(site, l.key.agent); err != nil {
				return err
			}
			i.logs[l.key] = l
			latest[l.key.agent] = l
		}
		return nil
	})
	for _, l := range latest {
		i.owed[l.key] = l
	}
	return errors.Join(err, i.seen.load(ctx, i.ledger, i.nowMs()))
}

// take verifies one segment and keeps it for its turn, answers it if its turn
// is long over, or buries it.
func (i *Ingest) take(ctx context.Context, d Delivery) error {
	s, why := i.open(d)
	if s == nil {
		i.log.Error("segment can't be taken in; look into the dead folder", "agent", d.Node.Agent(), "reason", string(why))
		if err := i.bury(ctx, d.Node, d.Data, why); err != nil {
			return fmt.Errorf("bury a segment of %s: %w", d.Node.Agent(), err)
		}
		i.count(func(s *Stats) { s.Dead++ })
		i.answer(ctx, d)
		return nil
	}
	i.fleet.Heard(d.Node.Agent())
	key := logKey{agent: d.Node.Agent(), epoch: [16]byte(s.Header.Epoch)}
	l := i.logs[key]
	if l == nil {
		l = &nodeLog{key: key}
		i.logs[key] = l
	}
	l.node = d.Node
	if s.Header.Last <= l.committed {
		// It came again because our answer, or the mark, did not arrive.
		i.count(func(s *Stats) { s.Repeated++ })
		i.answer(ctx, d)
		i.owed[key] = l
		return nil
	}
	grown := l.add(arrival{Segment: s, Delivery: d, receivedMs: i.nowMs()})
	i.fresh += grown
	i.waiting += grown
	return i.makeRoom(ctx)
}

func (i *Ingest) open(d Delivery) (*segment.Segment, reason) {
	why := stranger
	for _, key := range i.fleet.Keys(d.Node.Agent()) {
		s, err := segment.Open(d.Data, key)
		if err == nil && s.Header.Agent != d.Node.Agent() {
			return nil, otherAgent
		}
		if err == nil {
			return s, ""
		}
		why = reasonOf(err)
		if why != signature {
			break
		}
	}
	return nil, why
}

// makeRoom commits what can be committed once too much waits, and then sends
// back what is farthest from its turn.
func (i *Ingest) makeRoom(ctx context.Context) error {
	if i.waiting <= i.maxWaiting+i.commitBytes {
		return nil
	}
	if err := i.commit(ctx); err != nil {
		return err
	}
	for i.waiting > i.maxWaiting {
		l := i.fullest()
		far := l.farthest()
		a := l.waiting[far]
		l.waiting = append(l.waiting[:far], l.waiting[far+1:]...)
		i.waiting -= a.bytes()
		if err := a.Again(time.Minute); err != nil {
			i.log.Debug("ask for a segment again", "error", err) // it comes by itself
		}
	}
	return nil
}

func (i *Ingest) fullest() (fullest *nodeLog) {
	most := int64(-1)
	for _, l := range i.logs {
		bytes := int64(0)
		for k := range l.waiting {
			bytes += l.waiting[k].bytes()
		}
		if bytes > most {
			fullest, most = l, bytes
		}
	}
	return fullest
}

// answer tells the hub that a segment is dealt with. If that gets lost it comes
// again and is answered again.
func (i *Ingest) answer(ctx context.Context, d Delivery) {
	if err := d.Done(ctx); err != nil {
		i.log.Debug("answer a segment", "error", err)
	}
}

// publish sends the marks that are owed; those that fail stay owed.
func (i *Ingest) publish(ctx context.Context) {
	for key, l := range i.owed {
		m := &wire.Mark{Agent: key.agent, Epoch: key.epoch[:], Committed: l.committed}
		if err := i.hub.Mark(ctx, l.node, m); err != nil {
			i.log.Debug("publish a mark", "agent", key.agent, "error", err)
			return
		}
		delete(i.owed, key)
	}
}

// reportGaps keeps the list of gaps, and warns once of each that lasts.
func (i *Ingest) reportGaps() {
	known := make(map[Gap]int64)
	for _, g := range i.Stats().Gaps {
		since := g.SinceMs
		g.SinceMs = 0
		known[g] = since
	}
	var gaps []Gap
	for _, l := range i.logs {
		first, last, ok := l.missing()
		if !ok {
			continue
		}
		g := Gap{Agent: l.key.agent, Epoch: hex.EncodeToString(l.key.epoch[:]), First: first, Last: last}
		since, old := known[g]
		if !old {
			since = i.nowMs()
			i.log.Warn("records are missing in a log; its agent will send them again", "agent", g.Agent, "first", first, "last", last)
		}
		g.SinceMs = since
		gaps = append(gaps, g)
	}
	i.count(func(s *Stats) { s.Gaps = gaps })
}
