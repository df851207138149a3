// Package browser drives a headless Chromium for tests of pages.
//
// It speaks the DevTools protocol over the pipe that Chromium opens on request:
// no port, no driver. A test without Chromium is skipped, or fails where
// AISLE_REQUIRE is all. Any error, of the driver or of the page's own scripts,
// fails the test.
package browser

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Page is one open page. It is not safe for concurrent use.
type Page struct {
	t       testing.TB   // immutable after Open
	out     *os.File     // immutable after Open
	answers chan message // of Chromium's, by read
	session string       // immutable after Open
	serial  int

	mu     sync.Mutex
	faults []string // what the page's own scripts threw
}

type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// patience is how long an answer may take on a busy machine.
const patience = 30 * time.Second

// Open starts a browser with a window of that many pixels, opens an address in
// it and waits until it has loaded. Both end with the test.
func Open(t testing.TB, address string, width, height int) *Page {
	t.Helper()
	p := start(t, width, height)
	var target struct{ TargetID string }
	p.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	p.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p.session = attached.SessionID
	p.call("Runtime.enable", nil, nil)
	p.call("Page.enable", nil, nil)
	p.Go(address)
	return p
}

func start(t testing.TB, width, height int) *Page {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("AISLE_REQUIRE") == "all" {
			t.Fatal("chromium is required; install Debian's chromium")
		}
		t.Skip("needs chromium; install Debian's chromium")
	}
	// Chromium reads commands from its file 3 and writes answers to its file 4.
	theirs, ours, err := os.Pipe()
	check(t, err)
	back, answers, err := os.Pipe()
	check(t, err)
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
		"--remote-debugging-pipe", "--user-data-dir="+t.TempDir(), fmt.Sprintf("--window-size=%d,%d", width, height))
	cmd.ExtraFiles = []*os.File{theirs, answers}
	check(t, cmd.Start())
	theirs.Close()
	answers.Close()
	p := &Page{t: t, out: ours, answers: make(chan message)}
	done := make(chan struct{})
	go p.read(back, done)
	t.Cleanup(func() {
		p.close(cmd, done)
		back.Close()
	})
	return p
}

// close ends the browser before its folder is removed, and reports what the
// page's own scripts threw.
func (p *Page) close(cmd *exec.Cmd, done chan struct{}) {
	p.out.Write([]byte(`{"id":0,"method":"Browser.close"}` + "\x00"))
	p.out.Close()
	select {
	case <-done:
	case <-time.After(patience):
		cmd.Process.Kill()
	}
	cmd.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.t.Errorf("the page: %s", f)
	}
}

// read passes on answers and keeps exceptions, until Chromium is gone.
func (p *Page) read(from *os.File, done chan struct{}) {
	defer close(done)
	defer close(p.answers)
	in := bufio.NewReader(from)
	for {
		b, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(b[:len(b)-1], &m) != nil {
			continue
		}
		switch {
		case m.Method == "Runtime.exceptionThrown":
			p.mu.Lock()
			p.faults = append(p.faults, string(m.Params))
			p.mu.Unlock()
		case m.ID > 0:
			p.answers <- m
		}
	}
}

func (p *Page) call(method string, params map[string]any, result any) {
	p.t.Helper()
	if err := p.try(method, params, result); err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
}

// try is call for what a page may interrupt by going elsewhere.
func (p *Page) try(method string, params map[string]any, result any) error {
	p.serial++
	request := map[string]any{"id": p.serial, "method": method}
	if params != nil {
		request["params"] = params
	}
	if p.session != "" {
		request["sessionId"] = p.session
	}
	b, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err = p.out.Write(append(b, 0)); err != nil {
		return err
	}
	select {
	case m, ok := <-p.answers:
		switch {
		case !ok:
			return errors.New("chromium is gone")
		case m.Error != nil:
			return errors.New(string(m.Error))
		case result != nil:
			return json.Unmarshal(m.Result, result)
		}
		return nil
	case <-time.After(patience):
		return errors.New("no answer")
	}
}

// Go opens an address and waits until it has loaded.
func (p *Page) Go(address string) {
	p.t.Helper()
	var opened struct{ ErrorText string }
	p.call("Page.navigate", map[string]any{"url": address}, &opened)
	if opened.ErrorText != "" {
		p.t.Fatalf("open %s: %s", address, opened.ErrorText)
	}
	p.Wait(`document.readyState === "complete" && location.href !== "about:blank"`)
}

// Eval is the value of an expression of JavaScript, which may be a promise.
func (p *Page) Eval(expression string) any {
	p.t.Helper()
	value, err := p.evaluate(expression)
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (p *Page) evaluate(expression string) (any, error) {
	var answer struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	err := p.try("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if err == nil && answer.ExceptionDetails != nil {
		err = errors.New(string(answer.ExceptionDetails))
	}
	return answer.Result.Value, err
}

// Wait returns once an expression is true, on whatever page the present one
// leads to. Until then the expression may throw.
func (p *Page) Wait(expression string) {
	p.t.Helper()
	var value any
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); {
		value, err = p.evaluate(`new Promise((done, fail) => setTimeout(() => { try { done(!!(` + expression + `)) } catch (e) { fail(e) } }, 20))`)
		if value == true {
			return
		}
	}
	p.t.Fatalf("never true: %s (%v)\n%v", expression, err, p.Eval("document.body.innerText"))
}

// Click clicks the first element of a CSS selector.
func (p *Page) Click(selector string) {
	p.t.Helper()
	p.Eval("document.querySelector(" + strconv.Quote(selector) + ").click()")
}

// Fill writes into the first field of a CSS selector.
func (p *Page) Fill(selector, text string) {
	p.t.Helper()
	p.Eval("document.querySelector(" + strconv.Quote(selector) + ").value = " + strconv.Quote(text))
}

// Dark makes the page see that dark colours are preferred.
func (p *Page) Dark() {
	p.t.Helper()
	p.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": "dark"}}}, nil)
}

// Screenshot is the whole page as PNG.
func (p *Page) Screenshot() []byte {
	p.t.Helper()
	var shot struct{ Data string }
	p.call("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	b, err := base64.StdEncoding.DecodeString(shot.Data)
	check(p.t, err)
	return b
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
