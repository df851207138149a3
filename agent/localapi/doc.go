// Package localapi is the HTTP interface of a node: what kiosks, tills, pages and
// people ask it, described at /openapi.json.
//
// It decides nothing. It reads a request, bounds it, hands it to the package that
// owns the question, and writes the answer; decide and outcomes do without the
// router, and are described from the same types.
//
// # Failure
//
// Every refusal is a problem (RFC 9457) whose type is one of Problems: a slug that
// never changes its meaning, after Base. A problem says what to do, and repeats no
// value of the request. Two paths speak otherwise: the Personalizer endpoints have
// the error form of their clients, and a fragment that can't be made is empty, for
// it stands in somebody's page.
//
// # Pages
//
// There is no token on loopback, so a page that somebody visits must not reach
// through: a host or an origin that is not listed is refused, a body is JSON (or
// rows), and a browser that asks before it crosses into the private network is
// told.
package localapi
