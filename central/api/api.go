// Package api is central's HTTP interface: what agents, the command line, the
// console and other programs ask of the centre.
//
// Everything is under /api/v1, in OpenAPI 3.1 at /openapi.json; beside it are
// /livez (the process), /readyz (it takes and keeps what agents send) and
// /metrics. Who asks is the administrator, by the token in the state folder or
// by a browser's session, but for agents that enrol and for what watches over
// processes. While there is no TLS only loopback is listened on.
//
// # Failure
//
// Every error is a Problem of RFC 9457 with a stable type, one of those in this
// package. No error repeats what was sent. What was answered with 2xx is
// durable, but for measurements and links, which are kept in memory.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/central/release"
	"github.com/aisle-edge/aisle/central/rollout"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/subject"
)

// Config is what the interface speaks for. All of it is required but Hosts.
type Config struct {
	Version    string
	Hosts      []string // names by which browsers may call, besides loopback's
	Access     *Access
	Fleet      *fleet.Fleet
	Store      *store.DB // for the audit trail
	Hub        Hub
	Releases   *release.Maker
	Repository *rollout.Repository // for its root and keys
	Scheme     item.Scheme         // of the ids in offers
	MaxModel   int64               // bytes
	Measured   *Measured
	Overview   func(context.Context) *Overview
	Ready      func() error
	Metrics    http.Handler // of /metrics
	Console    http.Handler // of everything else
	Log        *slog.Logger
}

// Hub is what an agent that enrols is told, how one that is revoked is cut off, and
// what hands actions to functions.
type Hub interface {
	URL() string
	Disconnect(publicKey string) error
	Hand(ctx context.Context, to ...subject.Function) error
	Withhold(ctx context.Context, f subject.Function) error
}

// maxBody is of a request that carries no release folder.
const maxBody = 64 << 10

type server struct {
	Config
	api huma.API
}

// New makes the handler of everything that central serves.
func New(c Config) http.Handler {
	mux := http.NewServeMux()
	s := &server{c, humago.New(mux, description(c.Version))}
	s.agents()
	s.functions()
	s.releases()
	s.reports()
	describeProblems(s.api.OpenAPI())
	mux.HandleFunc("GET /login", c.Access.login)
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", c.Metrics)
	mux.HandleFunc("/api/", s.nothing)
	mux.Handle("/", c.Console)
	return guard(mux, c.Access, c.Hosts)
}

func description(version string) huma.Config {
	o := huma.DefaultConfig("Aisle central", version)
	o.DocsPath, o.SchemasPath, o.CreateHooks = "", "", nil
	o.Transformers = []huma.Transformer{named}
	o.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":   {Type: "http", Scheme: "bearer", Description: "The content of " + TokenFile + " in the state folder."},
		"session": {Type: "apiKey", In: "cookie", Name: cookie, Description: "Set by a one-time link."},
	}
	o.Security = []map[string][]string{{"token": {}}, {"session": {}}}
	return o
}

// describeProblems puts our type in place of huma's own for errors.
func describeProblems(d *huma.OpenAPI) {
	problem := d.Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	for _, item := range d.Paths {
		for _, o := range []*huma.Operation{item.Get, item.Put, item.Post, item.Delete} {
			if o == nil {
				continue
			}
			for _, r := range o.Responses {
				if m := r.Content["application/problem+json"]; m != nil {
					m.Schema = problem
				}
			}
		}
	}
	delete(d.Components.Schemas.Map(), "ErrorModel")
	delete(d.Components.Schemas.Map(), "ErrorDetail")
}

func (s *server) ready(w http.ResponseWriter, _ *http.Request) {
	if err := s.Ready(); err != nil {
		kindUnavailable.problem(err.Error()).write(w)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// nothing answers for paths and methods that no operation has.
func (s *server) nothing(w http.ResponseWriter, r *http.Request) {
	for path, item := range s.api.OpenAPI().Paths {
		if path == r.URL.Path && item != nil {
			kindMethod.problem("the interface is described at /openapi.json").write(w)
			return
		}
	}
	kindNotFound.problem("the interface is described at /openapi.json").write(w)
}

// operation describes one of ours, with the problems that are its own.
func operation(method, path, id, summary string, errors ...kind) huma.Operation {
	o := huma.Operation{Method: method, Path: "/api/v1" + path, OperationID: id, Summary: summary, MaxBodyBytes: maxBody}
	for _, k := range errors {
		if !slices.Contains(o.Errors, k.status) {
			o.Errors = append(o.Errors, k.status)
		}
	}
	return o
}

// answer is a 200 with a body.
type answer[T any] struct{ Body T }

func reply[T any](v T, err error) (*answer[T], error) {
	if err != nil {
		return nil, err
	}
	return &answer[T]{v}, nil
}

// unexpected is for what only a defect or a failing disk brings about. Its
// cause goes into the log, not to whoever asked.
func (s *server) unexpected(what string, err error) error {
	s.Log.Error(what, "error", err)
	return kindInternal.problem(what + ": it did not work; look into central's log")
}
