package localapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/agent/ranking"
)

// A field that a file of profiles writes as a list is one to subscriptions and to
// conditions, in both kinds of file: who is in two clubs has the offers of both, and is
// not shown what either excludes.
func TestImportedListsAreLists(t *testing.T) {
	s := newSite(t, localapi.Options{})
	slot := strings.NewReplacer("count: 3", "count: 5", "rules: []", "rules: [teetotal]").Replace(nodetest.Slot)
	files := nodetest.Files(t, nodetest.Slots(slot), "version: 0\nrules:\n  - {id: teetotal, kind: exclude, items: [item-00003], when: {profile.clubs: {$in: [dry]}}, text: {en: wine}}\n",
		"version: 0\nfeatures: [{name: clubs, scope: context, kind: hashed, source: profile.clubs, purpose: personalised_offers}]\n", nil)
	files["offers.csv"] = []byte("id,title,kind,target,percent,cadence\nred,R,items,item-00001,10,subscription:clubs\nblue,B,items,item-00002,10,subscription:clubs\n")
	s.Use(files)
	s.get(nil, 200, "PUT", "/v1/items", "id,title,price,currency,tax_rate\nitem-00001,A,1000,EUR,0\nitem-00002,B,1000,EUR,0\nitem-00003,C,1000,EUR,0\n", header("Content-Type", "text/csv"))
	rows := "id,purposes,consent_at,consent_version,clubs\n"
	for i, clubs := range []string{"red", "red|blue", " blue | dry |", "reddish|blue2", ""} {
		rows += fmt.Sprintf("p%d,profile_building|personalised_offers,AT,1,%s\n", i, clubs)
	}
	rows = strings.ReplaceAll(rows, "AT", s.Now().UTC().Format("2006-01-02T15:04:05Z"))
	s.get(nil, 200, "PUT", "/v1/profiles", rows, header("Content-Type", "text/csv"))
	s.get(nil, 200, "PUT", "/v1/profiles", `{"id":"json","purposes":["profile_building","personalised_offers"],"consent_at":"`+s.Now().UTC().Format("2006-01-02T15:04:05Z")+`","consent_version":1,"clubs":["blue","red","dry"]}`, header("Content-Type", "application/x-ndjson"))
	got := map[string][]string{}
	for _, who := range []string{"p0", "p1", "p2", "p3", "p4", "json"} {
		var a ranking.Answer
		s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero","count":23,"profileId":"`+who+`"}`)
		for _, it := range a.Items {
			if it.OfferID != "" || it.ID == "item-00003" {
				got[who] = append(got[who], it.ID[len(it.ID)-1:]+it.OfferID)
			}
		}
		slices.Sort(got[who])
	}
	want := map[string][]string{"p0": {"1red", "3"}, "p1": {"1red", "2blue", "3"}, "p2": {"2blue"}, "p3": {"3"}, "json": {"1red", "2blue"}}
	delete(got, "p4") // of whom nothing is known: what might exclude does
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var known struct{ Fields []struct{ Value any } }
	if s.get(&known, 200, "GET", "/v1/profiles/p2", ""); !cmp.Equal(known.Fields[0].Value, any([]any{"blue", "dry"})) {
		t.Errorf("kept is %v", known.Fields)
	}
}
