package agent

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/erasure"
	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/crashtest"
	"github.com/aisle-edge/aisle/sync/outbox"
	"github.com/aisle-edge/aisle/sync/segment"
	"github.com/aisle-edge/aisle/sync/wire"
)

const eraseSlots = `
  - id: hero
    kind: offer
    source: {catalogue: {limit: 1000}}
    count: 3
    hold: {ttl: 1h, quantity: 1}
    policy: {kind: squarecb, epsilon: 0.2, gamma: 10}
    reward: {weights: {click: 1, purchase: 1}, range: [0, 2]}
    attribution: {window: 2h, by: [basket, session, profile]}
  - id: given
    kind: content
    source: {actions: true}
    count: 1
    baseline: order
    policy: {kind: epsilon_greedy, epsilon: 0.2}
    reward: {weights: {click: 1}}
    rules: []
`

// hubless is where segments go that nobody takes, but for the first.
type hubless struct {
	mu   sync.Mutex
	took bool
}

func (h *hubless) Send(context.Context, string, []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.took {
		return errors.New("the hub is away")
	}
	h.took = true
	return nil
}

var eraseKey = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))

// queued is a node with models and a queue for a centre that is away.
func queued(t testing.TB, dir string) *running {
	t.Helper()
	r := &running{t: t}
	a, err := New(t.Context(), config(t, dir), "test")
	if err != nil {
		t.Fatal(err)
	}
	r.Agent = a
	files := nodetest.Files(t, nodetest.Slots(eraseSlots), "version: 0\nrules: []\n", nodetest.Features, map[string]func(*scoring.Linear){"hero": nodetest.Random(7)})
	if err := a.releases.Use(files); err != nil {
		t.Fatal(err)
	}
	a.outbox, err = outbox.Open(filepath.Join(dir, "state", "outbox"), a.log, &hubless{}, outbox.Config{
		Agent: "till", SegmentAge: 50 * time.Millisecond, Sign: func(m []byte) ([]byte, error) { return ed25519.Sign(eraseKey, m), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	a.erasures, err = erasure.Open(erasure.Options{
		Log: a.log, LogDir: logDir(&a.cfg), Store: a.store, Consents: a.consents, Vault: a.vault, Replay: a.replay, Outbox: a.outbox, Keys: keysDir(&a.cfg),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 2)
	go func() { ended <- a.outbox.Run(ctx) }()
	go func() { ended <- a.Run(ctx) }()
	r.stop = sync.OnceValue(func() error {
		cancel()
		return errors.Join(<-ended, <-ended, a.Close())
	})
	t.Cleanup(func() { _ = r.stop() })
	return r
}

// secrets are what may not be found of the person, by name.
type secrets map[string][]byte

const marked = "PLANTED-MARKER"

// visit has a shopper grant, decide and buy, in a session and a basket of their own.
func (r *running) visit(id string) secrets {
	r.t.Helper()
	ask := func(method, path, body string) string { return r.must(r.ask(method, path, "application/json", body)) }
	ask("PUT", "/v1/profiles/"+id+"/consent", fmt.Sprintf(`{"purposes":["device_storage","profile_building","personalised_offers","personalised_content","measurement"],
		"evidence":{"text":"%064d","place":"place-%s"}}`, 1, id))
	r.must(r.ask("PUT", "/v1/profiles", "text/csv", "id,taste\n"+id+",taste-"+id+"\n"))
	found := secrets{"event": []byte("event-" + id), "outcome": []byte("outcome-" + id), "item": []byte("item-" + id), "place": []byte("place-" + id)}
	for i := range 3 {
		ask("POST", "/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":"event-%s-%d","profileId":"%s","sessionId":"session-%[1]s","context":{"weather":"weather-%[1]s","basket":["b-%[1]s"]},"explain":true}`, id, i, id))
		ask("POST", "/v1/decide", fmt.Sprintf(`{"slot":"given","eventId":"event-%s-g%d","sessionId":"session-%[1]s","actions":[{"id":"item-%[1]s"},{"id":"tea"}]}`, id, i))
		ask("POST", "/v1/outcomes", fmt.Sprintf(`[{"id":"outcome-%s-%d","eventId":"event-%[1]s-%[2]d","itemId":"item-00001","type":"click"},
			{"id":"outcome-%[1]s-g%[2]d","eventId":"event-%[1]s-g%[2]d","itemId":"item-%[1]s","type":"click"},
			{"id":"outcome-%[1]s-b%[2]d","profileId":"%[1]s","basketId":"basket-%[1]s","itemId":"item-00002","type":"purchase"}]`, id, i))
	}
	ask("POST", "/v1/decide", fmt.Sprintf(`{"slot":"given","eventId":"event-%s-late","profileId":"%[1]s","sessionId":"session-%[1]s","deferActivation":true,"actions":[{"id":"item-%[1]s"}]}`, id))
	for kind, of := range map[wire.Kind]string{wire.Person: id, wire.Session: "session-" + id, wire.Basket: "basket-" + id} {
		p := wire.Pseudonymise(r.id.Secret, kind, of)
		found["pseudonym of "+string(kind)] = p[:]
	}
	for i := range 3 {
		_, d, _, err := r.events.Find(fmt.Sprintf("event-%s-%d", id, i))
		if err != nil {
			r.t.Fatal(err)
		}
		found[fmt.Sprint("decision ", i)] = d.Id
	}
	return found
}

// sealedUp waits until all of the log is in segments, of which the first is done.
func (r *running) sealedUp() {
	r.t.Helper()
	if err := r.store.Sync(r.t.Context(), r.log.Last()); err != nil {
		r.t.Fatal(err)
	}
	for last := r.log.Last(); r.outbox.Stats().Sealed < last; {
		runtime.Gosched()
	}
	epoch := r.log.Epoch()
	done, err := filepath.Glob(filepath.Join(r.cfg.State, "outbox", "*.seg"))
	if err != nil || len(done) == 0 {
		r.t.Fatal("nothing is sealed", err)
	}
	var first, last uint64
	name := filepath.Base(done[0])
	if _, err := fmt.Sscanf(name[33:], "%x-%x.seg", &first, &last); err != nil {
		r.t.Fatal(name, err)
	}
	if err := r.outbox.Confirm(&wire.Mark{Agent: "till", Epoch: epoch[:], Committed: last}); err != nil {
		r.t.Fatal(err)
	}
	for {
		if done, _ := filepath.Glob(filepath.Join(r.cfg.State, "outbox", "*.done")); len(done) > 0 {
			return
		}
		runtime.Gosched()
	}
}

// found tells where in a folder each secret is, also inside of sealed segments.
func (s secrets) found(t testing.TB, dir string) map[string][]string {
	t.Helper()
	where := map[string][]string{}
	look := func(name string, b []byte) {
		for what, secret := range s {
			if bytes.Contains(b, secret) {
				where[what] = append(where[what], name)
			}
		}
	}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		look(path, b)
		if dir := filepath.Base(filepath.Dir(path)); dir == "outbox" {
			sealed, err := segment.Open(b, eraseKey.Public().(ed25519.PublicKey))
			if err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			for _, record := range sealed.Records() {
				look(path, record)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return where
}

// nowhere demands that of a person nothing is left in the folder, nor can be read.
func (r *running) nowhere(id string, s secrets, sealed []byte, parts [][16]byte) {
	r.t.Helper()
	if left := s.found(r.t, r.cfg.State); len(left) > 0 {
		r.t.Errorf("of %s there is still %v", id, left)
	}
	who := wire.Pseudonymise(r.id.Secret, wire.Person, id)
	if c, fields, err := r.consents.Held(who); c != nil || len(fields) > 0 || err != nil {
		r.t.Errorf("held are %v, %v, %v", c, fields, err)
	}
	if _, err := r.vault.Open(nil, who, 1, sealed); !errors.Is(err, profile.ErrNoKey) {
		r.t.Errorf("a copy of the profile can be opened: %v", err)
	}
	for _, part := range parts {
		if _, err := r.replay.Fetch(part, r.store.Now()); !errors.Is(err, profile.ErrGone) {
			r.t.Errorf("a replay part can be read: %v", err)
		}
	}
	if pages := r.must(r.ask("GET", "/metrics", "", "")) + r.must(r.ask("GET", "/v1/status", "", "")); strings.Contains(pages, marked) {
		r.t.Error("metrics or status name the person")
	}
}

// sealedProfile is the person's row as it lies in the file, and their decisions'
// ids: what a copy of before would hold.
func (r *running) sealedProfile(id string, s secrets) (sealed []byte, parts [][16]byte) {
	r.t.Helper()
	who := wire.Pseudonymise(r.id.Secret, wire.Person, id)
	err := r.log.Read(1, r.log.Last(), func(_ uint64, b []byte) error {
		rec, err := wire.Decode(b)
		if p := rec.GetProfile(); p != nil && bytes.Equal(p.Pseudonym, who[:]) {
			sealed = p.Body
		}
		return err
	})
	if err != nil || sealed == nil {
		r.t.Fatal("no profile was written", err)
	}
	for i := range 3 {
		part := [16]byte(s[fmt.Sprint("decision ", i)])
		if _, err := r.replay.Fetch(part, r.store.Now()); err != nil {
			r.t.Fatal("no replay part was kept:", err)
		}
		parts = append(parts, part)
	}
	return sealed, parts
}

// planted is a node's folder with one person to be erased and one to stay.
type planted struct {
	dir    string
	erased secrets
	stays  secrets
	sealed []byte
	parts  [][16]byte
}

const leaving, staying = "leaving-" + marked, "staying"

func plantPersons(t testing.TB, dir string) *planted {
	t.Helper()
	r := queued(t, dir)
	var rows strings.Builder
	rows.WriteString("id,title,price,currency,tax_rate,stock\n")
	for i := range 20 {
		fmt.Fprintf(&rows, "item-%05d,Item,%d,EUR,0.07,100\n", i, 100+i)
	}
	r.must(r.ask("PUT", "/v1/items", "text/csv", rows.String()))
	p := &planted{dir: dir, erased: r.visit(leaving), stays: r.visit(staying)}
	r.sealedUp()
	r.visit("third") // what comes from now on is not sealed, nor in the tables
	r.must(r.ask("POST", "/v1/decide", "application/json", `{"slot":"hero","eventId":"event-`+leaving+`-last","profileId":"`+leaving+`","sessionId":"session-`+leaving+`"}`))
	p.sealed, p.parts = r.sealedProfile(leaving, p.erased)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	aside := filepath.Join(dir, "state", "log.aside-1")
	person := p.erased["pseudonym of person"]
	for name, b := range map[string][]byte{
		filepath.Join(aside, "old.log"): person, filepath.Join(dir, "state", "state.db.quarantine"): person,
		filepath.Join(dir, "state", "keys", "profiles.keys.quarantine"): append(make([]byte, 200), person...),
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	before := p.erased.found(t, filepath.Join(dir, "state"))
	for what := range p.erased {
		if len(before[what]) == 0 {
			t.Fatalf("%s is nowhere before: %v", what, before)
		}
	}
	return p
}

// heard collects what is logged.
type heard struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (h *heard) Write(b []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(b)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}

// TestErasedIsErased: of a person who was erased nothing is left in any file of the
// node, in its queue, log output or metrics, and nothing of others is missing.
func TestErasedIsErased(t *testing.T) {
	out := &heard{}
	was := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(was)
	p := plantPersons(t, t.TempDir())
	r := queued(t, p.dir)
	var receipt erasure.Receipt
	answer := r.must(r.ask("DELETE", "/v1/profiles/"+leaving, "", ""))
	if err := json.Unmarshal([]byte(answer), &receipt); err != nil || len(receipt.ID) != 36 || receipt.Records < 20 || receipt.Queued < 5 || receipt.Sessions != 2 || receipt.Aside != 1 {
		t.Errorf("%v: %s", err, answer)
	}
	r.nowhere(leaving, p.erased, p.sealed, p.parts)
	if status, answer := r.ask("GET", "/v1/decisions/event-"+leaving+"-1", "", ""); status != 410 {
		t.Errorf("its decision answers %d %s", status, answer)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r = queued(t, p.dir) // what lay in memory has been written
	r.nowhere(leaving, p.erased, p.sealed, p.parts)
	r.intact(p)
	r.comesBack()
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, marked) || !strings.Contains(text, "step=done") {
		t.Errorf("logged is\n%s", text)
	}
}

// intact demands that nothing of the other person is missing.
func (r *running) intact(p *planted) {
	r.t.Helper()
	left := p.stays.found(r.t, r.cfg.State)
	for what := range p.stays {
		if len(left[what]) == 0 {
			r.t.Errorf("%s of another person is gone", what)
		}
	}
	if known := r.must(r.ask("GET", "/v1/profiles/"+staying, "", "")); !strings.Contains(known, "taste-"+staying) || strings.Count(known, `"type":`) < 6 {
		r.t.Errorf("of another person is known %s", known)
	}
	r.must(r.ask("GET", "/v1/decisions/event-"+staying+"-1", "", ""))
	if again := r.must(r.post("/v1/decisions/event-"+staying+"-1/replay", "")); !strings.Contains(again, `"agrees":true`) {
		r.t.Errorf("another's decision replays as %s", again)
	}
}

// comesBack: an older copy of the person is refused, a newer consent is taken.
func (r *running) comesBack() {
	r.t.Helper()
	unknown := r.must(r.ask("GET", "/v1/profiles/nobody", "", ""))
	if known := r.must(r.ask("GET", "/v1/profiles/"+leaving, "", "")); known != unknown {
		r.t.Errorf("known is %s, of a stranger %s", known, unknown)
	}
	at := time.UnixMilli(r.store.Now()).UTC().Format(time.RFC3339)
	row := "id,purposes,consent_at,consent_version,taste\n" + leaving + ",profile_building|personalised_offers," + at + ",%d,sweet\n"
	if status, answer := r.ask("PUT", "/v1/profiles", "text/csv", fmt.Sprintf(row, 1)); status == 200 && !strings.Contains(answer, `"accepted":0`) {
		r.t.Errorf("an older copy is taken: %d %s", status, answer)
	}
	if known := r.must(r.ask("GET", "/v1/profiles/"+leaving, "", "")); known != unknown {
		r.t.Errorf("after an older copy is known %s", known)
	}
	if answer := r.must(r.ask("PUT", "/v1/profiles", "text/csv", fmt.Sprintf(row, 2))); !strings.Contains(answer, `"accepted":1`) {
		r.t.Errorf("a newer consent is not taken: %s", answer)
	}
}

// TestErasureOutlivesKills kills a node -9 behind each step; the next start does
// the rest without being asked.
func TestErasureOutlivesKills(t *testing.T) {
	p := plantPersons(t, t.TempDir())
	for _, step := range []string{"intent", "barred", "keys", "found", "rows", "tables", "replay", "log", "queue", "aside"} {
		t.Run(step, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(p.dir)); err != nil {
				t.Fatal(err)
			}
			reached := false
			cmd := exec.Command(os.Args[0], "-test.run=^TestErasingChild$")
			cmd.Env = append(os.Environ(), "AISLE_ERASE_DIR="+dir, "AISLE_ERASE_STEP="+step)
			crashtest.Kill(t, cmd, func() bool { return reached }, func(line string) { reached = reached || line == "at "+step })
			r := queued(t, dir)
			if _, err := r.Erase(t.Context(), wire.Pseudonym{1}); err != nil { // waits its turn
				t.Fatal(err)
			}
			r.nowhere(leaving, p.erased, p.sealed, p.parts)
			r.intact(p)
		})
	}
}

// TestErasedWhileTheyShop: requests about the person that are under way while they
// are erased bring nothing of them back.
func TestErasedWhileTheyShop(t *testing.T) {
	p := plantPersons(t, t.TempDir())
	r := queued(t, p.dir)
	ctx, cancel := context.WithCancel(t.Context())
	var shopping sync.WaitGroup
	for w := range 4 {
		shopping.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				switch i % 3 {
				case 0:
					r.post("/v1/decide", fmt.Sprintf(`{"slot":"hero","eventId":"n-%d-%d","profileId":"%s"}`, w, i, leaving))
				case 1:
					r.post("/v1/outcomes", fmt.Sprintf(`[{"id":"n-%d-%d","profileId":"%s","eventId":"n-%[1]d-%d","itemId":"item-00003","type":"click"}]`, w, i, leaving, i-1))
				default:
					r.ask("PUT", "/v1/profiles", "text/csv", "id,taste\n"+leaving+",other\n")
				}
			}
		})
	}
	r.must(r.ask("DELETE", "/v1/profiles/"+leaving, "", ""))
	cancel()
	shopping.Wait()
	if err := r.store.Sync(t.Context(), r.log.Last()); err != nil {
		t.Fatal(err)
	}
	person := secrets{"pseudonym of person": p.erased["pseudonym of person"]}
	r.nowhere(leaving, person, p.sealed, p.parts)
	r.intact(p)
}

// stopping is a log's handler that stops an erasure for ever behind one step.
type stopping struct {
	slog.Handler
	step string
}

func (s stopping) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if r.Message == "erasure" && a.Key == "step" && a.Value.String() == s.step {
			fmt.Println("at", s.step)
			select {}
		}
		return true
	})
	return nil
}

// TestErasingChild is the process that is killed; run by itself it does nothing.
func TestErasingChild(t *testing.T) {
	dir, step := os.Getenv("AISLE_ERASE_DIR"), os.Getenv("AISLE_ERASE_STEP")
	if dir == "" {
		return
	}
	slog.SetDefault(slog.New(stopping{slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}), step}))
	r := queued(t, dir)
	fmt.Println(r.ask("DELETE", "/v1/profiles/"+leaving, "", ""))
}
