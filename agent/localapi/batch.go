package localapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aisle-edge/aisle/agent/ranking"
)

// Results are the answers to a batch, in the order of its requests.
type Results struct {
	Results []Result `json:"results"`
}

// Result is an answer or a problem.
type Result struct {
	Answer  *ranking.Answer `json:"answer,omitempty"`
	Problem *Details        `json:"problem,omitempty"`
}

// decideBatch answers POST /v1/decide:batch: one after the other, so that each
// sees what those before it were shown. With ?distinct=true none shows an item that
// one before it shows.
func (a *API) decideBatch(w http.ResponseWriter, r *http.Request) {
	c := a.borrow()
	defer a.giveBack(c)
	var requests []ranking.Request
	distinct, err := flagOf(r, "distinct")
	if err == nil {
		err = c.read(r, &requests)
	}
	if err == nil && len(requests) > a.opt.Limits.Batch {
		err = refuse(invalid, fmt.Sprintf("send at most %d requests in one batch", a.opt.Limits.Batch))
	}
	if err != nil {
		a.refused(w, r, err)
		return
	}
	gpc := r.Header.Get(gpcHeader) == "1"
	results := make([]Result, len(requests))
	for i := range requests {
		requests[i].Consent.GPC = requests[i].Consent.GPC || gpc
		requests[i].Accepted = r.Header.Get(languageHeader)
		results[i] = a.result(r.Context(), &requests[i])
		if answer := results[i].Answer; distinct && answer != nil {
			keepOff(requests[i+1:], answer)
		}
	}
	writeJSON(w, http.StatusOK, Results{results})
}

// flagOf is a parameter that is true or false, false where it is not given.
func flagOf(r *http.Request, name string) (bool, error) {
	switch r.URL.Query().Get(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, refuse(invalid, name+" must be true or false")
}

// keepOff excludes what an answer shows from the requests after it.
func keepOff(after []ranking.Request, answer *ranking.Answer) {
	for i := range after {
		for k := range answer.Items {
			after[i].ExcludedActions = append(after[i].ExcludedActions, answer.Items[k].ID)
		}
	}
}

func (a *API) result(ctx context.Context, r *ranking.Request) Result {
	err := error(nil)
	if d := a.admit(r); d != nil {
		err = d
	} else if answer, e := a.Decider.Decide(ctx, r); e == nil {
		a.metrics.decided(answer)
		return Result{Answer: answer}
	} else {
		err = e
	}
	d := explained(err)
	a.metrics.refused(d)
	return Result{Problem: d}
}
