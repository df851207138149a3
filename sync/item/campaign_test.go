package item_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

func TestCadence(t *testing.T) {
	for s, want := range map[string]item.Cadence{
		"": {}, "ad_hoc": {}, "one_time": {Once: true}, "repeating:7d": {Every: 7 * 24 * time.Hour}, "repeating:12h": {Every: 12 * time.Hour},
		"subscription:clubs": {Field: "clubs"}, "threshold:3": {Threshold: 3},
	} {
		if got, err := item.ParseCadence(s); err != nil || got != want {
			t.Errorf("%q: %+v, %v", s, got, err)
		}
	}
	for _, s := range []string{"daily", "one_time:", "one_time:1", "ad_hoc:", "repeating", "repeating:", "repeating:0d", "repeating:7", "repeating:7m", "repeating:367d",
		"repeating:-1d", "subscription", "subscription:", "threshold:0", "threshold:x", "threshold:", "ONE_TIME", "threshold:1000001"} {
		if got, err := item.ParseCadence(s); err == nil || got != (item.Cadence{}) {
			t.Errorf("%q was read as %+v", s, got)
		}
	}
	for row, want := range map[string]string{
		"a|b,5,,,,":       "column id: ",
		"o,5,,,daily,":    "column cadence: is none of one_time",
		"o,5,,even,,":     "column pacing: is of a budget",
		"o,5,9,even,,":    "column pacing: even needs starts and ends",
		"o,5,9,often,,":   "column pacing: is none of",
		"o,5,9,,,maybe":   "column stack: is none of",
		"o,5,9.5,,,":      "column budget: is no whole number",
		"o,5,-1,,ad_hoc,": "column budget: is no whole number",
	} {
		_, bad := collect(item.Offers(strings.NewReader("id,percent,budget,pacing,cadence,stack,kind,target\n"+row+",brand,b\n"), own))
		if len(bad) != 1 || !strings.Contains(bad[0], want) {
			t.Errorf("%s: %q, want %q", row, bad, want)
		}
	}
}

// What the nodes may give away together is never more than an offer's budget.
func TestShares(t *testing.T) {
	offers := []*wire.Offer{{Id: "o", Budget: 1000, Budgeted: true}, {Id: "free"}, {Id: "none", Budgeted: true}}
	for file, want := range map[string][]string{
		"o,north,,600\no,south,a1,300\no,south,a2,100\nnone,north,,0\n": nil,
		"o,north,,600\no,south,,401\n":                                  {"line 3, column amount: makes the shares of this offer more than its budget of 1000"},
		"o,north,,600\no,south,,401\no,east,,400\n":                     {"line 3, column amount: makes the shares of this offer more than its budget of 1000"},
		"none,north,,1\n":                 {"line 2, column amount: makes the shares of this offer more than its budget of 0"},
		"other,north,,1\nfree,north,,1\n": {"line 2, column offer: is no offer of offers.csv with a budget", "line 3, column offer: is no offer of offers.csv with a budget"},
		"o,north,,1\no,north,,1\n":        {"line 3, column site: has a share of this offer already; write one row"},
		"o,north,,1\no,north,a1,1\n":      {"line 3, column agent: is named in some rows of this site only; name it in all, or write one row for the site"},
	} {
		var shares []*item.Share
		for s, err := range item.Shares(strings.NewReader("offer,site,agent,amount\n" + file)) {
			if err != nil {
				t.Fatal(file, err)
			}
			shares = append(shares, s)
		}
		var got []string
		for _, fault := range item.Shared(shares, offers) {
			got = append(got, fault.Error())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", file, d)
		}
	}
	for file, want := range map[string]string{
		"offer,site,amount\no,,5\n": "column site: is missing", "offer,site,amount\no,north,\n": "column amount: is missing",
		"offer,site,amount\no,north,1.5\n": "column amount: is no whole number", "site,amount\nnorth,1\n": "header line: there is no column offer",
		"offer,site,amount,id\no,north,1,1\n": "header line: column id: ",
	} {
		if _, bad := collect(item.Shares(strings.NewReader(file))); len(bad) != 1 || !strings.Contains(bad[0], want) {
			t.Errorf("%q: %q, want %q", file, bad, want)
		}
	}
}
