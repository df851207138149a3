package localapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/wire"
)

type known struct {
	Purposes, InForce []string
	Version           uint64
	Source            string
	Evidence          *struct{ Text, Place, At string }
}

func TestConsentOverHTTP(t *testing.T) {
	s := newSite(t, localapi.Options{})
	var k known
	s.get(&k, 200, "GET", "/v1/profiles/p%2F1/consent", "")
	if k.Purposes == nil || len(k.Purposes) > 0 || k.Version != 0 {
		t.Errorf("of a stranger %+v", k)
	}
	body := `{"purposes":["personalised_offers","profile_building"],"evidence":{"text":"` + strings.Repeat("ab", 32) + `","place":"kiosk north","at":"2026-01-01T10:00:00Z"}}`
	s.get(&k, 200, "PUT", "/v1/profiles/p%2F1/consent", body)
	if len(k.InForce) != 2 || k.Version != 1 || k.Source != "local" || k.Evidence == nil || k.Evidence.Place != "kiosk north" {
		t.Errorf("%+v", k)
	}
	s.get(&k, 200, "GET", "/v1/profiles/p%2F1/consent", "")
	if len(k.InForce) != 2 {
		t.Errorf("read back %+v", k)
	}
	s.get(&k, 200, "GET", "/v1/profiles/p/consent", "")
	if len(k.InForce) != 0 {
		t.Errorf("somebody else has %+v", k)
	}
	if w := s.ask("PUT", "/v1/profiles/p%2F1/consent", strings.Replace(body, `{"p`, `{"version":1,"p`, 1)); w.Code != 200 {
		t.Errorf("the same again answers %d %s", w.Code, w.Body)
	}
	if w := s.ask("PUT", "/v1/profiles/p%2F1/consent", `{"version":1,"purposes":[]}`); w.Code != 409 || problemOf(t, w).Type != localapi.Base+"consent-version" {
		t.Errorf("another of an old version answers %d %s", w.Code, w.Body)
	}
	s.get(&k, 200, "PUT", "/v1/profiles/p%2F1/consent", `{"purposes":[]}`)
	if len(k.Purposes)+len(k.InForce) > 0 {
		t.Errorf("after a withdrawal %+v", k)
	}
}

// TestConsentCanBeTakenBack, whatever version it came with: of the highest that is
// taken there is a next one.
func TestConsentCanBeTakenBack(t *testing.T) {
	s := newSite(t, localapi.Options{})
	grants := `{"purposes":["personalised_offers"],"evidence":{"text":"` + strings.Repeat("ab", 32) + `","place":"kiosk"},"version":`
	for version, taken := range map[string]bool{"9007199254740991": true, "9007199254740992": false, "9223372036854775808": false, "18446744073709551615": false} {
		if w := s.ask("PUT", "/v1/profiles/p"+version+"/consent", grants+version+"}"); taken != (w.Code == 200) {
			t.Errorf("version %s: %d %s", version, w.Code, w.Body)
		}
	}
	s.get(nil, 200, "PUT", "/v1/profiles", "id,purposes,consent_at,consent_version\npimported,personalised_offers,2026-01-01T00:00:00Z,9223372036854775807\n", header("Content-Type", "text/csv"))
	for _, who := range []string{"p9007199254740991", "p9007199254740992", "p9223372036854775808", "p18446744073709551615", "pimported"} {
		var k known
		s.get(&k, 200, "PUT", "/v1/profiles/"+who+"/consent", `{"purposes":[]}`)
		if len(k.Purposes)+len(k.InForce) > 0 {
			t.Errorf("%s can't take it back: %+v", who, k)
		}
	}
}

// TestWithdrawalIsInForceWithItsAnswer, whatever the disk has seen of it.
func TestWithdrawalIsInForceWithItsAnswer(t *testing.T) {
	s := newSite(t, localapi.Options{})
	grant(t, s, "p1", wire.PersonalisedOffers, wire.ProfileBuilding, wire.DeviceStorage)
	s.Know("p1", "taste", "sweet")
	ask := `{"slot":"hero","profileId":"p1"}`
	var a decided
	s.get(&a, 200, "POST", "/v1/decide", ask)
	if !a.Personalised || len(a.Basis.PurposesUsed) == 0 {
		t.Fatalf("with consent %+v", a)
	}
	for name, with := range map[string]string{"Sec-GPC": "1"} {
		s.get(&a, 200, "POST", "/v1/decide", ask, header(name, with))
		if a.Personalised || len(a.Basis.PurposesUsed) > 0 {
			t.Errorf("with %s %+v", name, a)
		}
	}
	s.get(nil, 200, "PUT", "/v1/profiles/p1/consent", `{"purposes":[]}`)
	s.get(&a, 200, "POST", "/v1/decide", ask)
	if a.Personalised || len(a.Basis.PurposesUsed) > 0 {
		t.Errorf("after a withdrawal %+v", a)
	}
	s.Cut()
	s.Again()
	s.api = serve(t, s.Node, localapi.Options{})
	s.get(&a, 200, "POST", "/v1/decide", ask)
	if a.Personalised {
		t.Error("a power cut brought the consent back")
	}
}

