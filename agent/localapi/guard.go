package localapi

import (
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// guard stands before every route: it keeps pages of other sites, and names that
// were made to point here, away from an agent that asks for no token.
type guard struct {
	hosts   []string // besides loopback's own names
	origins []string // that may call from their pages
	limits  Limits
}

// allowedHeaders are those that a page may send besides the simple ones.
const (
	allowedHeaders = "Content-Type, " + keyHeader + ", Sec-GPC"
	allowedMethods = "GET, POST, PUT, DELETE"
)

// gpcHeader is Sec-GPC as net/http spells it, or it would be spelt anew to look it
// up in each request.
const gpcHeader = "Sec-Gpc"

// admit checks a request and prepares its body; done says that it is answered.
func (g *guard) admit(w http.ResponseWriter, r *http.Request) (done bool) {
	d := g.check(w.Header(), r)
	switch {
	case d != nil:
		fail(w, r, d)
		return true
	case r.Method == http.MethodOptions:
		preflight(w.Header(), r)
		w.WriteHeader(http.StatusNoContent)
		return true
	}
	return false
}

func (g *guard) check(h http.Header, r *http.Request) *Details {
	if !g.host(r.Host) {
		return refuse(unknownHost, "call it by a loopback address, or add the name to api.hosts in the agent's configuration")
	}
	if !g.origin(h, r) {
		return refuse(crossOrigin, "add the page's origin to api.origins in the agent's configuration")
	}
	if r.Body == http.NoBody || r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions {
		return nil
	}
	return g.body(r)
}

// host tells whether a Host header names this agent. Without it a name that an
// attacker points at 127.0.0.1 would make their page one of ours.
func (g *guard) host(hostport string) bool {
	if strings.HasPrefix(hostport, "127.0.0.1:") {
		return true
	}
	name := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		name = h
	}
	name = strings.ToLower(strings.Trim(name, "[]"))
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		return true
	}
	return name == "localhost" || slices.Contains(g.hosts, name)
}

// origin tells whether the page that asks, if one does, may; and says so to the
// browser.
func (g *guard) origin(h http.Header, r *http.Request) bool {
	origin := r.Header["Origin"]
	if len(origin) == 0 {
		// A browser that sends no Origin with a GET still says where it comes from.
		site := r.Header.Get("Sec-Fetch-Site")
		return site == "" || site == "same-origin" || site == "none" || r.Header.Get("Sec-Fetch-Mode") == "navigate"
	}
	if len(origin) > 1 {
		return false
	}
	if slices.Contains(g.origins, origin[0]) {
		h["Access-Control-Allow-Origin"] = origin
		h["Access-Control-Expose-Headers"] = []string{problemHeader}
		h["Vary"] = []string{"Origin"}
		return true
	}
	u, err := url.Parse(origin[0])
	return err == nil && u.Scheme == "http" && u.Host == r.Host // there is no TLS yet
}

// preflight answers what a browser asks before a page's call.
func preflight(h http.Header, r *http.Request) {
	h.Set("Access-Control-Allow-Methods", allowedMethods)
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", "600")
	if r.Header.Get("Access-Control-Request-Private-Network") == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
}

// body checks what a body is before a byte of it is read, and bounds it.
func (g *guard) body(r *http.Request) *Details {
	kinds, limit := bodyTypes(r), g.limits.Body
	kind := mediaType(r)
	if kind == csvType || kind == ndjsonType { // rows, which are read as they come
		limit = g.limits.Bulk
	}
	switch {
	case r.Header.Get("Content-Encoding") != "":
		return refuse(unsupportedType, "send the body without Content-Encoding")
	case !slices.Contains(kinds, kind):
		return refuse(unsupportedType, "send it with Content-Type "+strings.Join(kinds, " or "))
	case r.ContentLength > limit:
		return tooLarge(limit)
	}
	if r.ContentLength < 0 { // else the server reads no more than was said
		r.Body = http.MaxBytesReader(nil, r.Body, limit)
	}
	return nil
}

const (
	jsonType   = "application/json"
	csvType    = "text/csv"
	ndjsonType = "application/x-ndjson"
)

// rowTypes are the paths that PUT brings rows to, and in what.
var rowTypes = map[string][]string{
	"/v1/items": {csvType, ndjsonType}, "/v1/profiles": {csvType, ndjsonType}, "/v1/offers": {csvType, ndjsonType},
	"/v1/stock": {jsonType, csvType, ndjsonType},
}

var jsonOnly = []string{jsonType}

func bodyTypes(r *http.Request) []string {
	if r.Method == http.MethodPut {
		if kinds := rowTypes[r.URL.Path]; kinds != nil {
			return kinds
		}
	}
	return jsonOnly
}

func mediaType(r *http.Request) string {
	switch kind := r.Header.Get("Content-Type"); kind {
	case jsonType:
		return kind
	default:
		kind, _, err := mime.ParseMediaType(kind)
		if err != nil {
			return ""
		}
		return kind
	}
}
