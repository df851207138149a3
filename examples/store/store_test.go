package store_test

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/examples/internal/browser"
	"github.com/aisle-edge/aisle/examples/internal/loop/looptest"
	"github.com/aisle-edge/aisle/examples/store"
)

var bin string // folder of the binaries

func TestMain(m *testing.M) { looptest.Main(m, &bin) }

// running is the example as somebody watches it.
type running struct {
	port  int
	stop  context.CancelFunc
	ended chan error
	said  string // up to where it tells how to end it

	mu   sync.Mutex
	last store.Report
}

// run starts it, and returns once it has said where to look. It ends with the
// test.
func run(t *testing.T, o store.Options) *running {
	t.Helper()
	in, out := io.Pipe()
	o.Bin, o.Var, o.Port, o.JSON, o.Out, o.Every = bin, cmp.Or(o.Var, t.TempDir()), looptest.Port(t), true, out, time.Second
	ctx, stop := context.WithCancel(t.Context())
	r := &running{port: o.Port, stop: stop, ended: make(chan error, 1)}
	go func() {
		err := store.Run(ctx, o)
		out.Close()
		r.ended <- err
	}()
	t.Cleanup(stop)
	ready := make(chan struct{})
	go r.read(t, in, ready)
	select {
	case <-ready:
	case err := <-r.ended:
		t.Fatalf("ended: %v", err)
	case <-time.After(2 * time.Minute):
		t.Fatal("is not up after two minutes")
	}
	return r
}

func (r *running) read(t *testing.T, in io.Reader, ready chan struct{}) {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var said struct{ Said string }
		if json.Unmarshal(lines.Bytes(), &said) == nil && said.Said != "" {
			r.said += said.Said + "\n"
			if strings.Contains(said.Said, "Ctrl-C") {
				close(ready)
			}
			continue
		}
		var report store.Report
		if err := json.Unmarshal(lines.Bytes(), &report); err != nil {
			t.Errorf("no report: %s", lines.Text())
		}
		r.mu.Lock()
		r.last = report
		r.mu.Unlock()
	}
}

func (r *running) report() store.Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.last
}

// until waits for a report in which something is so.
func (r *running) until(t *testing.T, what string, most time.Duration, is func(store.Report) bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	late := time.After(most)
	for !is(r.report()) {
		select {
		case <-tick.C:
		case err := <-r.ended:
			t.Fatalf("ended before %s: %v", what, err)
		case <-late:
			t.Fatalf("%s: not within %v\n%v", what, most, r.report())
		}
	}
}

// end stops it, as Ctrl-C does, and nothing may be left.
func (r *running) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("stopped: %v", err)
	}
	for p := r.port; p < r.port+6; p++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", p))
		if err != nil {
			t.Errorf("something is left: %v", err)
			continue
		}
		l.Close()
	}
}

func (r *running) at(place int, path string) string {
	return fmt.Sprintf("http://127.0.0.1:%d%s", r.port+place, path)
}

// picture keeps a screenshot in the folder AISLE_PICTURES, for a person.
func picture(t *testing.T, p *browser.Page, name string) {
	t.Helper()
	if dir := os.Getenv("AISLE_PICTURES"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".png"), p.Screenshot(), 0o644); err != nil {
			t.Error(err)
		}
	}
}

