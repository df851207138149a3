package localapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// call is the memory of one hot request.
type call struct {
	in, out []byte
}

// keep is the largest buffer that is kept for the next request.
const keep = 64 << 10

func (a *API) borrow() *call { return a.calls.Get().(*call) }

func (a *API) giveBack(c *call) {
	if cap(c.in) <= keep && cap(c.out) <= keep {
		a.calls.Put(c)
	}
}

// send writes a whole JSON body.
func (c *call) send(w http.ResponseWriter, status int) {
	h := w.Header()
	h["Content-Type"] = jsonHeader
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(len(c.out))}
	w.WriteHeader(status)
	w.Write(c.out)
}

// read reads a body and the value in it.
func (c *call) read(r *http.Request, into any) (err error) {
	if c.in, err = readBody(c.in[:0], r.Body); err != nil {
		return unread(err)
	}
	if d := parse(c.in, into); d != nil {
		return d
	}
	return nil
}

// unread is the problem of a body that did not come whole.
func unread(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return err
	}
	return refuse(malformed, "the body ended early; send it again")
}

const languageHeader = "Accept-Language"

// decide answers POST /v1/decide.
func (a *API) decide(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	c := a.borrow()
	defer a.giveBack(c)
	var request ranking.Request
	err := c.read(r, &request)
	if err == nil {
		if r.Header.Get(gpcHeader) == "1" {
			request.Consent.GPC = true
		}
		request.Accepted = r.Header.Get(languageHeader)
		err = a.choose(r.Context(), c, &request)
	}
	if err != nil {
		a.refused(w, r, err)
		return
	}
	c.send(w, http.StatusOK)
	a.metrics.took.Observe(time.Since(start).Seconds())
}

// choose appends the answer to one request to the call's output.
func (a *API) choose(ctx context.Context, c *call, r *ranking.Request) error {
	if d := a.admit(r); d != nil {
		return d
	}
	answer, err := a.Decider.Decide(ctx, r)
	if err != nil {
		return err
	}
	a.metrics.decided(answer)
	c.out = appendAnswer(c.out[:0], answer)
	return nil
}

// admit holds a request to the bounds, and makes its ids those of the catalogue.
func (a *API) admit(r *ranking.Request) *Details {
	a.itemIDs(r)
	return a.bounds(r)
}

// bounds are the configured ones; those that never change are ranking's.
func (a *API) bounds(r *ranking.Request) *Details {
	switch l := a.opt.Limits; {
	case len(r.Actions) > l.Actions:
		return refuse(invalid, fmt.Sprintf("send at most %d actions", l.Actions))
	case r.Count > l.Count:
		return refuse(invalid, fmt.Sprintf("ask for at most %d items", l.Count))
	}
	return nil
}

// refused answers with the problem that err stands for, and counts it.
func (a *API) refused(w http.ResponseWriter, r *http.Request, err error) {
	d := explained(err)
	a.metrics.refused(d)
	fail(w, r, d)
}

// consentTerms are those under which somebody is known.
func (a *API) consentTerms() (consent.Terms, []consent.Declared) {
	if r := a.Releases.Active(); r != nil {
		return r.Terms, r.Profile
	}
	return consent.Terms{}, nil
}

func (a *API) decisionRoutes(api huma.API) {
	byHand(api, operation("POST", decidePath, "decisions", "Choose what to show", http.StatusOK), ranking.Request{}, ranking.Answer{})
	byHand(api, operation("POST", outcomesPath, "outcomes", "Say what came of it; what is accepted is durable", http.StatusAccepted),
		[]attribution.Outcome{}, attribution.Report{})
	const batch = "/v1/decide:batch"
	several := operation("POST", batch, "decisions", "Choose for several at once", http.StatusOK)
	several.Parameters = []*huma.Param{{Name: "distinct", In: "query", Description: "true: none shows an item that one before it shows", Schema: &huma.Schema{Type: huma.TypeBoolean}}}
	byHand(api, several, []ranking.Request{}, Results{})
	a.mux.HandleFunc("POST "+decidePath, a.decide)
	a.mux.HandleFunc("POST "+outcomesPath, a.outcomes)
	a.mux.HandleFunc("POST "+batch, a.decideBatch)
	a.decisionRecordRoutes(api)
}
