// Package console is the page by which a person watches the centre: a plain
// one, rendered here, readable without JavaScript, in the dark and by a screen
// reader.
//
// What it shows is what package api gives, and nothing is shown that a person
// is known by. A small script fetches the same page again every two seconds and
// replaces the parts that changed, so there is one rendering of everything.
package console

import (
	"bytes"
	"context"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"slices"
	"time"

	"github.com/aisle-edge/aisle/central/api"
)

//go:embed page.html assets
var files embed.FS

// Source is what the page shows.
type Source struct {
	Version  string
	Overview func(context.Context) *api.Overview
	// Releases are the newest, newest first.
	Releases func(ctx context.Context, limit int) ([]api.Release, error)
	// Audit are the last lines of the trail but those of the refreshes, newest
	// first.
	Audit func(ctx context.Context, limit int) ([]api.Entry, error)
}

// rows is how many releases and audit lines are shown.
const rows = 12

// New makes the handler of "/" and "/assets/".
func New(s Source) http.Handler {
	page := template.Must(template.New("page.html").Funcs(words).ParseFS(files, "page.html"))
	assets, err := fs.Sub(files, "assets")
	if err != nil {
		panic(err) // embedded above
	}
	mux := http.NewServeMux()
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		v, err := view(r.Context(), s)
		var b bytes.Buffer
		if err == nil {
			err = page.Execute(&b, v)
		}
		if err != nil {
			http.Error(w, "The page can't be made now: "+err.Error()+"; reload it.", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(b.Bytes()) // the reader may be gone
	})
	return mux
}

// content is what the template sees.
type content struct {
	*api.Overview
	Version  string
	Now      time.Time
	Charts   []chart // of Slots, in their order
	Releases []api.Release
	Audit    []api.Entry
}

func view(ctx context.Context, s Source) (content, error) {
	o := s.Overview(ctx)
	c := content{Overview: o, Version: s.Version, Now: o.At}
	for _, slot := range o.Slots {
		c.Charts = append(c.Charts, draw(slot, o.At))
	}
	var err error
	if c.Releases, err = s.Releases(ctx, rows); err != nil {
		return c, err
	}
	inForce := func(r api.Release) bool { return r.Counter == o.Folder.Counter }
	if o.Folder != nil && !slices.ContainsFunc(c.Releases, inForce) {
		c.Releases = append(c.Releases, *o.Folder) // however many refreshes ago
	}
	c.Audit, err = s.Audit(ctx, rows)
	return c, err
}
