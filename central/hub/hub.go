// Package hub is the NATS server that central carries inside: JetStream on
// disk, synced before each acknowledgement, one account for agents, one for the
// functions that carry out actions, and one for the centre.
//
// An agent proves its nkeys key and may then send its own segments and status,
// read its own mark, and read artifacts and trust files; everything else is
// refused. Nothing of an agent reaches the centre's account but what is
// imported there by name, not even through the reply subject of a request, so
// no device can overwrite a mark or a trust file. Live messages within the
// agents' account are not protected so: whoever follows its own mark must
// check whose it is.
//
// A function, too, proves a key. It may take the actions of its own name at its own
// site from its consumer of the stream AISLE_ACTIONS, acknowledge them, and nothing
// else: not read the stream, nor publish. One that names another's inbox as its reply
// can only give that one what itself might read.
//
// A hub whose disk fails freezes the stream it failed on and says so through
// [Hub.Ready] until the process starts again; agents keep what they have.
package hub

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/subject"
)

// maxPayload is above the largest segment (256 KiB packed) and trust file.
const maxPayload = 512 << 10

// Config says where the hub listens and keeps its streams.
type Config struct {
	Dir     string      // of the streams; required
	Address string      // loopback host:port, port 0 takes a free one; default 127.0.0.1:4222
	Limits  link.Limits // of the streams
	// Lookup tells whose the public key is (nkeys "U..." form); required. It is
	// asked at each connect.
	Lookup func(publicKey string) (agent, site string, ok bool)
	// Function tells which function's the public key is, likewise; default: none has one.
	Function  func(publicKey string) (f subject.Function, ok bool)
	Functions []subject.Function // those that have a key at the start
	Log       *slog.Logger       // default: nothing is logged
}

// Hub is a running server.
type Hub struct {
	// immutable after Start
	server    *server.Server
	lookup    func(publicKey string) (agent, site string, ok bool)
	function  func(publicKey string) (f subject.Function, ok bool)
	centre    nkeys.KeyPair // minted at each start, never leaves the process
	agents    *server.Account
	functions *server.Account
	central   *server.Account
	public    string // of centre
}

