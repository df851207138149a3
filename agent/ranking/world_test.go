package ranking_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/sync/wire"
)

// world is what a random check knows beside the records, which hold neither requests
// nor what is known of persons.
type world struct {
	asked map[string]ranking.Request   // by event
	known map[string]map[string]string // by person and version of their profile
}

// homely is a features.yaml with what the random rules read.
var homely = strings.Replace(nodetest.Features, "features:\n",
	"features:\n  - {name: home, scope: context, kind: hashed, source: profile.household, purpose: personalised_content}\n", 1)

// know writes what is known of somebody, as far as they let it be written.
func (w world) know(r *rapid.T, t *testing.T, n *nodetest.Node) {
	who := nodetest.Person(rapid.SampledFrom([]string{"p1", "p2"}).Draw(r, "who"))
	fields := map[string]string{
		"taste":     rapid.SampledFrom([]string{"sweet", "sour", "sweet|sour"}).Draw(r, "taste"),
		"household": rapid.SampledFrom([]string{"h1", "h1", "h2"}).Draw(r, "household"),
	}
	var all []consent.Field
	for name, text := range fields {
		all = append(all, consent.Field{Name: name, Value: consent.Value{Kind: consent.Text, Text: text}})
	}
	a := n.Releases.Active()
	withheld, err := n.Consents.Write(ctx, consent.Request{Who: who, Terms: a.Terms}, all, a.Profile)
	var denied *consent.Denied
	if errors.As(err, &denied) {
		return
	} else if err != nil {
		t.Fatal(err)
	}
	for _, f := range withheld {
		delete(fields, f.Field)
	}
	records := n.Records()
	p := records[len(records)-1].GetProfile()
	if p == nil {
		t.Fatal("the last record is no profile")
	}
	w.known[profileKey(p)] = fields
}

func profileKey(p *wire.Profile) string {
	return string(p.Pseudonym) + string(rune(p.Version))
}

// said is what a request says under a name, as words.
func said(q ranking.Request, name string) (words []string, number float64, ok bool) {
	for _, v := range q.Context {
		if v.Name == name {
			if words = v.List; v.Kind == features.Text {
				words = []string{v.Text}
			}
			return words, v.Number, true
		}
	}
	return nil, 0, false
}
