package localapi

import (
	"net/http"
	"strings"

	"github.com/aisle-edge/aisle/agent/ranking"
)

// azureError is an error as Personalizer's clients read it.
type azureError struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// writeAzure answers with a problem in Personalizer's form, and its codes.
func writeAzure(w http.ResponseWriter, r *http.Request, d *Details) {
	var e azureError
	e.Error.Code, e.Error.Message = azureCode(r.URL.Path, d), d.Title+": "+d.Detail
	for _, one := range d.Faults {
		e.Error.Message += "; " + strings.TrimSpace(one.Path+" "+one.Problem)
	}
	status := d.Status
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	writeJSON(w, status, e)
}

func azureCode(path string, d *Details) string {
	switch {
	case d.Type == Base+wrongKey:
		return "401"
	case d.Type == Base+managed:
		return "OperationNotAllowed"
	case d.Status >= http.StatusInternalServerError:
		return "InternalServerError"
	case d.Type == Base+notFound || d.Type == Base+string(ranking.UnknownSlot):
		return "ResourceNotFound"
	case strings.HasSuffix(path, "/rank"):
		return "InvalidRankRequest"
	case strings.HasSuffix(path, "/reward"):
		return "InvalidRewardRequest"
	case strings.HasSuffix(path, "/activate"):
		return "InvalidEventIdToActivate"
	case strings.HasSuffix(path, "/configurations/service"):
		return "InvalidServiceConfiguration"
	}
	return "BadRequest"
}
