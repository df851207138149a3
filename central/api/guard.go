package api

import (
	"net"
	"net/http"
	"slices"
	"strings"
)

// open is what anybody on this machine may ask: agents that enrol, and what
// watches over processes. It gives away no more than that central is there.
var open = []string{"POST /api/v1/enrol", "GET /livez", "HEAD /livez", "GET /readyz", "HEAD /readyz", "GET /metrics", "GET /openapi.json", "GET /login"}

// guard lets only the administrator through, and no request that another site's
// page sends from the administrator's browser: the Host must be one of ours (a
// name that somebody points at loopback is not), nothing is changed from another
// origin, and no answer may be framed, sniffed or kept. There is no CORS.
func guard(next http.Handler, a *Access, hosts []string) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		switch {
		case !ours(r.Host, hosts):
			kindUnknownHost.problem("the host is not in `hosts` of the configuration; add it, or use 127.0.0.1").write(w)
		case origin.Check(r) != nil:
			kindCrossOrigin.problem("send this from a page of this console, or without a browser").write(w)
		case slices.Contains(open, r.Method+" "+r.URL.Path):
			next.ServeHTTP(w, r)
		case !a.admits(r):
			h.Set("WWW-Authenticate", `Bearer realm="aisle"`)
			nobody(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func ours(host string, hosts []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback() || strings.EqualFold(host, "localhost") ||
		slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// nobody answers who is not signed in, a person in words.
func nobody(w http.ResponseWriter, r *http.Request) {
	p := kindNobody.problem("run `aisle-central link` on this machine and open what it prints, or send the token of " + TokenFile)
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		p.write(w)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(p.Status)
	_, _ = w.Write([]byte("Aisle\n\nYou are not signed in. On the machine that runs central, run\n\n    aisle-central link\n\nand open what it prints.\n"))
}
