package fleet

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nkeys"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

type fixture struct {
	*Fleet
	db  *store.DB
	dir string
	at  *time.Time
}

func open(t *testing.T, dir string) fixture {
	t.Helper()
	at := time.UnixMilli(1_700_000_000_000)
	return openAt(t, dir, &at)
}

func openAt(t *testing.T, dir string, at *time.Time) fixture {
	t.Helper()
	db, err := store.Open(dir, nil, Schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	f, err := Open(t.Context(), db, Options{Now: func() time.Time { return *at }})
	if err != nil {
		t.Fatal(err)
	}
	return fixture{f, db, dir, at}
}

func (f fixture) reopen(t *testing.T) fixture {
	t.Helper()
	f.db.Close()
	return openAt(t, f.dir, f.at)
}

// device is a node's key pair.
type device struct {
	nkeys.KeyPair
	public string
}

func newDevice(t *testing.T) device {
	t.Helper()
	k, err := nkeys.CreateUser()
	if err != nil {
		t.Fatal(err)
	}
	p, err := k.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	return device{k, p}
}

func (d device) prove(t *testing.T, token string) []byte {
	t.Helper()
	sig, err := d.Sign(Statement(token, d.public))
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func (f fixture) invite(t *testing.T, agent, site string) string {
	t.Helper()
	token, err := f.Invite(t.Context(), "admin", agent, site, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (f fixture) enrol(t *testing.T, agent, site string) device {
	t.Helper()
	d := newDevice(t)
	token := f.invite(t, agent, site)
	if _, err := f.Enrol(t.Context(), token, d.public, d.prove(t, token)); err != nil {
		t.Fatal(err)
	}
	return d
}

func (f fixture) refuses(t *testing.T, want error, token string, d device, proof []byte) {
	t.Helper()
	if e, err := f.Enrol(t.Context(), token, d.public, proof); !errors.Is(err, want) || e.Secret != nil {
		t.Errorf("got %v (secret of %d bytes), want %v", err, len(e.Secret), want)
	}
}

func TestEnrolledAgentIsKnownByItsKey(t *testing.T) {
	f := open(t, t.TempDir())
	d := f.enrol(t, "kiosk-1", "store-1")
	for range 2 {
		if agent, site, ok := f.Lookup(d.public); !ok || agent != "kiosk-1" || site != "store-1" {
			t.Fatalf("looked up %q %q %v", agent, site, ok)
		}
		keys := f.Keys("kiosk-1")
		sig, _ := d.Sign([]byte("segment"))
		if len(keys) != 1 || !ed25519.Verify(keys[0], []byte("segment"), sig) {
			t.Fatalf("%d keys, or the key is another", len(keys))
		}
		f = f.reopen(t)
	}
	if _, _, ok := f.Lookup(newDevice(t).public); ok {
		t.Error("a stranger's key was found")
	}
}

func TestTokenWorksOnce(t *testing.T) {
	f := open(t, t.TempDir())
	token := f.invite(t, "kiosk-1", "store-1")
	d, other := newDevice(t), newDevice(t)
	first, err := f.Enrol(t.Context(), token, d.public, d.prove(t, token))
	if err != nil {
		t.Fatal(err)
	}
	// The answer was lost; the same device asks again.
	again, err := f.Enrol(t.Context(), token, d.public, d.prove(t, token))
	if err != nil || !cmp.Equal(first, again) {
		t.Fatalf("asked again: %v, %v", again.Agent, err)
	}
	f.refuses(t, ErrToken, token, other, other.prove(t, token))
	*f.at = f.at.Add(2 * time.Hour)
	f.refuses(t, ErrToken, token, d, d.prove(t, token))
}

func TestBadEnrolmentsAreRefused(t *testing.T) {
	f := open(t, t.TempDir())
	d, other := newDevice(t), newDevice(t)
	token := f.invite(t, "kiosk-1", "store-1")
	f.refuses(t, ErrProof, token, d, other.prove(t, token))
	f.refuses(t, ErrProof, token, d, nil)
	f.refuses(t, ErrToken, token+"A", d, d.prove(t, token+"A"))
	f.refuses(t, ErrToken, "", d, d.prove(t, ""))
	f.refuses(t, ErrKey, token, device{public: "UNONSENSE"}, nil)
	account, _ := nkeys.CreateAccount()
	public, _ := account.PublicKey()
	f.refuses(t, ErrKey, token, device{public: public}, nil)
	for _, name := range []string{"", "Kiosk", "a.b", "*"} {
		if _, err := f.Invite(t.Context(), "admin", name, "store-1", time.Hour); err == nil {
			t.Errorf("name %q was invited", name)
		}
	}
	*f.at = f.at.Add(2 * time.Hour)
	f.refuses(t, ErrToken, token, d, d.prove(t, token))
	if len(f.Agents()) != 0 {
		t.Error("an agent got in")
	}
}

func TestReinstalledNodeTakesItsNameOver(t *testing.T) {
	f := open(t, t.TempDir())
	old := f.enrol(t, "kiosk-1", "store-1")
	fresh := f.enrol(t, "kiosk-1", "store-2")
	if _, _, ok := f.Lookup(old.public); ok {
		t.Error("the old key still connects")
	}
	if agent, site, ok := f.Lookup(fresh.public); !ok || agent != "kiosk-1" || site != "store-2" {
		t.Errorf("looked up %q %q %v", agent, site, ok)
	}
	if keys := f.Keys("kiosk-1"); len(keys) != 2 {
		t.Errorf("%d keys count, want the old and the new", len(keys))
	}
	// A key has one life: neither another name nor the same one may take it again.
	token := f.invite(t, "kiosk-2", "store-1")
	f.refuses(t, ErrKey, token, old, old.prove(t, token))
}

func TestRevokedIsWorthless(t *testing.T) {
	f := open(t, t.TempDir())
	token := f.invite(t, "kiosk-1", "store-1")
	d := newDevice(t)
	if _, err := f.Enrol(t.Context(), token, d.public, d.prove(t, token)); err != nil {
		t.Fatal(err)
	}
	if err := f.Revoke(t.Context(), "admin", "kiosk-1"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, _, ok := f.Lookup(d.public); ok {
			t.Error("a revoked key connects")
		}
		if keys := f.Keys("kiosk-1"); len(keys) != 0 {
			t.Error("a revoked key's signature counts")
		}
		if len(f.Scope()) != 0 {
			t.Error("a site waits for a revoked agent")
		}
		f.refuses(t, ErrToken, token, d, d.prove(t, token))
		f = f.reopen(t)
	}
	if err := f.Revoke(t.Context(), "admin", "kiosk-9"); !errors.Is(err, ErrUnknown) {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	f.enrol(t, "kiosk-1", "store-1") // with a new key it may come back
	if keys := f.Keys("kiosk-1"); len(keys) != 1 {
		t.Errorf("%d keys count, want the new one alone", len(keys))
	}
}

func TestDeedsAreInTheAuditTrail(t *testing.T) {
	f := open(t, t.TempDir())
	f.enrol(t, "kiosk-1", "store-1")
	if err := f.Revoke(t.Context(), "admin", "kiosk-1"); err != nil {
		t.Fatal(err)
	}
	var got []string
	if _, err := f.db.Trail(t.Context(), 0, func(e store.Entry) error {
		got = append(got, e.Actor+": "+e.Action+" "+e.Subject)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{"admin: invite agent kiosk-1", "kiosk-1: enrol agent kiosk-1", "admin: revoke agent kiosk-1"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestTenantSecretIsMadeOnce(t *testing.T) {
	f := open(t, t.TempDir())
	var secrets [][]byte
	for i := range 3 {
		name := fmt.Sprintf("kiosk-%d", i)
		d, token := newDevice(t), f.invite(t, name, "store-1")
		e, err := f.Enrol(t.Context(), token, d.public, d.prove(t, token))
		if err != nil || len(e.Secret) != 32 {
			t.Fatal(err, len(e.Secret))
		}
		secrets = append(secrets, e.Secret)
		f = f.reopen(t)
	}
	if !bytes.Equal(secrets[0], secrets[1]) || !bytes.Equal(secrets[1], secrets[2]) {
		t.Error("agents of one tenant make different pseudonyms")
	}
}

func TestTokenIsNotAtRest(t *testing.T) {
	f := open(t, t.TempDir())
	token := f.invite(t, "kiosk-1", "store-1")
	f.db.Close()
	files, err := filepath.Glob(filepath.Join(f.dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte(token)) || bytes.Contains(b, []byte(token[len("aisle-"):])) {
			t.Errorf("the token lies in %s", filepath.Base(file))
		}
	}
}

func TestScopeIsWhoIsStillThere(t *testing.T) {
	f := open(t, t.TempDir())
	f.enrol(t, "kiosk-1", "store-1")
	f.enrol(t, "till-1", "store-1")
	f.enrol(t, "kiosk-2", "store-2")
	expect := func(want map[string][]string) {
		t.Helper()
		if d := cmp.Diff(want, f.Scope()); d != "" {
			t.Error(d)
		}
	}
	all := map[string][]string{"store-1": {"kiosk-1", "till-1"}, "store-2": {"kiosk-2"}}
	expect(all)
	*f.at = f.at.Add(20 * time.Hour)
	f.Heard("till-1")
	f.Report("kiosk-2", &wire.Status{})
	*f.at = f.at.Add(5 * time.Hour)
	expect(map[string][]string{"store-1": {"till-1"}, "store-2": {"kiosk-2"}})
	// Central was down for a week: nobody could be heard.
	*f.at = f.at.Add(7 * 24 * time.Hour)
	f = f.reopen(t)
	expect(all)
}

func TestStatusIsKept(t *testing.T) {
	f := open(t, t.TempDir())
	f.enrol(t, "kiosk-1", "store-1")
	*f.at = f.at.Add(time.Minute)
	f.Report("kiosk-1", &wire.Status{Agent: "somebody-else", Release: 7, Unconfirmed: 3})
	f.Report("stranger", &wire.Status{Release: 8})
	if err := f.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	f = f.reopen(t)
	agents := f.Agents()
	if len(agents) != 1 {
		t.Fatalf("%d agents, want one", len(agents))
	}
	a := agents[0]
	if a.Status.GetRelease() != 7 || a.Status.GetAgent() != "kiosk-1" || a.Status.GetSite() != "store-1" || a.HeardMs != f.at.UnixMilli() {
		t.Errorf("agent is %+v", a)
	}
}

func TestLookupsDuringChanges(t *testing.T) {
	f := open(t, t.TempDir())
	d := f.enrol(t, "kiosk-1", "store-1")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				if _, _, ok := f.Lookup(d.public); !ok {
					t.Error("the agent vanished for a moment")
				}
				f.Report("kiosk-1", &wire.Status{Release: 1})
				f.Scope()
				f.Agents()
			}
		})
	}
	for i := range 5 {
		f.enrol(t, fmt.Sprintf("till-%d", i), "store-1")
		if err := f.flush(t.Context()); err != nil {
			t.Error(err)
		}
	}
	wg.Wait()
}
