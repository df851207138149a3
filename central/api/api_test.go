package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/central/fleet"
	"github.com/aisle-edge/aisle/central/internal/nodetest"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/release"
	"github.com/aisle-edge/aisle/central/rollout"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/modules/bundle/bundletest"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/subject"
)

// nowhere is a hub where nothing stays.
type nowhere struct{ cut, handed, withheld []string }

func (*nowhere) PutChunk(context.Context, artifact.Digest, uint32, []byte) error { return nil }
func (*nowhere) PutFile(context.Context, string, []byte) error                   { return nil }
func (*nowhere) Sweep(context.Context, func(artifact.Digest) bool, func(string) bool) error {
	return nil
}
func (*nowhere) URL() string                   { return "nats://127.0.0.1:4222" }
func (n *nowhere) Disconnect(key string) error { n.cut = append(n.cut, key); return nil }
func (n *nowhere) Hand(_ context.Context, to ...subject.Function) error {
	for _, f := range to {
		n.handed = append(n.handed, f.Consumer())
	}
	return nil
}
func (n *nowhere) Withhold(_ context.Context, f subject.Function) error {
	n.withheld = append(n.withheld, f.Consumer())
	return nil
}

// site is the interface over real parts, with a clock that a test moves.
type site struct {
	*testing.T
	handler http.Handler
	access  *Access
	db      *store.DB
	dir     string
	token   string
	hub     nowhere
	ready   error

	mu  sync.Mutex // guards now
	now time.Time
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, dir: t.TempDir(), now: time.Now()}
	db, err := store.Open(s.dir, nil, fleet.Schema, registry.Schema, release.Schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	s.db = db
	agents, err := fleet.Open(t.Context(), db, fleet.Options{})
	if err != nil {
		t.Fatal(err)
	}
	kept, err := registry.Open(db, filepath.Join(s.dir, "artifacts"))
	if err != nil {
		t.Fatal(err)
	}
	if err := rollout.CreateKeys(filepath.Join(s.dir, "keys")); err != nil {
		t.Fatal(err)
	}
	signed, err := rollout.Open(rollout.Config{Dir: filepath.Join(s.dir, "rollout"), Keys: filepath.Join(s.dir, "keys"), Publisher: &s.hub})
	if err != nil {
		t.Fatal(err)
	}
	maker, err := release.Open(t.Context(), release.Config{
		Store: db, Registry: kept, Repository: signed, Scheme: item.Own, Keep: 5, MaxModel: 1 << 20,
		Learned: func(*registry.Folder) *training.Snapshot { return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	var fresh bool
	if s.access, fresh, err = OpenAccess(s.dir, s.clock); err != nil || !fresh {
		t.Fatalf("access: fresh %v, %v", fresh, err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, TokenFile))
	if err != nil {
		t.Fatal(err)
	}
	s.token = strings.TrimSpace(string(text))
	measured := new(Measured)
	s.handler = New(Config{
		Version: "test", Hosts: []string{"shop.example"}, Access: s.access, Fleet: agents, Store: db, Hub: &s.hub,
		Releases: maker, Repository: signed, Scheme: item.Own, MaxModel: 1 << 20, Measured: measured,
		Overview: func(context.Context) *Overview {
			return &Overview{Slots: []Slot{}, Agents: []Agent{}, Measurements: measured.List(s.clock())}
		},
		Ready:   func() error { return s.ready },
		Metrics: http.NotFoundHandler(),
		Console: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "the console") }),
		Log:     slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	return s
}

func (s *site) clock() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

func (s *site) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// ask sends a request as the administrator; headers are pairs that replace what
// it would carry, empty ones remove it.
func (s *site) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8460"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+s.token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		switch {
		case headers[i] == "Host":
			r.Host = headers[i+1]
		case headers[i+1] == "":
			r.Header.Del(headers[i])
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w
}

// get is a successful answer.
func get[T any](s *site, method, path, body string) (v T) {
	s.Helper()
	w := s.ask(method, path, body)
	if w.Code != http.StatusOK {
		s.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		s.Fatal(err)
	}
	return v
}

// refused checks that an answer is a problem of a kind.
func (s *site) refused(w *httptest.ResponseRecorder, k kind) {
	s.Helper()
	var p Problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		s.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	if w.Code != k.status || p.Type != base+k.slug || p.Status != k.status || p.Title != k.title || p.Detail == "" || w.Header().Get("Content-Type") != "application/problem+json" {
		s.Errorf("got %d %s %+v, want %s", w.Code, w.Header().Get("Content-Type"), p, k.slug)
	}
}

func TestWhoMayAsk(t *testing.T) {
	s := newSite(t)
	const inside = "/api/v1/overview"
	forged := binary.LittleEndian.AppendUint64(nil, uint64(time.Now().Add(time.Hour).Unix()))
	forged = append(forged, make([]byte, sha256.Size)...)
	for name, headers := range map[string][]string{
		"the token":          nil,
		"localhost":          {"Host", "localhost:8460"},
		"IPv6":               {"Host", "[::1]:8460"},
		"a configured host":  {"Host", "Shop.example"},
		"our own page":       {"Sec-Fetch-Site", "same-origin"},
		"a typed address":    {"Sec-Fetch-Site", "none"},
		"a read from beside": {"Sec-Fetch-Site", "same-site"}, // which the page can't see: there is no CORS
	} {
		if w := s.ask("GET", inside, "", headers...); w.Code != http.StatusOK || w.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for name, c := range map[string]struct {
		k       kind
		headers []string
	}{
		"nobody":               {kindNobody, []string{"Authorization", ""}},
		"another token":        {kindNobody, []string{"Authorization", "Bearer aisle-admin-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
		"a made up session":    {kindNobody, []string{"Authorization", "", "Cookie", cookie + "=" + base64.RawURLEncoding.EncodeToString(forged)}},
		"a name for loopback":  {kindUnknownHost, []string{"Host", "rebound.example:8460"}},
		"an address elsewhere": {kindUnknownHost, []string{"Host", "192.0.2.1:8460"}},
	} {
		t.Run(name, func(t *testing.T) { s.refused(s.ask("GET", inside, "", c.headers...), c.k) })
	}
	for name, headers := range map[string][]string{
		"another site": {"Sec-Fetch-Site", "cross-site"}, "another port of ours": {"Sec-Fetch-Site", "same-site"},
		"an old browser": {"Origin", "http://127.0.0.1:8461"}, "a sandboxed page": {"Origin", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			s.refused(s.ask("POST", "/api/v1/tokens", `{"agent":"a","site":"b"}`, headers...), kindCrossOrigin)
		})
	}
	if w := s.ask("GET", "/", "", "Authorization", "", "Accept", "text/html,*/*"); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "aisle-central link") {
		t.Errorf("a person who is not signed in sees %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/livez", "/readyz", "/openapi.json"} {
		if w := s.ask("GET", path, "", "Authorization", ""); w.Code >= 300 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	s.ready = errors.New("the disk is full; make room")
	s.refused(s.ask("GET", "/readyz", "", "Authorization", ""), kindUnavailable)
}

// TestOneTimeLink: it signs a browser in once and in time, and the session ends.
func TestOneTimeLink(t *testing.T) {
	s := newSite(t)
	open := func(path string) *http.Cookie {
		w := s.ask("GET", path, "", "Authorization", "")
		if w.Code != http.StatusSeeOther {
			s.refused(w, kindNobody)
			return nil
		}
		c := w.Result().Cookies()[0]
		if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || w.Header().Get("Location") != "/" {
			t.Errorf("signed in with %v", c)
		}
		return c
	}
	in := func(c *http.Cookie) bool {
		return s.ask("GET", "/", "", "Authorization", "", "Cookie", c.Name+"="+c.Value).Code == http.StatusOK
	}
	path := get[Link](s, "POST", "/api/v1/links", "").Path
	session := open(path)
	if session == nil || !in(session) {
		t.Fatal("the link does not sign in")
	}
	if open(path) != nil {
		t.Error("the link signs in twice")
	}
	if open("/login") != nil || open("/login?link=A") != nil {
		t.Error("no link signs in")
	}
	late := s.access.Link()
	s.pass(linkFor)
	if open(late) != nil {
		t.Error("an old link signs in")
	}
	if !in(session) {
		t.Error("the session ended early")
	}
	again, fresh, err := OpenAccess(s.dir, s.clock)
	if err != nil || fresh || !again.session(session.Value) {
		t.Errorf("the session did not outlive a restart: fresh %v, %v", fresh, err)
	}
	s.pass(sessionFor)
	if in(session) {
		t.Error("the session did not end")
	}
	if err := os.Remove(filepath.Join(s.dir, TokenFile)); err != nil {
		t.Fatal(err)
	}
	if again, _, err = OpenAccess(s.dir, nil); err != nil || again.session(session.Value) {
		t.Errorf("the session outlived the token (%v)", err)
	}
}

func TestTokenFileIsPrivate(t *testing.T) {
	s := newSite(t)
	info, err := os.Stat(filepath.Join(s.dir, TokenFile))
	if err != nil || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, TokenFile), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := OpenAccess(s.dir, nil); err == nil {
		t.Error("an empty token was taken")
	}
}

// TestEnrol: a token, a key and its proof let an agent in, once for every key;
// what is refused says why, and never what was sent.
func TestEnrol(t *testing.T) {
	s := newSite(t)
	key, _ := nkeys.CreateUser()
	public, _ := key.PublicKey()
	invite := func() string {
		return get[Token](s, "POST", "/api/v1/tokens", `{"agent":"store-1","site":"north","minutes":5}`).Token
	}
	enrol := func(token, public string, key nkeys.KeyPair) *httptest.ResponseRecorder {
		proof, err := key.Sign(fleet.Statement(token, public))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := json.Marshal(Enrolment{token, public, proof})
		return s.ask("POST", "/api/v1/enrol", string(b), "Authorization", "")
	}
	token := invite()
	var joined [2]Joined
	for i := range joined {
		w := enrol(token, public, key)
		if err := json.Unmarshal(w.Body.Bytes(), &joined[i]); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
	}
	j := joined[0]
	if j.Agent != "store-1" || j.Site != "north" || len(j.Secret) != 32 || !bytes.Contains(j.Root, []byte(`"_type":"root"`)) || !slices.Equal(j.Hub, []string{"nats://127.0.0.1:4222"}) || !bytes.Equal(j.Secret, joined[1].Secret) {
		t.Errorf("joined with %+v, then %+v", j, joined[1])
	}
	other, _ := nkeys.CreateUser()
	otherPublic, _ := other.PublicKey()
	s.refused(enrol(token, otherPublic, other), kindToken)
	s.refused(enrol("aisle-NEVERMADE", otherPublic, other), kindToken)
	second := invite()
	s.refused(enrol(second, otherPublic, key), kindProof)
	s.refused(enrol(second, "no key", key), kindKey)
	if len(s.hub.cut) != 0 {
		t.Errorf("cut off %v", s.hub.cut)
	}
	if w := enrol(second, otherPublic, other); w.Code != http.StatusOK {
		t.Errorf("the name did not move: %s", w.Body)
	}
	if !slices.Equal(s.hub.cut, []string{public}) {
		t.Errorf("cut off %v, want the key that was replaced", s.hub.cut)
	}
	w := s.ask("POST", "/api/v1/enrol", `{"token":"aisle-SECRET","publicKey":7,"proof":"!"}`)
	s.refused(w, kindInvalid)
	if strings.Contains(w.Body.String(), "SECRET") {
		t.Errorf("the refusal repeats the token: %s", w.Body)
	}
	if w := s.ask("POST", "/api/v1/agents/store-1/revoke", ""); w.Code != http.StatusNoContent || len(s.hub.cut) != 2 || s.hub.cut[1] != otherPublic {
		t.Errorf("revoked with %d, cut off %v", w.Code, s.hub.cut)
	}
	s.refused(s.ask("POST", "/api/v1/agents/nobody/revoke", ""), kindUnknownAgent)
}

func TestBadInput(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct {
		k kind
		w *httptest.ResponseRecorder
	}{
		"no JSON":         {kindMalformed, s.ask("POST", "/api/v1/tokens", `{"agent":`)},
		"another type":    {kindMediaType, s.ask("POST", "/api/v1/tokens", `agent: a`, "Content-Type", "application/yaml")},
		"no such name":    {kindInvalid, s.ask("POST", "/api/v1/tokens", `{"agent":"Store 1","site":"north"}`)},
		"unknown field":   {kindInvalid, s.ask("POST", "/api/v1/tokens", `{"agent":"a","site":"b","admin":true}`)},
		"nothing missing": {kindInvalid, s.ask("POST", "/api/v1/tokens", `{"agent":"a"}`)},
		"too large":       {kindTooLarge, s.ask("POST", "/api/v1/tokens", `{"agent":"`+strings.Repeat("a", maxBody)+`","site":"b"}`)},
		"no such path":    {kindNotFound, s.ask("GET", "/api/v1/nothing", "")},
		"no such method":  {kindMethod, s.ask("DELETE", "/api/v1/overview", "")},
		"no such role":    {kindInvalid, s.ask("POST", "/api/v1/keys/nobody/rotate", "")},
		"far too many":    {kindInvalid, s.ask("GET", "/api/v1/releases?limit=100000", "")},
		"a bad number":    {kindInvalid, s.ask("POST", "/api/v1/releases/publish?counter=-1", "")},
	} {
		t.Run(name, func(t *testing.T) { s.refused(c.w, c.k) })
	}
}

func folderJSON(t *testing.T, note, file, old, by string) string {
	files := make(map[string][]byte)
	for name, text := range nodetest.Files() {
		if name == file {
			text = strings.Replace(text, old, by, 1)
		}
		files[name] = []byte(text)
	}
	b, err := json.Marshal(Folder{note, files})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestScorerFilesCome: a folder may bring models that were made elsewhere, larger
// than all the files that people write.
func TestScorerFilesCome(t *testing.T) {
	s := newSite(t)
	folder := func(scorer []byte) string {
		var f Folder
		if err := json.Unmarshal([]byte(folderJSON(t, "", "", "", "")), &f); err != nil {
			t.Fatal(err)
		}
		f.Files["hero.wasm"] = scorer
		b, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	good := folder(bundletest.File(t, bundletest.Own(t)))
	for _, path := range []string{"/api/v1/releases/check", "/api/v1/releases"} {
		r := get[Release](s, "POST", path, good)
		if !slices.ContainsFunc(r.Artifacts, func(a Artifact) bool { return a.Name == "own/hero" }) {
			t.Errorf("%s: %+v", path, r)
		}
		w := s.ask("POST", path, folder(make([]byte, maxFolder/4*3)))
		s.refused(w, kindFolder)
		if !strings.Contains(w.Body.String(), `"file":"hero.wasm"`) {
			t.Errorf("%s: faults are %s", path, w.Body)
		}
	}
}

func TestReleases(t *testing.T) {
	s := newSite(t)
	good := folderJSON(t, "the first", "", "", "")
	bad := folderJSON(t, "", "slots.yaml", "kind: content", "kind: contnet")
	for _, path := range []string{"/api/v1/releases/check", "/api/v1/releases"} {
		w := s.ask("POST", path, bad)
		s.refused(w, kindFolder)
		if !strings.Contains(w.Body.String(), `"file":"slots.yaml","line":5,"path":"slots[0].kind"`) {
			t.Errorf("%s: faults are %s", path, w.Body)
		}
	}
	if r := get[Release](s, "POST", "/api/v1/releases/check", good); r.Counter != 0 || len(r.Artifacts) != 6 {
		t.Errorf("checked %+v", r)
	}
	s.refused(s.ask("POST", "/api/v1/releases/publish", ""), kindNothing)
	if r := get[Release](s, "POST", "/api/v1/releases", good); r.Counter != 1 || r.Published || r.Note != "the first" {
		t.Errorf("proposed %+v", r)
	}
	s.refused(s.ask("POST", "/api/v1/releases/publish?counter=7", ""), kindNothing)
	s.refused(s.ask("POST", "/api/v1/releases/rollback", `{"counter":1}`), kindNoRelease)
	if r := get[Release](s, "POST", "/api/v1/releases/publish?counter=1", ""); r.Counter != 1 || !r.Published || r.Kind != "full" {
		t.Errorf("published %+v", r)
	}
	if r := get[Release](s, "POST", "/api/v1/releases/rollback", `{"counter":1,"note":"once more"}`); r.Counter != 2 || r.Kind != "rollback" {
		t.Errorf("rolled back %+v", r)
	}
	s.refused(s.ask("POST", "/api/v1/releases/rollback", `{"counter":77}`), kindNoRelease)
	if list := get[[]Release](s, "GET", "/api/v1/releases?limit=1", ""); len(list) != 1 || list[0].Counter != 2 {
		t.Errorf("listed %+v", list)
	}
	if w := s.ask("POST", "/api/v1/keys/targets/rotate", ""); w.Code != http.StatusNoContent {
		t.Errorf("rotated: %d %s", w.Code, w.Body)
	}
	keys, err := filepath.Glob(filepath.Join(s.dir, "keys", "root-*"))
	if err != nil || len(keys) != 1 {
		t.Fatal(keys, err)
	}
}

func TestAudit(t *testing.T) {
	s := newSite(t)
	get[Token](s, "POST", "/api/v1/tokens", `{"agent":"store-1","site":"north"}`)
	trail := get[Trail](s, "GET", "/api/v1/audit?limit=1", "")
	if trail.Seq != 1 || len(trail.Hash) != 64 || len(trail.Entries) != 1 || trail.Entries[0].Action != "invite agent" || trail.Entries[0].Actor != administrator {
		t.Errorf("trail is %+v", trail)
	}
	err := s.db.Update(t.Context(), func(tx *store.Tx) error { _, err := tx.Exec(`UPDATE audit SET actor = 'nobody'`); return err })
	if err != nil {
		t.Fatal(err)
	}
	s.refused(s.ask("GET", "/api/v1/audit", ""), kindAltered)
}

func TestMeasurements(t *testing.T) {
	s := newSite(t)
	put := func(name, body string) *httptest.ResponseRecorder {
		return s.ask("PUT", "/api/v1/measurements/"+name, body)
	}
	const body = `{"title":"Broken promises","unit":"per 10,000","source":"the judge","values":[{"label":"with rules","value":1.5}]}`
	if w := put("broken-promises", body); w.Code != http.StatusNoContent {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	s.refused(put("Broken%20Promises", body), kindInvalid)
	s.refused(put("empty", `{"title":"t","source":"s","values":[]}`), kindInvalid)
	o := get[Overview](s, "GET", "/api/v1/overview", "")
	if len(o.Measurements) != 1 || o.Measurements[0].Name != "broken-promises" || o.Measurements[0].Values[0].Value != 1.5 || o.Measurements[0].At.IsZero() {
		t.Errorf("measured %+v", o.Measurements)
	}
	for i := range maxMeasured - 1 {
		if w := put("m"+string(rune('a'+i%26))+string(rune('a'+i/26)), body); w.Code != http.StatusNoContent {
			t.Fatalf("%d: %d %s", i, w.Code, w.Body)
		}
	}
	s.refused(put("one-more", body), kindTooMany)
	s.pass(keepMeasured + time.Minute)
	if o := get[Overview](s, "GET", "/api/v1/overview", ""); len(o.Measurements) != 0 {
		t.Errorf("after an hour there are %+v", o.Measurements)
	}
}

// TestDescription: the OpenAPI document has every operation under a name of its
// own, refers to nothing that it lacks, and names no type of problem by accident.
func TestDescription(t *testing.T) {
	s := newSite(t)
	w := s.ask("GET", "/openapi.json", "", "Authorization", "")
	var d struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string              `json:"operationId"`
			Summary     string              `json:"summary"`
			Responses   map[string]struct{} `json:"responses"`
		} `json:"paths"`
		Components struct {
			Schemas map[string]struct{} `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"/api/v1/agents", "/api/v1/agents/{agent}/revoke", "/api/v1/audit", "/api/v1/counts", "/api/v1/enrol", "/api/v1/experiments",
		"/api/v1/functions", "/api/v1/functions/{site}/{function}", "/api/v1/keys/{role}/rotate", "/api/v1/links", "/api/v1/measurements/{name}", "/api/v1/overview", "/api/v1/releases",
		"/api/v1/releases/check", "/api/v1/releases/publish", "/api/v1/releases/rollback", "/api/v1/tokens",
	}
	var got []string
	names := map[string]bool{}
	for path, methods := range d.Paths {
		got = append(got, path)
		for method, o := range methods {
			if o.OperationID == "" || names[o.OperationID] {
				t.Errorf("%s %s has the name %q", method, path, o.OperationID)
			}
			names[o.OperationID] = true
			if o.Summary == "" || len(o.Responses) < 2 {
				t.Errorf("%s %s is not described", method, path)
			}
		}
	}
	for _, ref := range regexp.MustCompile(`"\$ref": ?"([^"]+)"`).FindAllStringSubmatch(w.Body.String(), -1) {
		if _, ok := d.Components.Schemas[strings.TrimPrefix(ref[1], "#/components/schemas/")]; !ok {
			t.Errorf("%s is not there", ref[1])
		}
	}
	slices.Sort(got)
	if d.OpenAPI != "3.1.0" || !slices.Equal(got, want) {
		t.Errorf("OpenAPI %s with %v", d.OpenAPI, got)
	}
	if !strings.Contains(w.Body.String(), `"Problem"`) || strings.Contains(w.Body.String(), `"ErrorModel"`) {
		t.Error("errors are not described as problems")
	}
}

// TestReadmeListsTheProblems: the table that people read is the table that is
// served.
func TestReadmeListsTheProblems(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("problem.go")
	if err != nil {
		t.Fatal(err)
	}
	kinds := regexp.MustCompile(`kind\{"([a-z-]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(kinds) < 15 {
		t.Fatalf("found %d kinds", len(kinds))
	}
	for _, k := range kinds {
		if !strings.Contains(string(readme), "| `"+k[1]+"` |") {
			t.Errorf("central/README.md does not list %s", k[1])
		}
	}
}
