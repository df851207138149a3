package localapi_test

import (
	"net/http"
	"testing"

	"github.com/aisle-edge/aisle/agent/localapi"
)

const decision = `{"slot":"hero"}`

// TestPagesOfOthersStayOut: a browser on the same machine must not be a way in.
func TestPagesOfOthersStayOut(t *testing.T) {
	s := newSite(t, localapi.Options{Hosts: []string{"kiosk.shop.example"}, Origins: []string{"https://shop.example"}})
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	for name, c := range map[string]struct {
		status int
		with   []func(*http.Request)
	}{
		"a till":                       {200, nil},
		"localhost":                    {200, []func(*http.Request){host("localhost:8461")}},
		"IPv6":                         {200, []func(*http.Request){host("[::1]:8461")}},
		"a listed host":                {200, []func(*http.Request){host("Kiosk.shop.example:8461")}},
		"a name pointed here":          {421, []func(*http.Request){host("evil.example:8461")}},
		"a name that looks like ours":  {421, []func(*http.Request){host("127.0.0.1.evil.example")}},
		"a name that begins like ours": {421, []func(*http.Request){host("localhost.evil.example")}},
		"no host":                      {421, []func(*http.Request){host("")}},
		"its own page":                 {200, []func(*http.Request){header("Origin", "http://127.0.0.1:8461")}},
		"a listed page":                {200, []func(*http.Request){header("Origin", "https://shop.example")}},
		"a foreign page":               {403, []func(*http.Request){header("Origin", "https://evil.example")}},
		"a page on another port":       {403, []func(*http.Request){header("Origin", "http://127.0.0.1:9999")}},
		"a page in a sandbox":          {403, []func(*http.Request){header("Origin", "null")}},
		"a page over another scheme":   {403, []func(*http.Request){header("Origin", "http://shop.example")}},
		"two origins": {403, []func(*http.Request){func(r *http.Request) {
			r.Header["Origin"] = []string{"https://shop.example", "https://evil.example"}
		}}},
		"a foreign page without its origin": {403, []func(*http.Request){header("Sec-Fetch-Site", "cross-site"), header("Sec-Fetch-Mode", "no-cors")}},
	} {
		w := s.ask("POST", "/v1/decide", decision, c.with...)
		if w.Code != c.status {
			t.Errorf("%s: %d, want %d: %s", name, w.Code, c.status, w.Body)
		}
		allowed := w.Header().Get("Access-Control-Allow-Origin")
		if listed := name == "a listed page"; listed != (allowed != "") || listed && allowed != "https://shop.example" {
			t.Errorf("%s: allows %q", name, allowed)
		}
	}
}

func TestBrowserAsksFirst(t *testing.T) {
	s := newSite(t, localapi.Options{Origins: []string{"https://shop.example"}})
	asks := []func(*http.Request){
		header("Origin", "https://shop.example"), header("Access-Control-Request-Method", "PUT"),
		header("Access-Control-Request-Private-Network", "true"),
	}
	h := s.ask("OPTIONS", "/v1/profiles/p1/consent", "", asks...).Header()
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Private-Network": "true",
		"Access-Control-Allow-Methods": "GET, POST, PUT, DELETE", "Vary": "Origin",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if h.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("a page may send cookies of another site")
	}
	asks[0] = header("Origin", "https://evil.example")
	w := s.ask("OPTIONS", "/v1/profiles/p1/consent", "", asks...)
	if w.Code != 403 || w.Header().Get("Access-Control-Allow-Private-Network") != "" {
		t.Errorf("a foreign page is told %d %v", w.Code, w.Header())
	}
}

func TestBodiesAreWhatTheySay(t *testing.T) {
	s := newSite(t, localapi.Options{})
	for kind, status := range map[string]int{
		"application/json": 200, "application/json; charset=utf-8": 200, "text/plain": 415, "": 415,
		"application/x-www-form-urlencoded": 415, "text/csv": 415, "application/jsonp": 415, ";": 415,
	} {
		if w := s.ask("POST", "/v1/decide", decision, header("Content-Type", kind)); w.Code != status {
			t.Errorf("%q: %d, want %d", kind, w.Code, status)
		}
		if status == 415 {
			if w := s.ask("PUT", "/v1/profiles/p1/consent", `{"purposes":[]}`, header("Content-Type", kind)); w.Code != status {
				t.Errorf("%q: a consent answers %d, want %d", kind, w.Code, status)
			}
		}
	}
	if w := s.ask("POST", "/v1/decide", decision, header("Content-Encoding", "gzip")); w.Code != 415 {
		t.Errorf("a packed body answers %d", w.Code)
	}
}
