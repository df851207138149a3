package localapi

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"sync"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/erasure"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Node is what the API speaks for.
type Node struct {
	Decider   *ranking.Decider
	Events    *attribution.Events
	Consents  *consent.Ledger
	Catalogue *catalogue.Catalogue
	Actions   *coordinate.Actions
	Releases  *release.Keeper
	Store     *store.Store
	Status    func() Status
	Ready     func() error // nil: can decide safely
	Secret    []byte       // of the pseudonyms

	// Erase makes what the node holds of a person unreadable. erasure.ErrPending.
	Erase func(context.Context, wire.Pseudonym) (erasure.Receipt, error)

	// Edit changes a file of the release folder of a node of its own, and makes it
	// run; nothing changes after an error. Nil: releases come from the centre.
	Edit func(name string, change func(old []byte) ([]byte, error)) error
}

// Limits bound what a request may bring. Zero fields have defaults.
type Limits struct {
	Body    int64 // bytes of a body; default 4 MiB
	Bulk    int64 // bytes of rows in one request; default 1 GiB
	Actions int   // of a decision; default and maximum 10,000
	Count   int   // items a decision may be asked for; default and maximum 100
	Batch   int   // decisions in one batch; default and maximum 100
}

func (l Limits) filled() Limits {
	return Limits{
		Body: cmp.Or(l.Body, 4<<20), Bulk: cmp.Or(l.Bulk, 1<<30), Actions: cmp.Or(l.Actions, ranking.MaxActions),
		Count: cmp.Or(l.Count, ranking.MaxCount), Batch: cmp.Or(l.Batch, 100),
	}
}

// Options are what the zero value leaves open.
type Options struct {
	Hosts        []string // names by which it may be called, besides loopback's own
	Origins      []string // of pages that may call it, besides its own
	Limits       Limits
	Scheme       item.Scheme       // of item ids; default own
	Pages        map[string]string // folders of static files, by the path they are served at
	Fragments    Fragments
	Personalizer Personalizer
	Build        string // version of the program, for metrics and the description
}

// API is the HTTP interface of one node.
type API struct {
	// immutable after New
	Node
	opt     Options
	guard   guard
	mux     *http.ServeMux
	metrics *metrics

	calls sync.Pool // of *call
}

// New makes the API of a node.
func New(n Node, o Options) (*API, error) {
	o.Limits = o.Limits.filled()
	o.Scheme = cmp.Or(o.Scheme, item.Own)
	o.Fragments = o.Fragments.filled()
	o.Personalizer.Slot = cmp.Or(o.Personalizer.Slot, "personalizer")
	a := &API{Node: n, opt: o, guard: guard{o.Hosts, o.Origins, o.Limits}, mux: http.NewServeMux()}
	a.calls.New = func() any { return new(call) }
	a.metrics = newMetrics(a)
	a.routes()
	if err := a.pages(); err != nil {
		return nil, err
	}
	return a, nil
}

// ServeHTTP answers one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.guard.admit(w, r) {
		return
	}
	if r.Method == http.MethodPost { // the hot ones know where they are
		switch r.URL.Path {
		case decidePath:
			a.decide(w, r)
			return
		case outcomesPath:
			a.outcomes(w, r)
			return
		}
	}
	a.mux.ServeHTTP(w, r)
}

// fail answers a request with a problem, in the form that its caller reads.
func fail(w http.ResponseWriter, r *http.Request, d *Details) {
	switch {
	case strings.HasPrefix(r.URL.Path, personalizerPath):
		writeAzure(w, r, d)
	case strings.HasPrefix(r.URL.Path, fragmentsPath):
		writeEmpty(w, d)
	default:
		writeProblem(w, d)
	}
}

// pages serves folders of static files; a folder itself has no listing.
func (a *API) pages() error {
	for at, dir := range a.opt.Pages {
		if !strings.HasPrefix(at, "/") || strings.ContainsAny(at, "{} ") || strings.HasPrefix(at+"/", "/v1/") {
			return fmt.Errorf("page %s: give a path of its own, as /kiosk", at)
		}
		at = strings.TrimRight(at, "/") + "/"
		root, err := os.OpenRoot(dir)
		if err != nil {
			return fmt.Errorf("page %s: %w", at, err)
		}
		files := http.StripPrefix(at, http.FileServerFS(onlyFiles{root.FS()}))
		a.mux.HandleFunc("GET "+at, func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", "default-src 'self'; img-src 'self' data: https:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			files.ServeHTTP(w, r)
		})
	}
	return nil
}

// onlyFiles are the files of a folder, without listings of those that have no
// index.html.
type onlyFiles struct{ fs.FS }

func (o onlyFiles) Open(name string) (fs.File, error) {
	f, err := o.FS.Open(name)
	if err != nil {
		return nil, fs.ErrNotExist // also what leads out of the folder
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		if _, err := fs.Stat(o.FS, path.Join(name, "index.html")); err != nil {
			f.Close()
			return nil, fs.ErrNotExist
		}
	}
	return f, nil
}
