package browser_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aisle-edge/aisle/examples/internal/browser"
)

func TestDrive(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><input id=in><button onclick="setTimeout(() => out.textContent = document.querySelector('#in').value + '!', 50)">go</button><p id=out>`)
	}))
	defer server.Close()
	p := browser.Open(t, server.URL, 300, 200)
	p.Fill("#in", `"quoted"`)
	p.Click("button")
	p.Wait(`out.textContent !== ""`)
	if got := p.Eval("out.textContent"); got != `"quoted"!` {
		t.Errorf("%v", got)
	}
	if got := p.Eval("Promise.resolve(1 + 1)"); got != 2.0 {
		t.Errorf("%v", got)
	}
	p.Dark()
	if p.Eval(`matchMedia("(prefers-color-scheme: dark)").matches`) != true {
		t.Error("not dark")
	}
	if !bytes.HasPrefix(p.Screenshot(), []byte("\x89PNG")) {
		t.Error("no picture")
	}
}

// TestFaultsOfThePageFailTheTest: a page that throws can't pass unseen.
func TestFaultsOfThePageFailTheTest(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `<!doctype html><script>nothing.there()</script>`)
	}))
	defer server.Close()
	r := &recorder{TB: t}
	browser.Open(r, server.URL, 300, 200)
	for _, cleanup := range r.cleanups {
		cleanup()
	}
	if !r.failed {
		t.Error("the page threw and nobody noticed")
	}
}

// recorder takes a test's failure to itself.
type recorder struct {
	testing.TB
	cleanups []func()
	failed   bool
}

func (r *recorder) Cleanup(f func())      { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(string, ...any) { r.failed = true }
