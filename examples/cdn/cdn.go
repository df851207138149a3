// Package cdn is a page at the edge of a network whose slot an agent fills.
//
// The page is written as for any server with server-side includes: where it
// says
//
//	<!--#include virtual="/fragments/page_hero" -->
//
// the server puts what the agent answers at that path, as nginx's ssi, Apache's
// mod_include and, with <esi:include src="…"/>, Varnish or Fastly would. The
// visitor's browser sees one page from one host and runs no script for it.
//
// An agent that is slow, broken or away leaves the slot empty, never the page.
package cdn

import (
	"cmp"
	"context"
	"embed"
	"io"
	"mime"
	"net/http"
	"regexp"
	"time"
)

//go:embed index.html page.css
var page embed.FS

// Options say where the agent is.
type Options struct {
	Agent    string        // its base address, as http://127.0.0.1:8463
	Patience time.Duration // how long a fragment or an answer may take; default 200 ms
}

// Handler serves the page, its style, and the form with which a visitor says
// who they are and what they allow.
func Handler(o Options) http.Handler {
	o.Patience = cmp.Or(o.Patience, 200*time.Millisecond)
	s := site{o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.index)
	mux.HandleFunc("GET /page.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, page, "page.css") })
	mux.HandleFunc("POST /visitor", s.visitor)
	return http.NewCrossOriginProtection().Handler(mux)
}

type site struct{ Options }

var directive = regexp.MustCompile(`<!--#include virtual="(/fragments/[a-z0-9_-]+)" -->`)

func (s site) index(w http.ResponseWriter, r *http.Request) {
	source, err := page.ReadFile("index.html")
	if err != nil {
		panic(err) // it is embedded
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-store") // what a slot shows is one visitor's
	w.Write(directive.ReplaceAllFunc(greet(source, r), func(d []byte) []byte {
		return s.fragment(r, string(directive.FindSubmatch(d)[1]))
	}))
}

// maxFragment is far more than a slot can hold.
const maxFragment = 256 << 10

// fragment is what the agent puts into a slot for this visitor; nothing, where
// it does not answer in time with a fragment.
func (s site) fragment(r *http.Request, path string) []byte {
	ctx, cancel := context.WithTimeout(r.Context(), s.Patience)
	defer cancel()
	ask, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Agent+path, nil)
	if err != nil {
		return nil
	}
	for _, name := range []string{"Cookie", "Sec-Gpc", "Accept-Language"} { // as Go spells them
		ask.Header[name] = r.Header[name]
	}
	answer, err := http.DefaultClient.Do(ask)
	if err != nil {
		return nil
	}
	defer answer.Body.Close()
	kind, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if answer.StatusCode != http.StatusOK || kind != "text/html" {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(answer.Body, maxFragment+1))
	if err != nil || len(b) > maxFragment {
		return nil // half a fragment would break the page
	}
	return b
}