// TestTheLoop runs the generated world until what was learned is on all agents,
// while people use its pages.
func TestTheLoop(t *testing.T) {
	o := store.Options{Var: t.TempDir()}
	r := run(t, o)
	t.Run("kiosk", func(t *testing.T) { useKiosk(t, r) })
	t.Run("staff", func(t *testing.T) { useStaff(t, r) })
	t.Run("page", func(t *testing.T) { usePage(t, r) })
	r.until(t, "a learned release is on all agents", 3*time.Minute, func(r store.Report) bool { return r.Reached[store.Learned] > 0 })
	r.until(t, "promises are judged", time.Minute, func(r store.Report) bool { return r.Promises != nil && r.Promises.Shown.With > 3000 })
	t.Run("console", func(t *testing.T) { useConsole(t, r) })
	p := r.report().Promises
	for promise, broken := range p.With {
		if broken > 50 || broken > p.Off[promise] {
			t.Errorf("%s: %.1f with the rules, %.1f without", promise, broken, p.Off[promise])
		}
	}
	if p.Off["below_margin"] < 100 || p.Off["out_of_stock"] < 100 {
		t.Errorf("without rules nothing was broken: %v", p.Off)
	}
	r.until(t, "the stock room fetches what the staff agreed to", time.Minute, func(r store.Report) bool { return r.Fetches != nil && r.Fetches.Fetched > 2 })
	if f := r.report().Fetches; f.Refused > 0 {
		t.Errorf("the stock room refused messages: %+v", f)
	}
	t.Logf("\n%v", r.report())
	r.withdraw(t, "north-00001")
	learned := r.report().Slots[0].Arms[0].Decisions
	r.end(t)

	r = run(t, o)
	r.until(t, "it goes on from there", time.Minute, func(r store.Report) bool {
		return len(r.Slots) > 0 && r.Slots[0].Arms[0].Decisions > learned
	})
	r.end(t)
}

// withdraw is a person of the shop's who says no.
func (r *running) withdraw(t *testing.T, card string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPut, r.at(1, "/v1/profiles/"+card+"/consent"), strings.NewReader(`{"purposes":[]}`))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		t.Fatalf("%s does not take a no: %s", card, a.Status)
	}
}

// TestTheJourney plays some weeks of real baskets, and ends by itself.
func TestTheJourney(t *testing.T) {
	dir := filepath.Join(os.Getenv("AISLE_DATA"), "complete-journey")
	if _, err := os.Stat(dir); os.Getenv("AISLE_DATA") == "" || err != nil {
		if os.Getenv("AISLE_REQUIRE") == "all" {
			t.Fatalf("complete-journey is required; set AISLE_DATA to the folder that holds it (%v)", err)
		}
		t.Skip("needs complete-journey; set AISLE_DATA to the folder that holds it")
	}
	r := run(t, store.Options{Data: dir, For: 15 * time.Second})
	t.Run("kiosk", func(t *testing.T) {
		p := browser.Open(t, r.at(1, "/kiosk"), 1280, 900)
		p.Wait(`document.querySelectorAll("#shelf li").length >= 3`)
		p.Wait(`document.querySelector("#generated").textContent.includes("are generated")`)
		picture(t, p, "journey-kiosk")
	})
	if err := <-r.ended; err != nil {
		t.Fatal(err)
	}
	last := r.report()
	t.Logf("\n%v", last)
	f := last.Forecast
	if f == nil || f.Baskets < 500 || len(f.Lines) != 3 || f.Lines[0].Hits == 0 {
		t.Fatalf("%+v", f)
	}
	for _, want := range []string{"PREDICTION", "are generated", "popularity", "last bought"} {
		if !strings.Contains(last.String(), want) {
			t.Errorf("the report does not say %q", want)
		}
	}
	arms := last.Slots[0].Arms
	if n := arms[0].Decisions; n != f.Lines[0].Baskets {
		t.Errorf("%d baskets were predicted, the centre counts %d decisions of the learned arm", f.Lines[0].Baskets, n)
	}
}