// TestNoCacheKeepsAnybody: whatever is said of a person is said once.
func TestNoCacheKeepsAnybody(t *testing.T) {
	s := newSite(t, localapi.Options{})
	grant(t, s, "p1", wire.PersonalisedOffers)
	for _, at := range []string{
		"GET /v1/profiles/p1", "GET /v1/profiles/p1/consent", `PUT /v1/profiles/p1/consent {"purposes":[]}`, "GET /v1/decisions/e1", "GET /v1/status",
		`POST /v1/decide {"slot":"hero","eventId":"e1"}`, `POST /v1/outcomes []`, "POST /v1/decisions/e1/replay ", "GET /fragments/hero", "GET /nowhere",
	} {
		method, at, _ := strings.Cut(at, " ")
		path, body, _ := strings.Cut(at, " ")
		if got := s.ask(method, path, body).Header().Get("Cache-Control"); !strings.Contains(got, "no-store") {
			t.Errorf("%s %s may be kept: %q", method, path, got)
		}
	}
}

func TestAccessTellsAll(t *testing.T) {
	s := newSite(t, localapi.Options{})
	csv := "id,purposes,consent_at,consent_version,taste,shoe\n" +
		"p1,personalised_offers|profile_building|measurement,2025-12-31T00:00:00Z,1,sweet,42\n" +
		"p2,measurement,2025-12-31T00:00:00Z,1,sour,\n"
	var r struct{ Accepted, Refused int }
	s.get(&r, 200, "PUT", "/v1/profiles", csv, header("Content-Type", "text/csv"))
	if r.Accepted != 1 || r.Refused != 1 {
		t.Errorf("%+v", r)
	}
	var a decided
	s.get(&a, 200, "POST", "/v1/decide", `{"slot":"hero","profileId":"p1"}`)
	var k struct {
		Consent known
		Fields  []struct{ Name, Value, Purpose string }
		History []struct{ Type, ItemID, Slot string }
	}
	s.get(&k, 200, "GET", "/v1/profiles/p1", "")
	if len(k.Consent.Purposes) != 3 || len(k.Fields) != 1 || k.Fields[0].Name != "taste" || k.Fields[0].Value != "sweet" || k.Fields[0].Purpose != "personalised_offers" {
		t.Errorf("%+v", k)
	}
	if len(k.History) != 3 || k.History[0].ItemID != a.Items[0].ID || k.History[0].Slot != "hero" || k.History[0].Type != "shown" {
		t.Errorf("%+v", k.History)
	}
	s.get(&k, 200, "GET", "/v1/profiles/p2", "")
	if len(k.Fields) > 0 {
		t.Errorf("somebody who granted no profile has %+v", k.Fields)
	}
}

// What people bought before comes in with their profile, and they may see it.
func TestHistoriesAreImported(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	s := ready(t, n, localapi.Options{})
	n.Use(nodetest.Files(t, nodetest.Slots(slots), rules, nodetest.Features[:strings.Index(nodetest.Features, "crosses")]+
		"  - {name: bought, scope: item, kind: dense, source: pair.times_bought, purpose: personalised_offers}\n", map[string]func(*scoring.Linear){"hero": nodetest.Random(7)}))
	csv := "id,purposes,consent_at,consent_version,purchases\n" +
		"p1,personalised_offers|profile_building,2025-12-31T00:00:00Z,1,item-00003@2025-12-01*4:399|gone@2025-12-02\n" +
		"p2,personalised_offers|profile_building,2025-12-31T00:00:00Z,1,planted@yesterday\n"
	var r struct {
		Accepted, Refused int
		Refusals          []struct{ Line int }
	}
	w := s.ask("PUT", "/v1/profiles", csv, header("Content-Type", "text/csv"))
	if err := json.Unmarshal(w.Body.Bytes(), &r); err != nil || r.Accepted != 1 || r.Refused != 1 || strings.Contains(w.Body.String(), "planted") ||
		!strings.Contains(w.Body.String(), "item@2026-03-01*times:price") {
		t.Errorf("%s", w.Body)
	}
	var k struct {
		Fields []struct {
			Name, Purpose string
			Value         []localapi.KnownPurchase
		}
	}
	s.get(&k, 200, "GET", "/v1/profiles/p1", "")
	if len(k.Fields) != 1 || k.Fields[0].Name != "purchases" || k.Fields[0].Purpose != "personalised_offers" || len(k.Fields[0].Value) != 2 {
		t.Fatalf("%+v", k)
	}
	for _, p := range k.Fields[0].Value {
		if p != (localapi.KnownPurchase{Item: "item-00003", Day: "2025-12-01", Times: 4, Price: 399}) && p != (localapi.KnownPurchase{Day: "2025-12-02", Times: 1}) {
			t.Errorf("%+v", p)
		}
	}
}
