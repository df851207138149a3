package link

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

var (
	// ErrOffline: there is no connection, or it was lost before the answer.
	// Repeat the call; what it asked for may have been done.
	ErrOffline = errors.New("link: no connection to the hub")
	// ErrRefused: the hub answered, and said no. The text is the hub's.
	ErrRefused = errors.New("link: the hub refused")
)

// Config says where the hub is and who dials.
type Config struct {
	URLs   []string                     // of the hub's servers; default nats://127.0.0.1:4222
	Public string                       // own public key, nkeys "U..." form
	Sign   func([]byte) ([]byte, error) // signs the hub's challenge with the key of Public

	MinBackoff time.Duration // upper bound of the first wait between connections; default 1 s
	MaxBackoff time.Duration // upper bound of every wait; default 5 min
	Timeout    time.Duration // of dialling and of each exchange; default 10 s
	Poll       time.Duration // how often Follow asks without a hint; default 1 min

	// Dial opens the connection itself; default: net.Dialer.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	Now  func() time.Time // default time.Now
	Log  *slog.Logger     // default: nothing is logged
}

func (c Config) withDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&c.MinBackoff, time.Second)
	set(&c.MaxBackoff, 5*time.Minute)
	set(&c.Timeout, 10*time.Second)
	set(&c.Poll, time.Minute)
	if len(c.URLs) == 0 {
		c.URLs = []string{nats.DefaultURL}
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// State is what a status page says about the connection.
type State struct {
	Connected   bool
	EverReached bool      // since the process started
	Since       time.Time // of Connected being what it is
	LastContact time.Time // the hub last answered or sent something; zero: never
	LastError   string    // why the last connection ended or never began
}

// conn dials and dials again. It is the part that both ends share.
type conn struct {
	// immutable after newConn
	cfg   Config
	inbox string

	// guarded by mu: callers and the connection's callbacks meet here
	mu      sync.Mutex
	live    *nats.Conn      // nil while offline
	lost    context.Context // ends with live
	changed chan struct{}   // closed and replaced when live changes
	state   State
}

func newConn(cfg Config, inbox string) *conn {
	cfg = cfg.withDefaults()
	return &conn{cfg: cfg, inbox: inbox, changed: make(chan struct{}), state: State{Since: cfg.Now()}}
}

// Run keeps a connection up until ctx ends. It returns nil then.
func (c *conn) Run(ctx context.Context) error {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		held, err := c.session(ctx)
		if err != nil && ctx.Err() == nil {
			c.cfg.Log.Warn("no connection to the hub", "attempt", attempt, "held", held, "err", err)
		}
		if held > c.cfg.MinBackoff {
			attempt = 0 // a hub that throws us out at once is not asked faster
		}
		pause(ctx, c.backoff(attempt))
	}
	return nil
}

// backoff is full jitter: anything up to a bound that doubles.
func (c *conn) backoff(attempt int) time.Duration {
	bound := c.cfg.MinBackoff
	for ; attempt > 0 && bound < c.cfg.MaxBackoff; attempt-- {
		bound *= 2
	}
	return rand.N(min(bound, c.cfg.MaxBackoff))
}

func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// session is one connection from dialling to its loss. It tells how long it
// held.
func (c *conn) session(ctx context.Context) (held time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	closed := make(chan struct{})
	o := c.options(ctx)
	o.ClosedCB = func(*nats.Conn) { close(closed) }
	nc, err := o.Connect()
	if err != nil {
		c.leave(err)
		return 0, err
	}
	defer c.enter(nc)()
	began := c.cfg.Now()
	select {
	case <-ctx.Done():
		nc.Close()
		<-closed
	case <-closed:
	}
	c.leave(nc.LastError())
	return c.cfg.Now().Sub(began), nc.LastError()
}

func (c *conn) options(ctx context.Context) nats.Options {
	o := nats.GetDefaultOptions()
	o.Servers = c.cfg.URLs
	o.Nkey, o.SignatureCB = c.cfg.Public, c.cfg.Sign
	o.InboxPrefix = c.inbox
	o.Timeout = c.cfg.Timeout
	o.PingInterval = 20 * time.Second
	o.CustomDialer = dialer{ctx, c.cfg}
	o.SkipHostLookup = true
	// The library would buffer what is published while it reconnects, report an
	// error, and send it later all the same. So it never reconnects: we do.
	o.AllowReconnect = false
	o.ReconnectBufSize = -1
	o.AsyncErrorCB = func(_ *nats.Conn, _ *nats.Subscription, err error) {
		c.cfg.Log.Warn("hub reports", "err", err)
	}
	return o
}

// dialer lends the session's context to a library that dials, and then shakes
// hands, without one.
type dialer struct {
	ctx context.Context
	cfg Config
}

func (d dialer) Dial(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(d.ctx, d.cfg.Timeout)
	defer cancel()
	c, err := d.cfg.Dial(ctx, network, address)
	if err == nil {
		context.AfterFunc(d.ctx, func() { c.Close() })
	}
	return c, err
}

// enter makes nc the live connection; what it returns ends the waits on it.
func (c *conn) enter(nc *nats.Conn) (end context.CancelFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.cfg.Now()
	c.live = nc
	c.lost, end = context.WithCancel(context.Background())
	c.state.Connected, c.state.EverReached = true, true
	c.state.Since, c.state.LastContact = now, now
	close(c.changed)
	c.changed = make(chan struct{})
	return end
}

func (c *conn) leave(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.state.LastError = err.Error()
	}
	if c.live == nil {
		return
	}
	c.live = nil
	c.state.Connected, c.state.Since = false, c.cfg.Now()
	close(c.changed)
	c.changed = make(chan struct{})
}

// State tells how the connection stands now.
func (c *conn) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func (c *conn) contact() {
	c.mu.Lock()
	c.state.LastContact = c.cfg.Now()
	c.mu.Unlock()
}

// now gives the live connection, if any, and what closes when that changes.
func (c *conn) now() (nc *nats.Conn, lost context.Context, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.live != nil && c.live.IsClosed() {
		return nil, nil, c.changed // and leave is about to say so
	}
	return c.live, c.lost, c.changed
}

// Wait blocks until there is a connection. It fails only when ctx ends.
func (c *conn) Wait(ctx context.Context) error {
	_, _, err := c.await(ctx)
	return err
}

func (c *conn) await(ctx context.Context) (*nats.Conn, context.Context, error) {
	for ctx.Err() == nil {
		nc, lost, changed := c.now()
		if nc != nil {
			return nc, lost, nil
		}
		select {
		case <-ctx.Done():
		case <-changed:
		}
	}
	return nil, nil, ctx.Err()
}

// ask sends one message and waits for its answer, at most Timeout.
func (c *conn) ask(ctx context.Context, m *nats.Msg) (*nats.Msg, error) {
	nc, lost, _ := c.now()
	if nc == nil {
		return nil, ErrOffline
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	defer context.AfterFunc(lost, cancel)()
	reply, err := nc.RequestMsgWithContext(ctx, m)
	switch {
	case err == nil:
		c.contact()
		return reply, nil
	case errors.Is(err, nats.ErrNoResponders):
		return nil, fmt.Errorf("%w: it does not serve %s now", ErrRefused, m.Subject)
	case lost.Err() != nil, errors.Is(err, nats.ErrConnectionClosed):
		return nil, ErrOffline
	default:
		return nil, fmt.Errorf("ask %s: %w", m.Subject, err)
	}
}