// useKiosk is a customer who says yes, takes something, and says no again.
func useKiosk(t *testing.T, r *running) {
	p := browser.Open(t, r.at(1, "/kiosk"), 1280, 900)
	p.Wait(`document.querySelectorAll("#shelf li").length >= 3 && site.textContent === "north"`)
	p.Wait(`why.textContent.includes("no card was shown")`)
	picture(t, p, "kiosk-nobody")
	p.Fill("#card", "somebody-new")
	p.Click("#card-form button")
	p.Wait(`document.querySelector("#consent-line").textContent.includes("have not allowed")`)
	p.Click("#yes")
	p.Wait(`document.querySelector("#consent-line").textContent.includes("You allow") && document.querySelector("#consent-text").hidden`)
	// Some of the answers are those of other arms, which look at nobody.
	p.Wait(`document.querySelector("#title").textContent === "Picked for you" || (refresh(), false)`)
	picture(t, p, "kiosk-personalised")
	p.Wait(`document.querySelector("#shelf").getAttribute("aria-busy") === "false"`)
	p.Click(".take")
	p.Wait(`document.querySelector("#message").textContent.includes("is yours")`)
	p.Click("#no")
	p.Wait(`document.querySelector("#consent-line").textContent.includes("have not allowed") && document.querySelector("#title").textContent !== "Picked for you"`)
	p.Dark()
	picture(t, p, "kiosk-dark")
	p.Go(r.at(1, "/kiosk?language=it,de-AT&card=somebody-new"))
	p.Wait(`document.documentElement.lang === "de" && document.querySelector("#title").textContent === "Angebote von heute"`)
	p.Wait(`document.querySelector("#consent-line").textContent.includes("nicht erlaubt") && /im Regal|Nur noch/.test(shelf.textContent)`)
	p.Wait(`!document.querySelector("#consent-text").hidden && document.querySelector("#consent-text").textContent.startsWith("Darf dieses")`)
	picture(t, p, "kiosk-german")
	if p.Eval(`Object.keys(words.de).join() === Object.keys(words.en).join() && [...document.querySelectorAll("[data-word]")].every(e => e.textContent === words.de[e.dataset.word] || e.id)`) != true {
		t.Error("the page has words in one language only")
	}
}

// useStaff is a customer who has something fetched, and somebody who agrees to two.
func useStaff(t *testing.T, r *running) {
	p := browser.Open(t, r.at(2, "/kiosk"), 1080, 1920)
	p.Wait(`document.querySelectorAll("#shelf .fetch").length >= 3`)
	picture(t, p, "kiosk-portrait")
	p.Click(".fetch")
	p.Wait(`document.querySelector("#message").textContent.includes("is kept for you")`)
	p.Go(r.at(2, "/kiosk/staff.html"))
	p.Wait(`document.querySelector("#jobs .job .yes")`)
	picture(t, p, "staff")
	p.Eval(`document.querySelector("#jobs input").value = 2`)
	p.Click("#jobs .yes")
	p.Wait(`document.querySelector("#message").textContent.includes("another quantity")`)
	p.Wait(`/done at .* by staff-page, quantity 2/.test(document.querySelector("#over").textContent)`)
}

// usePage is a visitor who says who they are, and yes.
func usePage(t *testing.T, r *running) {
	p := browser.Open(t, r.at(4, "/"), 1100, 900)
	p.Wait(`document.querySelectorAll(".aisle li").length === 3`)
	if p.Eval(`document.querySelector(".aisle").hasAttribute("data-personalised")`) != false {
		t.Error("personalised for nobody")
	}
	picture(t, p, "page-nobody")
	p.Fill("[name=card]", "web-00001")
	p.Click("[name=allow][value=yes]")
	p.Eval("window.before = true")
	p.Click("form button")
	p.Wait(`!window.before && document.querySelector("[name=card]").value === "web-00001" && document.querySelector(".aisle li")`)
	picture(t, p, "page-somebody")
}

var signIn = regexp.MustCompile(`http://\S+/login\?link=\w+`)

func useConsole(t *testing.T, r *running) {
	p := browser.Open(t, signIn.FindString(r.said), 1280, 1000)
	p.Wait(`document.body.innerText.includes("Broken promises in the stores") && document.querySelector("#slots table")`)
	for _, want := range []string{"home_hero", "the example's judge", "north", "south", "web"} {
		if p.Eval(fmt.Sprintf("document.body.innerText.includes(%q)", want)) != true {
			t.Errorf("the console does not say %q", want)
		}
	}
	picture(t, p, "console")
}
