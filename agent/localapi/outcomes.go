package localapi

import (
	"net/http"
	"strconv"

	"github.com/aisle-edge/aisle/agent/attribution"
)

// outcomes answers POST /v1/outcomes.
func (a *API) outcomes(w http.ResponseWriter, r *http.Request) {
	c := a.borrow()
	defer a.giveBack(c)
	var outcomes []attribution.Outcome
	err := c.read(r, &outcomes)
	if err != nil {
		a.refused(w, r, err)
		return
	}
	for i := range outcomes {
		outcomes[i].ItemID = a.itemID(outcomes[i].ItemID)
	}
	report, err := a.Decider.Tell(r.Context(), outcomes)
	a.metrics.told(&report)
	if err != nil {
		a.refused(w, r, err)
		return
	}
	for i := range report.Rejected {
		report.Rejected[i].Type = Base + invalid
	}
	c.out = appendReport(c.out[:0], &report)
	c.send(w, http.StatusAccepted)
}

func appendReport(dst []byte, r *attribution.Report) []byte {
	dst = appendTexts(append(dst, `{"accepted":`...), r.Accepted)
	dst = appendTexts(append(dst, `,"duplicate":`...), r.Duplicate)
	dst = append(dst, `,"rejected":[`...)
	for i, one := range r.Rejected {
		dst = appendText(append(comma(dst, i), `{"id":`...), one.ID)
		dst = strconv.AppendInt(append(dst, `,"place":`...), int64(one.Place), 10)
		dst = appendText(append(dst, `,"type":`...), one.Type)
		dst = append(appendText(append(dst, `,"detail":`...), one.Detail), '}')
	}
	dst = strconv.AppendInt(append(dst, `],"unmatched":`...), int64(r.Unmatched), 10)
	return append(dst, '}')
}

func appendTexts(dst []byte, texts []string) []byte {
	dst = append(dst, '[')
	for i, s := range texts {
		dst = appendText(comma(dst, i), s)
	}
	return append(dst, ']')
}