// Start starts the server, recovers its streams or makes them, and returns
// once it listens.
func Start(ctx context.Context, c Config) (*Hub, error) {
	opts, err := options(c)
	if err != nil {
		return nil, err
	}
	h := &Hub{lookup: c.Lookup, function: c.Function}
	if h.function == nil {
		h.function = func(string) (f subject.Function, ok bool) { return f, false }
	}
	if h.centre, err = nkeys.CreateUser(); err != nil {
		return nil, err
	}
	if h.public, err = h.centre.PublicKey(); err != nil {
		return nil, err
	}
	opts.CustomClientAuthentication = h
	if h.server, err = server.NewServer(opts); err != nil {
		return nil, fmt.Errorf("set up the hub: %w", err)
	}
	if err := h.start(ctx, c); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

func (h *Hub) start(ctx context.Context, c Config) (err error) {
	if c.Log != nil {
		h.server.SetLoggerV2(logger{c.Log}, false, false, false)
	}
	if h.central, err = h.server.LookupAccount(centralAccount); err != nil {
		return err
	}
	if h.agents, err = h.server.LookupAccount(agentsAccount); err != nil {
		return err
	}
	if h.functions, err = h.server.LookupAccount(functionsAccount); err != nil {
		return err
	}
	h.server.Start()
	wait := 10 * time.Second
	if d, ok := ctx.Deadline(); ok {
		wait = time.Until(d)
	}
	if !h.server.ReadyForConnections(wait) {
		return fmt.Errorf("hub does not listen on %s; is another program there?", c.Address)
	}
	if !h.server.JetStreamEnabled() {
		return fmt.Errorf("hub can't keep streams in %s; see the log", c.Dir)
	}
	if err := link.Prepare(ctx, h.Link(), c.Limits); err != nil {
		return err
	}
	return h.Hand(ctx, c.Functions...)
}

// Hand has the hub hand their actions to functions from now on. It may be repeated.
func (h *Hub) Hand(ctx context.Context, to ...subject.Function) error {
	return link.Hand(ctx, h.Link(), to...)
}

// Withhold ends that for a function; what it did not take stays for a day.
func (h *Hub) Withhold(ctx context.Context, f subject.Function) error {
	return link.Withhold(ctx, h.Link(), f)
}

func options(c Config) (*server.Options, error) {
	if c.Dir == "" || c.Lookup == nil {
		return nil, errors.New("hub: Dir and Lookup are required")
	}
	host, port, err := address(c.Address)
	if err != nil {
		return nil, err
	}
	o := new(server.Options)
	if err := o.ProcessConfigString(accounts()); err != nil {
		return nil, fmt.Errorf("hub accounts: %w", err)
	}
	o.ServerName = "aisle"
	o.Host, o.Port = host, port
	o.NoSigs, o.NoLog = true, true
	o.MaxPayload = maxPayload
	o.AlwaysEnableNonce = true
	o.JetStream, o.StoreDir = true, c.Dir
	o.SyncAlways = true // otherwise an acknowledgement precedes the disk by up to two minutes
	o.JetStreamMaxMemory = 16 << 20
	o.JetStreamMaxStore = 1 << 50 // each stream has its own limit
	return o, nil
}

// address splits a loopback address; others wait for TLS.
func address(a string) (host string, port int, err error) {
	if a == "" {
		a = "127.0.0.1:4222"
	}
	host, p, err := net.SplitHostPort(a)
	if err == nil {
		port, err = strconv.Atoi(p)
	}
	if err != nil {
		return "", 0, fmt.Errorf("hub address %q: %w; write host:port", a, err)
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", 0, fmt.Errorf("hub address %q is not loopback, and there is no TLS yet; use 127.0.0.1:%d", a, port)
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// URL is where agents connect.
func (h *Hub) URL() string { return "nats://" + h.server.Addr().String() }

// Link is how the centre connects: within the process, without the network.
func (h *Hub) Link() link.Config {
	return link.Config{
		Public: h.public,
		Sign:   h.centre.Sign,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return h.server.InProcessConn()
		},
	}
}

// Ready is nil while the hub takes and keeps messages. A stream frozen by a
// disk error stays an error until the hub is started anew.
func (h *Hub) Ready() error {
	health := h.server.Healthz(nil)
	if health.StatusCode != 200 {
		return fmt.Errorf("hub is not ready: %s %s; check its disk, then restart it", health.Status, health.Error)
	}
	return nil
}

// Disconnect ends the connections made with a key that Lookup no longer knows.
func (h *Hub) Disconnect(publicKey string) error {
	list, err := h.server.Connz(&server.ConnzOptions{Username: true, User: publicKey, Limit: 1 << 20})
	if err != nil {
		return fmt.Errorf("find connections of %s: %w", publicKey, err)
	}
	for _, c := range list.Conns {
		// The connection may be gone already; that is what was wanted.
		_ = h.server.DisconnectClientByID(c.Cid)
	}
	return nil
}

// Close stops the server and returns once its files are closed. What was
// acknowledged is on disk with or without it.
func (h *Hub) Close() {
	h.server.Shutdown()
	h.server.WaitForShutdown()
}

// Check is called by the server for each connection: the key must have signed
// this connection's nonce, and be the centre's or an agent's.
func (h *Hub) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if c.Kind() != server.CLIENT || !signed(o.Nkey, o.Sig, c.GetNonce()) {
		return false
	}
	if o.Nkey == h.public {
		c.RegisterUser(&server.User{Account: h.central})
		return true
	}
	if f, ok := h.function(o.Nkey); ok {
		c.RegisterUser(&server.User{Account: h.functions, Permissions: reading(f)})
		return true
	}
	agent, site, ok := h.lookup(o.Nkey)
	if !ok {
		return false
	}
	node, err := subject.NewNode(site, agent)
	if err != nil {
		return false
	}
	c.RegisterUser(&server.User{Account: h.agents, Permissions: permissions(node)})
	return true
}

func signed(public, sig string, nonce []byte) bool {
	key, err := nkeys.FromPublicKey(public)
	if err != nil || !nkeys.IsValidPublicUserKey(public) || len(nonce) == 0 {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(sig)
	return err == nil && key.Verify(nonce, raw) == nil
}
