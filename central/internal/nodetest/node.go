// Package nodetest is an agent made of package sync alone, for tests that look
// at the centre from outside: it enrols over HTTP, keeps a log, sends it, follows
// marks and releases, and takes nothing that is not signed.
//
// A folder holds all of it, so that a node can be opened again.
package nodetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nats-io/nkeys"
	"golang.org/x/sync/errgroup"

	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/outbox"
	"github.com/aisle-edge/aisle/sync/subject"
	"github.com/aisle-edge/aisle/sync/trust"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Node is an agent.
type Node struct {
	// immutable after Join
	Name, Site string
	Secret     []byte
	Epoch      [16]byte

	log       *journal.Journal
	outbox    *outbox.Outbox
	link      *link.Agent
	verifier  *trust.Verifier
	artifacts *artifact.Store
	wake      chan struct{} // there may be another release

	mu       sync.Mutex // guards the rest
	model    model      // of the release that runs
	counters []uint64   // of the releases that ran, in order
	refused  []error    // what trust did not take
	written  [][]byte   // every record, in order
}

// joined is central's answer to an enrolment.
type joined struct {
	Agent, Site  string
	Hub          []string
	Root, Secret []byte
}

// Join enrols at the centre with a token and opens a node in dir.
func Join(ctx context.Context, central, token, dir string) (*Node, error) {
	key, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	public, err := key.PublicKey()
	if err != nil {
		return nil, err
	}
	proof, err := key.Sign([]byte("aisle enrol 0\n" + token + "\n" + public))
	if err != nil {
		return nil, err
	}
	var j joined
	if err := post(ctx, central+"/api/v1/enrol", map[string]any{"token": token, "publicKey": public, "proof": proof}, &j); err != nil {
		return nil, err
	}
	return open(dir, j, key, public)
}

func post(ctx context.Context, url string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, "POST", url, bytes.NewReader(b))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("%s: %s", answer.Status, text)
	}
	return json.NewDecoder(answer.Body).Decode(out)
}

func open(dir string, j joined, key nkeys.KeyPair, public string) (*Node, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	place, err := subject.NewNode(j.Site, j.Agent)
	if err != nil {
		return nil, err
	}
	n := &Node{Name: j.Agent, Site: j.Site, Secret: j.Secret, wake: make(chan struct{}, 1)}
	n.link = link.NewAgent(link.Config{
		URLs: j.Hub, Public: public, Sign: key.Sign,
		MinBackoff: 20 * time.Millisecond, MaxBackoff: 200 * time.Millisecond, Timeout: 2 * time.Second, Poll: time.Second,
	}, place)
	if n.log, err = journal.Open(filepath.Join(dir, "log"), journal.Options{FileBytes: 1 << 20}); err != nil {
		return nil, err
	}
	n.Epoch = n.log.Epoch()
	n.outbox, err = outbox.Open(filepath.Join(dir, "outbox"), n.log, n.link, outbox.Config{
		Agent: j.Agent, Sign: key.Sign, SegmentBytes: 32 << 10, SegmentAge: 100 * time.Millisecond,
		ResendAfter: time.Second, MaxBackoff: 200 * time.Millisecond, SendTimeout: 2 * time.Second,
	})
	if err != nil {
		return nil, err
	}
	if n.artifacts, err = artifact.Open(filepath.Join(dir, "artifacts")); err != nil {
		return nil, err
	}
	n.verifier, err = trust.Open(trust.Options{Path: filepath.Join(dir, "trust"), Root: j.Root})
	return n, err
}

// Run keeps the node going until ctx ends.
func (n *Node) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return n.log.Run(ctx) })
	g.Go(func() error { return n.link.Run(ctx) })
	g.Go(func() error { return n.outbox.Run(ctx) })
	g.Go(func() error { return n.install(ctx) })
	g.Go(func() error {
		return n.link.Follow(ctx, func(m *wire.Mark) {
			if err := n.outbox.Confirm(m); err != nil {
				n.refuse(err)
			}
		}, func() {
			select {
			case n.wake <- struct{}{}:
			default:
			}
		})
	})
	g.Go(func() error { return n.tell(ctx) })
	return g.Wait()
}

// tell sends a status now and then.
func (n *Node) tell(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		n.mu.Lock()
		s := &wire.Status{Release: n.model.counter, AtMs: time.Now().UnixMilli(), Unconfirmed: n.log.Last() - n.outbox.Confirmed(), LogBytes: 1 << 20}
		n.mu.Unlock()
		b, err := wire.AppendMessage(nil, s)
		if err != nil {
			return err
		}
		_ = n.link.Status(b) // offline: the next one
	}
}

// install takes what is released, as far as trust does.
func (n *Node) install(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-n.wake:
		}
		c, err := n.verifier.Refresh(ctx, n.link)
		if err == nil {
			err = n.take(ctx, c)
		}
		if err != nil && decided(err) {
			n.refuse(err)
		}
	}
}

// decided tells an error that says something of the release from one of the way.
func decided(err error) bool {
	for _, e := range []error{trust.ErrSignature, trust.ErrRollback, trust.ErrExpired, trust.ErrMalformed, trust.ErrNotApproved, artifact.ErrCorrupt, errModel} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (n *Node) take(ctx context.Context, c *trust.Candidate) error {
	for _, a := range c.Release.Artifacts {
		if err := n.artifacts.Fetch(ctx, artifact.Digest(a.Digest), a.Size, n.link); err != nil {
			return err
		}
	}
	m, err := n.load(c.Release)
	if err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.model = m
	if k := len(n.counters); k == 0 || n.counters[k-1] != m.counter {
		n.counters = append(n.counters, m.counter)
	}
	return nil
}

func (n *Node) refuse(err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refused = append(n.refused, err)
}

// Releases are the counters of what ran, in order, and what was refused.
func (n *Node) Releases() (counters []uint64, refused []error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append(counters, n.counters...), append(refused, n.refused...)
}

// Write puts records into the log and returns once they are durable there.
func (n *Node) Write(ctx context.Context, records ...*wire.Record) error {
	last, err := n.append(records)
	if err != nil {
		return err
	}
	return n.log.Sync(ctx, last)
}

func (n *Node) append(records []*wire.Record) (last uint64, err error) {
	n.mu.Lock() // so that written is in the order of the log
	defer n.mu.Unlock()
	for _, r := range records {
		r.AtMs = time.Now().UnixMilli()
		b, err := wire.Append(nil, r)
		if err != nil {
			return 0, err
		}
		if last, err = n.log.Append(journal.Important, b); err != nil {
			return 0, err
		}
		n.written = append(n.written, b)
	}
	return last, nil
}

// known are the records written so far, in order.
func (n *Node) known() [][]byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.written[:len(n.written):len(n.written)]
}

// Last is the newest sequence of the log, Confirmed the newest in the ledger as
// far as the node was told.
func (n *Node) Last() uint64      { return n.log.Last() }
func (n *Node) Confirmed() uint64 { return n.outbox.Confirmed() }

// Close lets go of the log, once Run has returned.
func (n *Node) Close() error { return n.log.Close() }
