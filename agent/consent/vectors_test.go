package consent

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/consent/internal/tcftest"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

var rewrite = flag.Bool("rewrite", false, "write the strings of the grant vectors anew")

const vectorsFile = "testdata/grants.jsonl"

// grantVector is a string, when and where it is read, and what it grants; the
// wanted purposes are written by hand. Made, where there is one, is what the
// string was written from.
type grantVector struct {
	Name    string          `json:"name"`
	Made    *tcftest.String `json:"made,omitempty"`
	GPP     string          `json:"gpp,omitempty"` // around the string, which stands for @
	String  string          `json:"string"`
	At      string          `json:"at"`
	Regime  rulebook.Regime `json:"regime"`
	Vendor  int             `json:"vendor,omitempty"`
	Days    int             `json:"days,omitempty"` // 0: 395
	Sid     []int           `json:"sid,omitempty"`
	GPC     bool            `json:"gpc,omitempty"`
	Content string          `json:"content"`
	Offers  string          `json:"offers"`
	Why     string          `json:"why,omitempty"` // of personalised_offers in a slot of offers
}

func (v *grantVector) signals() Signals {
	s := Signals{GPC: v.GPC, GPPSid: v.Sid}
	if strings.HasPrefix(v.String, "D") {
		s.GPP = v.String
	} else {
		s.TCF = v.String
	}
	return s
}

func (v *grantVector) terms() Terms {
	days := v.Days
	if days == 0 {
		days = 395
	}
	return Terms{Regime: v.Regime, Lease: lease, Strings: rulebook.Consent{Vendor: v.Vendor, MaxAge: time.Duration(days) * 24 * time.Hour, GPCDeniesOffers: true}}
}

// encoded is the string that Made stands for.
func (v *grantVector) encoded() string {
	if v.Made == nil {
		return v.String
	}
	if v.GPP != "" {
		return strings.ReplaceAll(v.GPP, "@", v.Made.Encode())
	}
	return v.Made.Encode()
}

func readVectors(t testing.TB) (all []grantVector) {
	b, err := os.ReadFile(vectorsFile)
	check(t, err)
	for line := range bytes.Lines(b) {
		var v grantVector
		check(t, json.Unmarshal(line, &v))
		all = append(all, v)
	}
	return all
}

// short are the purposes as the vectors name them.
var short = map[string]wire.Purpose{"device": wire.DeviceStorage, "profile": wire.ProfileBuilding, "content": wire.PersonalisedContent,
	"offers": wire.PersonalisedOffers, "measure": wire.Measurement, "audience": wire.AudienceStatistics, "train": wire.ModelTraining,
	"cross": wire.CrossChannel}

// Promise 3: what each string grants, at its date, under its regime, in both
// kinds of slot, is what was written down for it; and at a node the same string
// leaves of everything granted no more than that.
func TestGrantVectors(t *testing.T) {
	all := readVectors(t)
	if *rewrite {
		var out bytes.Buffer
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(false)
		for i := range all {
			all[i].String = all[i].encoded()
			check(t, enc.Encode(&all[i]))
		}
		check(t, os.WriteFile(vectorsFile, out.Bytes(), 0o644))
	}
	if len(all) < 40 {
		t.Errorf("%d vectors", len(all))
	}
	for _, v := range all {
		if v.String != v.encoded() {
			t.Errorf("%s: the string is not what it was made of; run go test -rewrite", v.Name)
		}
		at, err := time.Parse(time.RFC3339, v.At)
		check(t, err)
		for slot, line := range map[wire.Purpose]string{wire.PersonalisedContent: v.Content, wire.PersonalisedOffers: v.Offers} {
			var want []wire.Purpose
			for word := range strings.FieldsSeq(line) {
				want = append(want, short[word])
			}
			g := Alone(v.signals(), v.terms(), slot, at)
			if got := g.All(); !slices.Equal(got, want) {
				t.Errorf("%s: in %s %v, want %v", v.Name, slot, got, want)
			}
			if slot == wire.PersonalisedOffers && g.Why(slot) != v.Why {
				t.Errorf("%s: offers are withheld for %q, want %q", v.Name, g.Why(slot), v.Why)
			}
			kept := rowOf(grant(person(1), everything...))
			kept.confirmed = at.UnixMilli()
			node := decide(kept, false, &Request{Who: person(1), Terms: v.terms(), Signals: v.signals()}, slot, at.UnixMilli())
			for _, p := range node.All() {
				if strings.HasPrefix(v.String, "C") && !slices.Contains(want, p) {
					t.Errorf("%s: at a node that may everything, in %s, %s is left", v.Name, slot, p)
				}
			}
			for _, p := range want {
				if !node.Has(p) {
					t.Errorf("%s: at a node that may everything, in %s, %s is withheld (%s)", v.Name, slot, p, node.Why(p))
				}
			}
		}
	}
}

