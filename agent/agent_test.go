package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/sync/trust/trusttest"
	"github.com/aisle-edge/aisle/sync/wire"
)

func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1)
	goleak.VerifyTestMain(m)
}

// running is an agent that serves.
type running struct {
	*Agent
	t    testing.TB
	stop func() error // and wait
}

// config is that of a node of its own in a folder.
func config(t testing.TB, dir string, change ...func(*Config)) Config {
	t.Helper()
	c, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	c.State, c.Address = filepath.Join(dir, "state"), "127.0.0.1:0"
	c.Log.MinFree = 1
	for _, f := range change {
		f(&c)
	}
	return c
}

// serve runs a node until the test ends, or stop is called.
func serve(t testing.TB, c Config) *running {
	t.Helper()
	a, err := New(t.Context(), c, "test")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	r := &running{Agent: a, t: t}
	r.stop = sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-ended, a.Close(), a.Close())
	})
	t.Cleanup(func() {
		_ = r.stop()
		http.DefaultClient.CloseIdleConnections()
	})
	return r
}

// ask sends a request and reads its answer.
func (r *running) ask(method, path, kind, body string) (int, string) {
	r.t.Helper()
	q, err := http.NewRequest(method, r.URL()+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	q.Header.Set("Content-Type", kind)
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer.StatusCode, string(b)
}

func (r *running) post(path, body string) (int, string) {
	r.t.Helper()
	return r.ask(http.MethodPost, path, "application/json", body)
}

func (r *running) must(status int, answer string) string {
	r.t.Helper()
	if status/100 != 2 {
		r.t.Fatalf("%d %s", status, answer)
	}
	return answer
}

func (r *running) seen() (s localapi.Status) {
	r.t.Helper()
	status, text := r.ask(http.MethodGet, "/v1/status", "", "")
	if err := json.Unmarshal([]byte(text), &s); err != nil || status != 200 {
		r.t.Fatal(status, text, err)
	}
	return s
}

const rank = `{"slot":"personalizer","actions":[{"id":"tea"},{"id":"coffee"}]}`

// TestANodeOfItsOwn serves with nothing configured, and goes on where it was.
func TestANodeOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	r := serve(t, config(t, dir))
	if status, _ := r.ask("GET", "/readyz", "", ""); status != 200 {
		t.Errorf("not ready: %d", status)
	}
	if readme, err := os.ReadFile("README.md"); err != nil || !bytes.Contains(readme, []byte("-d '"+rank+"'")) {
		t.Errorf("README.md shows another first request than %s: %v", rank, err)
	}
	first := r.must(r.post("/v1/decide", strings.Replace(rank, `{"s`, `{"eventId":"e1","s`, 1)))
	r.must(r.post("/v1/outcomes", `[{"id":"o1","eventId":"e1","itemId":"tea","type":"reward","value":1}]`))
	if s := r.seen(); s.Enrolled || s.Hub.Connected || s.Release.ID == "" || len(s.Release.Slots) != 1 {
		t.Errorf("%+v", s)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = serve(t, config(t, dir))
	again := r.must(r.post("/v1/decide", strings.Replace(rank, `{"s`, `{"eventId":"e1","s`, 1)))
	if shown(t, first) != shown(t, again) {
		t.Errorf("after a restart the event is answered by\n%s\nbefore by\n%s", again, first)
	}
	if got := r.must(r.post("/v1/outcomes", `[{"id":"o1","eventId":"e1","itemId":"tea","type":"reward","value":1}]`)); !strings.Contains(got, `"duplicate":["o1"]`) {
		t.Errorf("an outcome counts twice: %s", got)
	}
}

func shown(t testing.TB, answer string) string {
	t.Helper()
	var a struct {
		Items []struct {
			ID          string
			Probability float64
		}
	}
	if err := json.Unmarshal([]byte(answer), &a); err != nil || len(a.Items) == 0 {
		t.Fatal(answer, err)
	}
	return fmt.Sprint(a.Items)
}

// TestChangesOfTheFolderAreTriedFirst: a bad one changes neither what runs nor
// what is on the disk.
func TestChangesOfTheFolderAreTriedFirst(t *testing.T) {
	dir := t.TempDir()
	r := serve(t, config(t, dir))
	const at = "/personalizer/v1.0/configurations/service"
	file := filepath.Join(dir, "state", "release-folder", "slots.yaml")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`{"explorationPercentage":0}`, `{"explorationPercentage":1.1}`, `{"learningMode":"Sometimes"}`, `{"rewardWaitTime":"P1M"}`, `{"rewardAggregation":"median"}`} {
		if status, answer := r.ask("PUT", at, "application/json", bad); status != 400 || !strings.Contains(answer, "InvalidServiceConfiguration") {
			t.Errorf("%s: %d %s", bad, status, answer)
		}
	}
	if after, _ := os.ReadFile(file); !bytes.Equal(before, after) {
		t.Error("a change that was refused is on the disk")
	}
	answer := r.must(r.ask("PUT", at, "application/json", `{"explorationPercentage":0.5,"learningMode":"Apprentice","rewardWaitTime":"PT1H30M","defaultReward":-0.5,"rewardAggregation":"earliest"}`))
	for _, want := range []string{`"explorationPercentage":0.5`, `"learningMode":"Apprentice"`, `"rewardWaitTime":"PT1H30M"`, `"defaultReward":-0.5`, `"rewardAggregation":"earliest"`} {
		if !strings.Contains(answer, want) {
			t.Errorf("no %s in %s", want, answer)
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = serve(t, config(t, dir))
	if got := r.must(r.ask("GET", at, "", "")); got != answer {
		t.Errorf("after a restart %s, before %s", got, answer)
	}
	after, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(after, []byte("# Ranks what the caller gives")) {
		t.Errorf("what people wrote is gone from\n%s", after)
	}
}

// TestALogThatCantGoOn is set aside at the next start, counted as lost, and the
// tables stand.
func TestALogThatCantGoOn(t *testing.T) {
	dir := t.TempDir()
	r := serve(t, config(t, dir))
	r.must(r.ask("PUT", "/v1/items", "text/csv", "id,title,price,currency,tax_rate,stock\ntea,Tea,100,EUR,0.07,5\n"))
	epoch := r.log.Epoch()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	// The log is put back to an older copy of itself: an empty one of its epoch.
	logs, err := filepath.Glob(filepath.Join(dir, "state", "log", "*.log"))
	if err != nil || len(logs) != 1 {
		t.Fatal(logs, err)
	}
	f, err := os.OpenFile(logs[0], os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt(make([]byte, 64<<10), 4096); err != nil {
		t.Fatal(err)
	}
	f.Close()

	r = serve(t, config(t, dir))
	if r.log.Epoch() == epoch {
		t.Error("sequences that were given out are given out again")
	}
	if aside, _ := filepath.Glob(filepath.Join(dir, "state", "log.aside-*")); len(aside) != 1 {
		t.Errorf("set aside are %v", aside)
	}
	if s := r.seen(); s.Log.Dropped["log:set_aside"] != 1 {
		t.Errorf("lost are %v", s.Log.Dropped)
	}
	r.must(r.ask("GET", "/v1/items/tea", "", ""))
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = serve(t, config(t, dir))
	if s := r.seen(); s.Log.Dropped["log:set_aside"] != 1 {
		t.Errorf("after another start lost are %v", s.Log.Dropped)
	}
}

// TestDrain: a request in flight is answered, and what comes later is not taken.
func TestDrain(t *testing.T) {
	r := serve(t, config(t, t.TempDir()))
	address := r.listener.Addr().String()
	body, write := io.Pipe()
	answered := make(chan int, 1)
	go func() {
		q, _ := http.NewRequest("PUT", r.URL()+"/v1/items", body)
		q.Header.Set("Content-Type", "text/csv")
		a, err := http.DefaultClient.Do(q)
		if err != nil {
			answered <- 0
			return
		}
		a.Body.Close()
		answered <- a.StatusCode
	}()
	if _, err := io.WriteString(write, "id,title,price,currency,tax_rate\nmilk,Milk,100,EUR,0.07\n"); err != nil {
		t.Fatal(err)
	}
	for r.log.Last() == 0 { // until its first row is taken
		runtime.Gosched()
	}
	stopped := make(chan error, 1)
	go func() { stopped <- r.stop() }()
	for { // until it takes no more
		c, err := net.Dial("tcp", address)
		if err != nil {
			break
		}
		c.Close()
	}
	if _, err := io.WriteString(write, "tea,Tea,100,EUR,0.07\n"); err != nil {
		t.Fatal(err)
	}
	write.Close()
	if status := <-answered; status != 200 {
		t.Errorf("a request in flight was answered %d", status)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// TestSilenceIsBroken: when nothing else is written, a tick tells the time.
func TestSilenceIsBroken(t *testing.T) {
	a, err := New(t.Context(), config(t, t.TempDir()), "test")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	tick, from := a.ticker(), a.log.Last()
	for range 3 {
		if err := tick(); err != nil {
			t.Fatal(err)
		}
	}
	if n := a.log.Last() - from; n < 2 || n > 3 {
		t.Errorf("%d records of three silences", n)
	}
	if _, err := a.store.Commit(&wire.Record{Body: &wire.Record_Drop{Drop: &wire.Drop{Class: "x", Why: "y", Count: 2}}}, nil); err != nil {
		t.Fatal(err)
	}
	at := a.log.Last()
	if err := tick(); err != nil || a.log.Last() != at {
		t.Errorf("a tick though something was written: %v", err)
	}
	if got := a.losses.all()["x:y"]; got != 2 {
		t.Errorf("%d lost, want 2", got)
	}
}

// TestLogFilesGoOnceTheyMay: past every checkpoint, old enough, and in the ledger
// of the centre if there is one.
func TestLogFilesGoOnceTheyMay(t *testing.T) {
	t.Run("of its own", func(t *testing.T) { logFilesGo(t, config(t, t.TempDir())) })
	t.Run("enrolled", func(t *testing.T) { logFilesGo(t, enrolled(t, t.TempDir())) })
}

func logFilesGo(t *testing.T, c Config) {
	a, err := New(t.Context(), c, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	text := strings.Repeat("x", 60<<10)
	for i := range 1200 { // five files, and enough for a checkpoint
		rec := &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: fmt.Sprint(i), Slot: text}}}
		if _, err := a.store.Commit(rec, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.store.Sync(t.Context(), a.log.Last()); err != nil {
		t.Fatal(err)
	}
	begins := func(why string, want bool) {
		t.Helper()
		if err := a.trim(); err != nil {
			t.Fatal(err)
		}
		if got := a.log.First() > 1; got != want {
			t.Errorf("%s the log begins at %d", why, a.log.First())
		}
	}
	a.cfg.Log.Keep = -time.Hour
	begins("without a checkpoint", false)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.store.Run(ctx) }()
	for a.store.Checkpointed() < a.log.Last() {
		runtime.Gosched()
	}
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	a.cfg.Log.Keep = time.Hour
	begins("while it is young", false)
	a.cfg.Log.Keep = -time.Hour
	if a.outbox != nil {
		begins("before the ledger has it", false)
		epoch := a.log.Epoch()
		if err := a.outbox.Confirm(&wire.Mark{Agent: a.id.Agent, Epoch: epoch[:], Committed: a.log.Last()}); err != nil {
			t.Fatal(err)
		}
	}
	begins("old, confirmed, and in every checkpoint,", true)
}

// enrolled makes a folder that of a node which joined a centre that is away.
func enrolled(t testing.TB, dir string) Config {
	t.Helper()
	c := config(t, dir)
	if err := os.MkdirAll(keysDir(&c), 0o700); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(Identity{Agent: "till", Site: "north", Hub: []string{"nats://127.0.0.1:1"}, Root: trusttest.New(t).Root(), Secret: bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(keysDir(&c), enrolmentFile), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestNobodyElseReadsKeys: what is secret is its owner's alone.
func TestNobodyElseReadsKeys(t *testing.T) {
	dir := t.TempDir()
	r := serve(t, enrolled(t, dir))
	if status, answer := r.ask("GET", "/readyz", "", ""); status != 503 {
		t.Errorf("ready without a release: %d %s", status, answer)
	}
	for _, c := range []Config{r.cfg, serve(t, config(t, t.TempDir())).cfg} {
		if info, err := os.Stat(keysDir(&c)); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("keys may be listed: %v, %v", info.Mode(), err)
		}
		files, err := os.ReadDir(keysDir(&c))
		if err != nil || len(files) < 3 {
			t.Errorf("keys are %v, %v", files, err)
		}
		for _, f := range files {
			if info, err := f.Info(); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s may be read by others: %v", f.Name(), info.Mode())
			}
		}
	}
}
