package localapi

import (
	"cmp"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/inject"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// Fragments say where a fragment's request tells whose it is: a first-party
// cookie or a header each, the header first.
type Fragments struct {
	Profile From // default: cookie card
	Session From // default: cookie session
	TCF     From // consent strings; default: cookie euconsent-v2
	GPP     From // default: none
	GPPSid  From // sections of it that apply, as 7,8 or 7_8; default: none, then all do
}

// From names where a value is read.
type From struct {
	Cookie string `yaml:"cookie" env:"COOKIE"` // its value may be URL-encoded
	Header string `yaml:"header" env:"HEADER"`
}

func (f Fragments) filled() Fragments {
	return Fragments{
		Profile: cmp.Or(f.Profile, From{Cookie: "card"}), Session: cmp.Or(f.Session, From{Cookie: "session"}),
		TCF: cmp.Or(f.TCF, From{Cookie: "euconsent-v2"}), GPP: f.GPP, GPPSid: f.GPPSid,
	}
}

// sections are the ids of a list. Where one can't be read none is, so that all apply.
func sections(list string) (ids []int) {
	for part := range strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' || r == '_' || r == ' ' }) {
		id, err := strconv.Atoi(part)
		if err != nil || len(ids) == maxSections {
			return nil
		}
		ids = append(ids, id)
	}
	return ids
}

const maxSections = 64

func (f From) read(r *http.Request) string {
	if f.Header != "" {
		if v := r.Header.Get(f.Header); v != "" {
			return v
		}
	}
	if f.Cookie == "" {
		return ""
	}
	c, err := r.Cookie(f.Cookie)
	if err != nil {
		return ""
	}
	if v, err := url.PathUnescape(strings.ReplaceAll(c.Value, "+", " ")); err == nil {
		return v
	}
	return c.Value
}

// problemHeader says why a fragment is empty.
const problemHeader = "X-Aisle-Problem"

// writeEmpty leaves the slot of somebody's page empty, whatever went wrong.
func writeEmpty(w http.ResponseWriter, d *Details) {
	w.Header().Set(problemHeader, strings.TrimPrefix(d.Type, Base))
	writeFragment(w, nil)
}

func writeFragment(w http.ResponseWriter, b []byte) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "private, no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(b)))
	w.WriteHeader(http.StatusOK)
	w.Write(b)
}

// fragment answers GET /fragments/{slot}.
func (a *API) fragment(w http.ResponseWriter, r *http.Request) {
	b, err := a.makeFragment(r)
	if err != nil {
		a.refused(w, r, err)
		return
	}
	writeFragment(w, b)
}

func (a *API) makeFragment(r *http.Request) ([]byte, error) {
	from, query := a.opt.Fragments, r.URL.Query()
	count, err := strconv.Atoi(cmp.Or(query.Get("count"), "0"))
	if err != nil {
		return nil, refuse(invalid, "count must be a whole number")
	}
	request := ranking.Request{
		Slot: r.PathValue("slot"), ProfileID: from.Profile.read(r), SessionID: from.Session.read(r), Count: count,
		Consent: ranking.Signals{TCF: from.TCF.read(r), GPP: from.GPP.read(r), GPPSid: sections(from.GPPSid.read(r)), GPC: r.Header.Get(gpcHeader) == "1"},
		Context: queryContext(query), Accepted: r.Header.Get(languageHeader),
	}
	if d := a.admit(&request); d != nil {
		return nil, d
	}
	answer, err := a.Decider.Decide(r.Context(), &request)
	if err != nil {
		return nil, err
	}
	a.metrics.decided(answer)
	return inject.Append(nil, a.shown(answer, &request)), nil
}

// contextPrefix marks the parameters that are context, as context.weather=rain.
const contextPrefix = "context."

func queryContext(query url.Values) (values features.Values) {
	for key, all := range query {
		if name, ok := strings.CutPrefix(key, contextPrefix); ok && len(all) == 1 {
			values = append(values, features.Value{Name: name, Kind: features.Text, Text: all[0]})
		}
	}
	return values
}

// shown is an answer as a page shows it. An item that has gone from the catalogue
// meanwhile is shown by its id.
func (a *API) shown(answer *ranking.Answer, r *ranking.Request) *inject.Fragment {
	f := &inject.Fragment{Slot: answer.Slot, EventID: answer.EventID, Personalised: answer.Personalised}
	for i := range answer.Items {
		it := &answer.Items[i]
		one := inject.Item{ID: it.ID, Title: it.ID}
		if it.Price != nil {
			one.Price = inject.Money{Amount: it.Price.Amount, Currency: it.Price.Currency}
			if it.Price.Personalised {
				one.Note = a.Decider.Words(r).Price
			}
		}
		if known, err := a.Catalogue.Item(it.ID); err == nil {
			one.Title, one.Brand, one.URL, one.Image = cmp.Or(known.Title, it.ID), known.Brand, known.Url, known.Image
			if p := known.Price; p != nil && it.Price != nil && p.Amount > it.Price.Amount {
				one.Was = inject.Money{Amount: p.Amount, Currency: p.Currency}
			}
		}
		f.Items = append(f.Items, one)
	}
	return f
}

func (a *API) fragmentRoutes(api huma.API) {
	op := operation("GET", fragmentsPath+"{slot}", "pages", "A slot as HTML, for ESI, SSI and fetch; empty when anything is wrong", http.StatusOK)
	op.Parameters = []*huma.Param{
		{Name: "slot", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}},
		{Name: "count", In: "query", Schema: &huma.Schema{Type: huma.TypeInteger}},
		{Name: "context.*", In: "query", Description: "Context, as context.weather=rain", Schema: &huma.Schema{Type: huma.TypeString}},
	}
	op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: map[string]*huma.MediaType{"text/html": {}}}}
	api.OpenAPI().AddOperation(&op)
	a.mux.HandleFunc("GET "+op.Path, a.fragment)
}
