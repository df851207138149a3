package localapi

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/ranking"
)

const (
	decidePath       = "/v1/decide"
	outcomesPath     = "/v1/outcomes"
	fragmentsPath    = "/fragments/"
	personalizerPath = "/personalizer/"
)

// routes enters every route, and describes it. The ones that are read and
// written by hand are described from the same types.
func (a *API) routes() {
	api := a.describe()
	a.decisionRoutes(api)
	a.actionRoutes(api)
	a.personRoutes(api)
	a.goodsRoutes(api)
	a.nodeRoutes(api)
	a.fragmentRoutes(api)
	a.personalizerRoutes(api)
	a.mux.HandleFunc("/", a.nowhere)
	a.mux.HandleFunc("GET /openapi.json", document(api.OpenAPI()))
}

func (a *API) describe() huma.API {
	registry := huma.NewMapRegistry("#/components/schemas/", schemaName)
	registry.RegisterTypeAlias(reflect.TypeFor[features.Values](), reflect.TypeFor[map[string]any]())
	registry.RegisterTypeAlias(reflect.TypeFor[ranking.Seconds](), reflect.TypeFor[*int64]())
	format := huma.Format{Marshal: huma.DefaultJSONFormat.Marshal, Unmarshal: unmarshal}
	api := humago.New(a.mux, huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Aisle agent", Version: cmp.Or(a.opt.Build, "0"),
				Description: "Decides what to show, and records what came of it, where the customer stands.",
			},
			Components: &huma.Components{Schemas: registry},
		},
		Formats:       map[string]huma.Format{jsonType: format, "json": format}, // of problems, application/problem+json
		DefaultFormat: jsonType,
		Transformers:  []huma.Transformer{problemOf},
	})
	api.UseMiddleware(unstored)
	return api
}

// unstored keeps what is said of a person, or of now, out of every cache.
func unstored(ctx huma.Context, next func(huma.Context)) {
	ctx.SetHeader("Cache-Control", "no-store")
	next(ctx)
}

// unmarshal reads a body for the router, which would follow any depth.
func unmarshal(b []byte, into any) error {
	if !shallow(b) {
		return errDeep
	}
	return json.Unmarshal(b, into)
}

var errDeep = fmt.Errorf("nests more than %d deep", deepest)

// schemaName keeps types of one name in several packages apart.
func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if p := path.Base(t.PkgPath()); t.Name() != "" && p != "localapi" && p != "." {
		name = strings.ToUpper(p[:1]) + p[1:] + name
	}
	return name
}

// problemOf gives what the router refuses by itself the type of a problem.
func problemOf(_ huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	d := refuse(routerProblem(e.Status), "")
	d.Status = e.Status // it is on its way already
	for _, one := range e.Errors {
		d.Faults = append(d.Faults, Fault{Path: one.Location, Problem: one.Message}) // and not the value
	}
	switch e.Status {
	case http.StatusBadRequest:
		d.Faults, d.Detail = nil, "send one well-formed JSON value"
	case http.StatusRequestEntityTooLarge:
		d.Faults, d.Detail = nil, "send less at once, or raise api.body in the agent's configuration"
	}
	return d, nil
}

func routerProblem(status int) string {
	switch status {
	case http.StatusBadRequest:
		return malformed
	case http.StatusRequestEntityTooLarge:
		return bodyTooLarge
	case http.StatusUnsupportedMediaType:
		return unsupportedType
	case http.StatusInternalServerError:
		return internal
	}
	return invalid
}

// operation fills in what all have in common.
func operation(method, at, tag, summary string, status int) huma.Operation {
	name := strings.NewReplacer("/v1/", "", "/", "-", "{", "", "}", "", ":", "-").Replace(at)
	return huma.Operation{
		OperationID: strings.ToLower(method) + "-" + strings.Trim(name, "-"),
		Method:      method, Path: at, Tags: []string{tag}, Summary: summary, DefaultStatus: status,
		Responses: map[string]*huma.Response{"default": problemResponse},
	}
}

var problemResponse = &huma.Response{
	Description: "A problem (RFC 9457); its type is one of the table in the agent's README",
	Content:     map[string]*huma.MediaType{problemType: {Schema: &huma.Schema{Ref: "#/components/schemas/Details"}}},
}

// byHand describes a route whose handler does without the router: in and out are
// values of the types of its bodies, nil for none.
func byHand(api huma.API, op huma.Operation, in, out any) {
	jsonContent(api, Details{}, "")
	if in != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: jsonContent(api, in, op.OperationID)}
	}
	if rowTypes[op.Path] != nil && op.Method == http.MethodPut {
		op.RequestBody = rowsBody(op.RequestBody)
	}
	answer := &huma.Response{Description: http.StatusText(op.DefaultStatus)}
	if out != nil {
		answer.Content = jsonContent(api, out, op.OperationID)
	}
	op.Responses[strconv.Itoa(op.DefaultStatus)] = answer
	api.OpenAPI().AddOperation(&op)
}

// jsonContent describes a body that is a value's JSON; hint names a type that has
// no name.
func jsonContent(api huma.API, v any, hint string) map[string]*huma.MediaType {
	schema := api.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, hint)
	return map[string]*huma.MediaType{jsonType: {Schema: schema}}
}

// nowhere answers for paths that no route has, and for methods that one has not.
func (a *API) nowhere(w http.ResponseWriter, r *http.Request) {
	var takes []string
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
		other := http.Request{Method: method, URL: r.URL, Host: r.Host}
		if _, pattern := a.mux.Handler(&other); pattern != "" && pattern != "/" {
			takes = append(takes, method)
		}
	}
	if len(takes) == 0 {
		fail(w, r, refuse(notFound, "see /openapi.json for what there is"))
		return
	}
	w.Header().Set("Allow", strings.Join(takes, ", "))
	fail(w, r, refuse(wrongMethod, "use "+strings.Join(takes, " or ")))
}

// document serves the description of all that was entered.
func document(api *huma.OpenAPI) http.HandlerFunc {
	b, err := json.Marshal(api)
	if err != nil {
		panic(err) // it is made of constants
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", jsonType)
		w.Write(b)
	}
}

// PathID is an id in a path. It is exported, or the router would pass it over where
// it is embedded.
type PathID struct {
	ID string `path:"id" minLength:"1" maxLength:"256" doc:"The caller's own id"`
}

// handle makes an operation's handler answer with our problems.
func handle[I, O any](api huma.API, op huma.Operation, f func(context.Context, *I) (*O, error)) {
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, explained(err)
		}
		return out, nil
	})
}

// answer is a body that the router writes.
type answer[T any] struct{ Body T }

func writeJSON(w http.ResponseWriter, status int, v any) {
	h := w.Header()
	h["Content-Type"] = jsonHeader
	h["Cache-Control"] = noStore
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return // the caller has gone
	}
}

var (
	jsonHeader = []string{jsonType}
)