// What is given up to a node's grants is never widened, and a slot of unknown
// kind has what both kinds have.
func TestStringsOnlyNarrow(t *testing.T) {
	for _, v := range readVectors(t) {
		at, err := time.Parse(time.RFC3339, v.At)
		check(t, err)
		for _, slot := range []wire.Purpose{wire.PersonalisedContent, wire.PersonalisedOffers, ""} {
			r := Request{Who: person(1), Terms: v.terms(), Signals: v.signals()}
			without := r
			without.Signals = Signals{}
			kept := rowOf(grant(person(1), wire.DeviceStorage, wire.PersonalisedOffers))
			kept.confirmed = at.UnixMilli()
			for _, row := range []*row{nil, kept} {
				with, plain := decide(row, false, &r, slot, at.UnixMilli()), decide(row, false, &without, slot, at.UnixMilli())
				for _, p := range everything {
					if with.Has(p) && !plain.Has(p) {
						t.Errorf("%s: in %q, %s is granted by a signal", v.Name, slot, p)
					}
				}
			}
			if slot == "" {
				both := Alone(v.signals(), v.terms(), "", at)
				for _, p := range everything {
					content, offers := Alone(v.signals(), v.terms(), wire.PersonalisedContent, at), Alone(v.signals(), v.terms(), wire.PersonalisedOffers, at)
					if both.Has(p) != (content.Has(p) && offers.Has(p)) {
						t.Errorf("%s: %s of a slot of unknown kind", v.Name, p)
					}
				}
			}
		}
	}
}

func BenchmarkStrings(b *testing.B) {
	var vendors []int
	for i := 1; i < 1000; i += 1 + i%3 {
		vendors = append(vendors, i)
	}
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	typical := tcftest.String{Created: at.Add(-24 * time.Hour), Purposes: []int{1, 2, 3, 4, 7, 9}, Vendors: vendors, LI: vendors,
		Disclosed: vendors, Publisher: []int{1, 3, 4, 7}}.Encode()
	row := rowOf(grant(person(1), everything...))
	row.confirmed = at.UnixMilli()
	var rules []tcftest.Rule
	for purpose := 2; purpose <= 9; purpose++ {
		rules = append(rules, tcftest.Rule{Purpose: purpose, Type: 1, Vendors: vendors[:60]})
	}
	restricted := tcftest.String{Created: at.Add(-24 * time.Hour), Purposes: []int{1, 2, 3, 4}, Vendors: vendors, Restrict: rules, Disclosed: vendors}.Encode()
	for name, s := range map[string]Signals{"none": {}, "tcf": {TCF: typical}, "tcf-of-480-restricted": {TCF: restricted}, "usnat": {GPP: "DBABLA~BVVVkkkklWA.YA", GPPSid: []int{7}}} {
		b.Run(name, func(b *testing.B) {
			r := Request{Who: person(1), Terms: Terms{Lease: lease, Strings: rulebook.Consent{MaxAge: 395 * 24 * time.Hour}}, Signals: s}
			if s.TCF == restricted {
				r.Terms.Strings.Vendor = 1
			}
			b.ReportAllocs()
			for b.Loop() {
				decide(row, false, &r, wire.PersonalisedOffers, at.UnixMilli())
			}
		})
	}
}
