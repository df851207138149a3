package localapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/item"
)

const (
	pen  = "4006381333931"
	cola = "5000112637922"
)

// Each is a rulebook that names PEN and COLA, in a place where people write ids.
var named = []string{
	"rules: [{id: r, kind: exclude, items: [PEN]}]",
	"rules: [{id: r, kind: exclude, items: [PEN], unless: {context.weather: rain}}]",
	"rules: [{id: r, kind: exclude, where: {item.id: PEN}}]",
	"rules: [{id: r, kind: exclude, where: {item.id: {$in: [PEN, x]}}}]",
	"rules: [{id: r, kind: exclude, where: {item.id: {$nin: [PEN]}}}]",
	"rules: [{id: r, kind: exclude, where: {item.id: {$ne: PEN}}}]",
	"rules: [{id: r, kind: exclude, where: {item.id: {$eq: PEN}}, when: {context.weather: rain}}]",
	"rules: [{id: r, kind: exclude, where: {$or: [{item.id: PEN}, {item.brand: none}]}}]",
	"rules: [{id: r, kind: exclude, where: {$not: {item.id: {$ini: [COLA]}}}}]",
	"rules: [{id: r, kind: exclude, unless: {item.id: {$inGroup: few}}}]\ngroups: {few: [PEN]}",
	"rules: [{id: r, kind: exclude, where: {$savedGroup: {id: few}}}]\ngroups: {few: {type: condition, condition: {item.id: PEN}}}",
	"rules: [{id: r, kind: exclude, where: {$savedGroup: {id: few}}}]\ngroups: {few: {type: list, attributeKey: item.id, values: [PEN]}}",
	"rules: [{id: r, kind: exclude, items: [COLA], when: {basket: {$in: [PEN]}}}]",
	"rules: [{id: r, kind: exclude, items: [COLA], when: {basket: {$all: [PEN, x]}}}]",
	"rules: [{id: r, kind: exclude, items: [COLA], when: {basket: {$elemMatch: {$eq: PEN}}}}]",
	"rules: [{id: r, kind: exclude, items: [COLA], when: {basket: [PEN, x]}}]",
	"rules: [{id: r, kind: exclude, items: [COLA], when: {basket: {$not: {$in: [PEN]}}}}]",
	"rules: []\nSLOT source: {items: [COLA, PEN]}",
	"rules: []\nSLOT pins: [{position: 2, item: PEN}]",
	"rules: []\nSLOT promoted: {share: 1, where: {item.id: PEN}}",
}

// Whoever writes a rule reads thirteen digits off a package. In every place of a
// release an id means the item that is imported so, and what it would mean if it were
// written as the catalogue does.
func TestRulesReadThirteenDigits(t *testing.T) {
	seen := map[string][][]string{} // by form and rulebook
	for _, form := range []string{"", "0", "gone"} {
		s := ready(t, nodetest.New(t, nodetest.Options{Scheme: item.GTIN}), localapi.Options{Scheme: item.GTIN})
		s.get(nil, 200, "PUT", "/v1/items", "id,title,brand,price,currency,tax_rate,stock\n"+pen+",Pen,p,199,EUR,0.19,4\n"+cola+",Cola,c,99,EUR,0.19,4\n96385074,Tea,t,99,EUR,0.19,4\n", header("Content-Type", "text/csv"))
		for i, book := range named {
			s.Use(releaseNaming(t, book, form))
			var shown []string
			for k, context := range []string{`"basket":["` + pen + `","x"],"weather":"rain"`, `"basket":["` + cola + `"]`} {
				var a ranking.Answer
				s.get(&a, http.StatusOK, "POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":"%d-%d","context":{%s}}`, i, k, context))
				for _, it := range a.Items {
					shown = append(shown, fmt.Sprint(it.ID, " ", it.Probability))
				}
				shown = append(shown, "and")
			}
			seen[form] = append(seen[form], shown)
		}
	}
	for i, book := range named {
		if diff := cmp.Diff(seen["0"][i], seen[""][i]); diff != "" {
			t.Errorf("%s\nas the catalogue writes it (-) and as on a package (+)\n%s", book, diff)
		}
		if cmp.Equal(seen["0"][i], seen["gone"][i]) {
			t.Errorf("%s\ndoes nothing: %v", book, seen["0"][i])
		}
	}
}

// releaseNaming is a release with the ids as on a package, as the catalogue writes
// them, or others that there are not.
func releaseNaming(t *testing.T, book, form string) map[string][]byte {
	ids := strings.NewReplacer("PEN", "'"+form+pen+"'", "COLA", "'"+form+cola+"'")
	rules, slot, _ := strings.Cut(ids.Replace(book), "\nSLOT ")
	slots := nodetest.Slot
	if key, _, _ := strings.Cut(slot, ":"); key == "source" {
		slots = strings.Replace(slots, "source: {catalogue: {limit: 10000}}", slot, 1)
	} else if slot != "" {
		slots += "    " + slot + "\n"
	}
	if strings.Contains(rules, "id: r") {
		slots = strings.Replace(slots, "rules: []", "rules: [r]", 1)
	}
	return nodetest.Files(t, nodetest.Slots(slots), "version: 0\n"+rules+"\n", nodetest.Features, nil)
}
