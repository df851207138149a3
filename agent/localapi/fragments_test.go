package localapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/sync/wire"
)

func cookie(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: name, Value: value}) }
}

func TestFragments(t *testing.T) {
	s := newSite(t, localapi.Options{Fragments: localapi.Fragments{Session: localapi.From{Header: "X-Session"}}})
	s.Put(nodetest.Item("tea", func(it *wire.Item) { it.Title, it.Url = `Tea <b>"now"`, "/tea" }))
	w := s.ask("GET", "/fragments/hero?count=21&context.weather=rain", "", header("X-Session", "s1"))
	if w.Code != 200 || w.Header().Get("Cache-Control") != "private, no-store" || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if body := w.Body.String(); strings.Count(body, "<li") != 21 || !strings.Contains(body, `<a href="/tea"><strong class="title">Tea &lt;b&gt;&#34;now&#34;</strong></a>`) {
		t.Errorf("%s", body)
	}
	decisions, _ := s.Decisions()
	if d := decisions[len(decisions)-1]; len(d.Session) == 0 {
		t.Error("the session of a header is not read")
	}
}

// TestCookieIsNoConsent: a card in a cookie is somebody only once they said so.
func TestCookieIsNoConsent(t *testing.T) {
	s := newSite(t, localapi.Options{})
	ask := func(with ...func(*http.Request)) (personalised bool, last *wire.Decision) {
		t.Helper()
		w := s.ask("GET", "/fragments/hero", "", with...)
		decisions, _ := s.Decisions()
		if w.Code != 200 || w.Body.Len() == 0 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		return strings.Contains(w.Body.String(), "data-personalised"), decisions[len(decisions)-1]
	}
	if p, d := ask(cookie("card", "p%2F1")); p || len(d.Pseudonym) > 0 {
		t.Error("a cookie alone makes somebody known")
	}
	grant(t, s, "p%2F1", wire.PersonalisedOffers, wire.ProfileBuilding, wire.DeviceStorage)
	s.Know("p/1", "taste", "sweet")
	if p, d := ask(cookie("card", "p%2F1")); !p || len(d.Pseudonym) == 0 {
		t.Error("who granted it is not known by their cookie")
	}
	if p, _ := ask(cookie("card", "p%2F1"), header("Sec-GPC", "1")); p {
		t.Error("a browser's signal is not heard")
	}
	if p, _ := ask(cookie("card", "p%2F1"), cookie("euconsent-v2", "CPunreadable")); p {
		t.Error("a consent string that can't be read grants something")
	}
}

// TestErrorsStayOutOfPages: a fragment that can't be made is empty.
func TestErrorsStayOutOfPages(t *testing.T) {
	s := newSite(t, localapi.Options{})
	for path, problem := range map[string]string{
		"/fragments/nowhere": "unknown-slot", "/fragments/hero?count=x": "invalid-request", "/fragments/hero?count=101": "invalid-request",
		"/fragments/personalizer": "no-actions", "/fragments/": "not-found",
	} {
		w := s.ask("GET", path, "")
		if w.Code != 200 || w.Body.Len() > 0 || w.Header().Get("X-Aisle-Problem") != problem || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %q %v", path, w.Code, w.Body, w.Header())
		}
	}
	if w := s.ask("GET", "/fragments/hero", "", func(r *http.Request) { r.Host = "evil.example" }); w.Body.Len() > 0 {
		t.Errorf("a foreign host is shown %s", w.Body)
	}
}

// TestSectionsOfAFragment: the sections that a page names narrow those of its GPP
// string; a list that can't be read leaves all of them.
func TestSectionsOfAFragment(t *testing.T) {
	from := localapi.Fragments{GPP: localapi.From{Header: "X-Gpp"}, GPPSid: localapi.From{Cookie: "gpp_sid"}}
	s := newSite(t, localapi.Options{Fragments: from})
	grant(t, s, "p", wire.PersonalisedOffers, wire.ProfileBuilding, wire.DeviceStorage)
	s.Know("p", "taste", "sweet")
	for sid, want := range map[string]bool{"": false, "6": false, "6,-1": false, "-1_6": false, "-1": true, "-1,x": false} {
		with := []func(*http.Request){cookie("card", "p"), header("X-Gpp", "DBABTA~1YYN")}
		if sid != "" {
			with = append(with, cookie("gpp_sid", sid))
		}
		body := s.ask("GET", "/fragments/hero", "", with...).Body.String()
		if got := strings.Contains(body, "data-personalised"); got != want {
			t.Errorf("sections %q: personalised %v", sid, got)
		}
	}
}

// TestNullSaysNothing: it is no empty list.
func TestNullSaysNothing(t *testing.T) {
	s := newSite(t, localapi.Options{})
	for _, path := range []string{"/v1/outcomes", "/v1/decide:batch", "/v1/decide"} {
		if w := s.ask("POST", path, " null\n"); w.Code != 400 {
			t.Errorf("%s answers %d", path, w.Code)
		}
	}
}
