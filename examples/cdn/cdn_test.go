package cdn_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/examples/cdn"
)

// open serves the page beside an agent.
func open(t *testing.T, agent http.HandlerFunc) *httptest.Server {
	t.Helper()
	a := httptest.NewServer(agent)
	t.Cleanup(a.Close)
	p := httptest.NewServer(cdn.Handler(cdn.Options{Agent: a.URL}))
	t.Cleanup(p.Close)
	return p
}

func get(t *testing.T, request *http.Request) (*http.Response, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(b)
}

func index(t *testing.T, p *httptest.Server) *http.Request {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, p.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheAgentFillsTheSlot(t *testing.T) {
	p := open(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/fragments/page_hero" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		if r.Header.Get("Cookie") != "card=c1" || r.Header.Get("Sec-GPC") != "1" || r.Header.Get("Authorization") != "" {
			t.Errorf("asked with %v", r.Header)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, "<ul><li>An offer for $1</li></ul>")
	})
	r := index(t, p)
	r.Header.Set("Cookie", "card=c1")
	r.Header.Set("Sec-GPC", "1")
	r.Header.Set("Authorization", "secret")
	answer, body := get(t, r)
	if !strings.Contains(body, "<ul><li>An offer for $1</li></ul>") || strings.Contains(body, "#include") {
		t.Errorf("the slot is not filled:\n%s", body)
	}
	if got := answer.Header.Get("Cache-Control"); got != "private, no-store" {
		t.Errorf("a page of one visitor may be kept: %s", got)
	}
}

// TestThePageStandsWithoutTheAgent, whatever is wrong with it.
func TestThePageStandsWithoutTheAgent(t *testing.T) {
	for name, agent := range map[string]http.HandlerFunc{
		"an error": func(w http.ResponseWriter, r *http.Request) { http.Error(w, "<b>WRONG</b>", 500) },
		"nothing":  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(204) },
		"another kind": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, "WRONG")
		},
		"an endless one": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			io.WriteString(w, strings.Repeat("WRONG", 1<<17))
		},
		"a cut": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.Header().Set("Content-Length", "99")
			io.WriteString(w, "WRONG")
		},
		"no answer":       func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a broken socket": func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			p := open(t, agent)
			start := time.Now()
			answer, body := get(t, index(t, p))
			if answer.StatusCode != 200 || !strings.Contains(body, "Soup for a wet week") || !strings.HasSuffix(body, "</html>\n") || strings.Contains(body, "WRONG") {
				t.Errorf("%s\n%s", answer.Status, body)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("the page took %v", took)
			}
		})
	}
}

func TestAVisitorSaysWhoTheyAre(t *testing.T) {
	var told []string
	p := open(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut {
			w.WriteHeader(204)
			return
		}
		var body struct {
			Purposes []string
			Evidence struct{ Text, Place string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Evidence.Text) != 64 || body.Evidence.Place == "" {
			t.Errorf("%v, %v", body, err)
		}
		told = append(told, r.URL.EscapedPath()+" "+strings.Join(body.Purposes, ","))
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Jar: jar}
	at, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	send := func(card, allow string) string {
		t.Helper()
		answer, err := client.PostForm(p.URL+"/visitor", url.Values{"card": {card}, "allow": {allow}})
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		b, err := io.ReadAll(answer.Body)
		if err != nil || answer.StatusCode != 200 {
			t.Fatal(answer.Status, err)
		}
		return string(b)
	}
	if _, err := client.Get(p.URL); err != nil || len(jar.Cookies(at)) > 0 {
		t.Errorf("cookies before anybody said anything: %v, %v", jar.Cookies(at), err)
	}
	if page := send(`a"b/c`, "yes"); !strings.Contains(page, `value="a&#34;b/c"`) || len(jar.Cookies(at)) != 2 {
		t.Errorf("cookies %v of the page\n%s", jar.Cookies(at), page)
	}
	send("c2", "no")
	send("c3", "")
	if send("", "yes"); len(jar.Cookies(at)) != 0 {
		t.Errorf("nobody has cookies %v", jar.Cookies(at))
	}
	want := []string{"/v1/profiles/a%22b%2Fc/consent device_storage,profile_building,personalised_offers,measurement,model_training", "/v1/profiles/c2/consent "}
	if strings.Join(told, "\n") != strings.Join(want, "\n") {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestNobodyElseSpeaksForAVisitor(t *testing.T) {
	p := open(t, func(w http.ResponseWriter, r *http.Request) { t.Error("the agent was asked") })
	r, err := http.NewRequest(http.MethodPost, p.URL+"/visitor", strings.NewReader("card=c1&allow=yes"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://elsewhere.example")
	if answer, _ := get(t, r); answer.StatusCode != http.StatusForbidden || len(answer.Cookies()) > 0 {
		t.Errorf("%s, cookies %v", answer.Status, answer.Cookies())
	}
}

func TestAnAnswerThatIsNotRecordedIsNotKept(t *testing.T) {
	p := open(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) })
	answer, err := http.PostForm(p.URL+"/visitor", url.Values{"card": {"c1"}, "allow": {"no"}})
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusBadGateway || len(answer.Cookies()) > 0 {
		t.Errorf("%s, cookies %v", answer.Status, answer.Cookies())
	}
}
