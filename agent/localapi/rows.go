package localapi

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/item"
)

// Report says what became of rows.
type Report struct {
	Accepted  int     `json:"accepted"`
	Duplicate int     `json:"duplicate" doc:"Had come in before"`
	Refused   int     `json:"refused"`
	Type      string  `json:"type,omitempty" doc:"Of the problem of those that were refused"`
	Faults    []Fault `json:"faults,omitempty" doc:"Of the first hundred that were refused"`
}

// rowOptions say how the rows of a request are written.
func (a *API) rowOptions(r *http.Request) item.Options {
	o := item.Options{Format: item.CSV, Scheme: a.opt.Scheme}
	if mediaType(r) == ndjsonType {
		o.Format = item.NDJSON
	}
	return o
}

// unreadable is a body of rows that could not be read on: a fault of who sent it.
type unreadable struct{ error }

// legible marks what goes wrong with reading rows, to tell it from what goes wrong
// with keeping them.
func legible[T any](rows iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for row, err := range rows {
			var refused *item.RowError
			var large *http.MaxBytesError
			if err != nil && !errors.As(err, &refused) && !errors.As(err, &large) {
				err = unreadable{err}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// bulk takes rows in as they come, however long that takes, and reports.
func (a *API) bulk(w http.ResponseWriter, r *http.Request, take func(context.Context) (store.Report, error)) {
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil && !errors.Is(err, http.ErrNotSupported) {
		a.refused(w, r, err)
		return
	}
	report, err := take(r.Context())
	out := reported(report)
	if err != nil {
		d := *explained(err)
		d.Detail += fmt.Sprintf(" (%d rows before it were taken)", report.Accepted+report.Duplicate)
		a.refused(w, r, &d)
		return
	}
	if out.Accepted+out.Duplicate == 0 && out.Refused > 0 {
		a.refused(w, r, refuse(rowsRefused, fmt.Sprintf("%d rows were refused; correct them and send them again", out.Refused), out.Faults...))
		return
	}
	writeJSON(w, http.StatusOK, out)
}

func reported(r store.Report) Report {
	out := Report{Accepted: r.Accepted, Duplicate: r.Duplicate, Refused: r.Refused}
	if r.Refused > 0 {
		out.Type = Base + rowsRefused
	}
	for _, e := range r.Errors {
		out.Faults = append(out.Faults, rowFault(e))
	}
	return out
}

func rowFault(e *item.RowError) Fault {
	return Fault{e.Line, e.Column, e.Problem}
}

func each[T, R any](all []T, row func(T) R) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for _, one := range all {
			if !yield(row(one), nil) {
				return
			}
		}
	}
}

// rowsBody describes a body of rows.
func rowsBody(b *huma.RequestBody) *huma.RequestBody {
	if b == nil {
		b = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{}}
	}
	for _, kind := range []string{csvType, ndjsonType} {
		b.Content[kind] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return b
}
