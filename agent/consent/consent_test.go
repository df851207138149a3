package consent

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/agent/store/storetest"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

var ctx = context.Background()

// Each check opens a node some ten times; -rapid.checks asks for more of them.
func TestMain(m *testing.M) {
	slog.SetLogLoggerLevel(slog.LevelError + 1)
	_ = flag.Set("rapid.checks", "25")
	os.Exit(m.Run())
}

const lease = 7 * 24 * time.Hour

var (
	terms    = Terms{Regime: rulebook.OptIn, Lease: lease}
	declared = []Declared{
		{Name: "taste", Purpose: wire.PersonalisedOffers},
		{Name: "reads", Purpose: wire.PersonalisedContent, TTL: time.Hour},
		{Name: "diet", Purpose: "sensitive:health"},
	}
)

func person(i int) wire.Pseudonym {
	return wire.Pseudonymise([]byte("secret"), wire.Person, fmt.Sprint(i))
}

func text(name, value string) Field { return Field{Name: name, Value: Value{Kind: Text, Text: value}} }

func fields(value string) []Field {
	return []Field{text("taste", value), text("reads", value), text("diet", value), text("other", value)}
}

// site is a node with a ledger that counts what it opens.
type site struct {
	*storetest.Node
	*Ledger
	vault  *profile.Vault
	keys   string
	opened int
}

func newSite(t testing.TB) *site {
	s := &site{keys: t.TempDir()}
	s.Node = storetest.New(t, func(st *store.Store) {
		var err error
		if s.vault, err = profile.OpenVault(s.keys); err != nil {
			t.Fatal(err)
		}
		s.Ledger = New(st, s.vault, profile.NewRows(st))
		s.unseal = func(dst []byte, who wire.Pseudonym, version uint64, sealed []byte) ([]byte, error) {
			s.opened++
			return s.vault.Open(dst, who, version, sealed)
		}
	})
	return s
}

func evidence() *wire.Evidence { return &wire.Evidence{Text: make([]byte, 32), Place: "kiosk-1"} }

func grant(who wire.Pseudonym, purposes ...wire.Purpose) *wire.Consent {
	c := &wire.Consent{Pseudonym: who[:], Evidence: evidence()}
	for _, p := range purposes {
		c.Purposes = append(c.Purposes, string(p))
	}
	return c
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func names(fields []Field) (all []string) {
	for _, f := range fields {
		all = append(all, f.Name)
	}
	return all
}

func whys(withheld []*wire.Withheld) map[string]string {
	all := map[string]string{}
	for _, w := range withheld {
		all[w.Field] = w.Purpose + " " + w.Why
	}
	return all
}

var everything = []wire.Purpose{wire.DeviceStorage, wire.ProfileBuilding, wire.PersonalisedContent, wire.PersonalisedOffers,
	wire.Measurement, wire.AudienceStatistics, wire.ModelTraining, wire.CrossChannel, "sensitive:health"}

// granted is what CONTRACTS says of one purpose, as a table from the strictest
// rule to the mildest.
func granted(p wire.Purpose, has, broken bool, purposes []wire.Purpose, objects bool, age time.Duration, r Request) (why string) {
	optOut := r.Terms.Regime == "opt_out"
	rules := []struct {
		holds bool
		why   string
	}{
		{r.Signals.TCF+r.Signals.GPP != "", "unparsable"}, // in this test; TestGrantVectors has those that can be read
		{broken, "unparsable"},
		{has && age >= r.Terms.Lease, "stale"},
		{objects && p == "personalised_offers", "objection"},
		{r.Signals.GPC && (p == "personalised_offers" && r.Terms.Strings.GPCDeniesOffers || p == "cross_channel"), "signal"},
		{has && slices.Contains(purposes, p), ""},
		{has, "not_granted"},
		{optOut && (p == "device_storage" || p == "profile_building" || p == "personalised_content" || p == "personalised_offers" || p == "measurement"), ""},
		{true, "not_granted"},
	}
	return rules[slices.IndexFunc(rules, func(r struct {
		holds bool
		why   string
	}) bool {
		return r.holds
	})].why
}

// Promise 3, the table: what is granted is what CONTRACTS says, and everything
// else is not.
func TestGrants(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		req := Request{Who: person(1), Signals: Signals{
			TCF: rapid.SampledFrom([]string{"", "", "", "CP"}).Draw(r, "tcf"),
			GPP: rapid.SampledFrom([]string{"", "", "", "DB"}).Draw(r, "gpp"),
			GPC: rapid.Bool().Draw(r, "gpc"),
		}, Terms: Terms{
			Regime: rapid.SampledFrom([]rulebook.Regime{"", rulebook.OptIn, rulebook.OptOut}).Draw(r, "regime"),
			Lease:  rapid.SampledFrom([]time.Duration{0, time.Hour, lease}).Draw(r, "lease"),

			Strings: rulebook.Consent{MaxAge: lease, GPCDeniesOffers: rapid.Bool().Draw(r, "control denies offers")},
		}}
		const now = int64(1_767_225_600_000)
		age := rapid.SampledFrom([]time.Duration{0, time.Hour - 1e6, time.Hour, lease - 1e6, lease, 2 * lease}).Draw(r, "age")
		given := rapid.SliceOfDistinct(rapid.SampledFrom(everything), rapid.ID[wire.Purpose]).Draw(r, "purposes")
		var kept *row
		has, broken := rapid.Bool().Draw(r, "has a row"), rapid.SampledFrom([]bool{false, false, false, true}).Draw(r, "broken")
		if has {
			kept = rowOf(grant(person(1), given...))
			kept.objection = rapid.Bool().Draw(r, "objects")
			kept.confirmed, kept.version = now-age.Milliseconds(), 3
		}
		g := decide(kept, broken, &req, "", now)
		for _, p := range append(everything, "sensitive:other", "", "unheard_of") {
			want := granted(p, has, broken, given, has && kept.objection, age, req)
			if got := g.Why(p); got != want || g.Has(p) != (want == "") {
				r.Errorf("%q: %q, want %q", p, got, want)
			}
		}
	})
}

// Promise 3: whatever a person does, in whatever order, and whatever happens to
// the node after a reply, nothing is read, opened or written that is not granted
// then.
func TestNothingWithoutAGrant(t *testing.T) {
	purposes := []wire.Purpose{wire.ProfileBuilding, wire.PersonalisedOffers, wire.PersonalisedContent, "sensitive:health"}
	rapid.Check(t, func(r *rapid.T) {
		s := newSite(t)
		defer s.Close()
		// What the person has said, and what is kept, written down apart.
		var has, objects bool
		var given []wire.Purpose
		var confirmed time.Time
		kept := map[string]time.Time{}
		now := func() time.Time { return s.Now() }
		grants := func(p wire.Purpose) bool {
			return has && now().Sub(confirmed) < lease && slices.Contains(given, p) && !(objects && p == wire.PersonalisedOffers)
		}
		r.Repeat(map[string]func(*rapid.T){
			"grant": func(r *rapid.T) {
				c := grant(person(1), rapid.SliceOfDistinct(rapid.SampledFrom(purposes), rapid.ID[wire.Purpose]).Draw(r, "purposes")...)
				c.MarketingObjection = rapid.Bool().Draw(r, "objects")
				check(t, s.Set(ctx, c))
				has, given, objects, confirmed = true, nil, c.MarketingObjection, now()
				for _, p := range c.Purposes {
					given = append(given, wire.Purpose(p))
				}
			},
			"withdraw": func(*rapid.T) {
				who := person(1)
				check(t, s.Set(ctx, &wire.Consent{Pseudonym: who[:], MarketingObjection: objects}))
				has, given = true, nil
			},
			"write": func(r *rapid.T) {
				before := s.Log.Last()
				_, err := s.Write(ctx, Request{Who: person(1), Terms: terms}, fields("value"), declared)
				var denied *Denied
				if grants(wire.ProfileBuilding) != (err == nil) || err != nil && (!errors.As(err, &denied) || s.Log.Last() != before) {
					r.Fatalf("profile_building is granted: %v; write: %v", grants(wire.ProfileBuilding), err)
				}
				if err == nil {
					clear(kept)
					for _, d := range declared {
						if grants(d.Purpose) {
							kept[d.Name] = now()
						}
					}
				}
			},
			"time": func(r *rapid.T) {
				s.Advance(rapid.SampledFrom([]time.Duration{time.Minute, time.Hour, lease - time.Minute}).Draw(r, "passed"))
			},
			"restart": func(*rapid.T) { s.Restart() },
			"cut":     func(*rapid.T) { s.Cut() },
			"damage":  func(*rapid.T) { s.Damage("state.db") },
			"": func(r *rapid.T) {
				slot := rapid.SampledFrom([]wire.Purpose{wire.PersonalisedOffers, wire.PersonalisedContent}).Draw(r, "slot")
				opened := s.opened
				a, err := s.Read(Request{Who: person(1), Terms: terms}, slot, declared)
				check(t, err)
				var want []string
				permitted := 0
				for _, d := range declared {
					if !grants(slot) || !grants(d.Purpose) {
						if whys(a.Withheld)[d.Name] == "" {
							r.Fatalf("%s is withheld and not listed: %v", d.Name, a.Withheld)
						}
						continue
					}
					permitted++
					if at, ok := kept[d.Name]; ok && (d.TTL == 0 || now().Sub(at) < d.TTL) {
						want = append(want, d.Name)
					}
				}
				slices.Sort(want)
				if got := names(a.Fields); !slices.Equal(got, want) {
					r.Fatalf("read %q, want %q; slot %s, granted %q", got, want, slot, given)
				}
				if permitted+len(a.Withheld) != len(declared) || (permitted > 0) != (len(a.Used) > 0) {
					r.Fatalf("%d permitted, withheld %v, used %v", permitted, a.Withheld, a.Used)
				}
				if permitted == 0 && s.opened != opened {
					r.Fatal("a profile was opened without any grant")
				}
			},
		})
	})
}

// Promise 3: a withdrawal is in force in the reply's moment, before any flush,
// and after a power cut in the next.
func TestWithdrawalIsInForceAtOnce(t *testing.T) {
	s := newSite(t)
	who := person(1)
	check(t, s.Set(ctx, grant(who, everything...)))
	_, err := s.Write(ctx, Request{Who: who, Terms: terms}, fields("value"), declared)
	check(t, err)
	read := func() Answer {
		a, err := s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, declared)
		check(t, err)
		return a
	}
	if a := read(); len(a.Fields) != 3 || a.Grants.Version != 1 || len(a.Withheld) != 0 {
		t.Fatalf("before: %+v", a)
	}
	s.Restart() // the grant lies in the file, the withdrawal will not
	check(t, s.Set(ctx, &wire.Consent{Pseudonym: who[:]}))
	for _, when := range []string{"at once", "after a power cut"} {
		if a := read(); a.Fields != nil || a.Used != nil || a.Grants.Version != 2 || whys(a.Withheld)["taste"] != "personalised_offers not_granted" {
			t.Errorf("%s: %+v", when, a)
		}
		if err := s.Store.View(func(v *store.View) error {
			if g := s.Grants(v, Request{Who: who, Terms: terms}); slices.ContainsFunc(everything, g.Has) {
				t.Errorf("%s: %+v", when, g)
			}
			return nil
		}); err != nil {
			t.Error(err)
		}
		s.Cut()
	}
}

// A person the ledger has never heard of, and nobody at all.
func TestNobodyAndStrangers(t *testing.T) {
	s := newSite(t)
	for _, who := range []wire.Pseudonym{{}, person(9)} {
		for _, regime := range []rulebook.Regime{rulebook.OptIn, rulebook.OptOut} {
			r := Request{Who: who, Terms: Terms{Regime: regime, Lease: lease}}
			a, err := s.Read(r, wire.PersonalisedOffers, declared)
			check(t, err)
			want := map[string]string{"taste": "personalised_offers not_granted", "reads": "personalised_offers not_granted", "diet": "personalised_offers not_granted"}
			if regime == rulebook.OptOut {
				want = map[string]string{"diet": "sensitive:health not_granted"}
			}
			if d := cmp.Diff(want, whys(a.Withheld)); d != "" || a.Fields != nil || (a.Used != nil) != (regime == rulebook.OptOut && who != wire.Pseudonym{}) {
				t.Errorf("%v %s: %+v %s", who, regime, a, d)
			}
		}
	}
	var denied *Denied
	for _, regime := range []rulebook.Regime{rulebook.OptIn, rulebook.OptOut} {
		if _, err := s.Write(ctx, Request{Terms: Terms{Regime: regime, Lease: lease}}, fields("value"), declared); !errors.As(err, &denied) {
			t.Errorf("wrote a profile of nobody: %v", err)
		}
	}
	if s.Log.Last() != 0 {
		t.Error("something was logged")
	}
}

func TestSet(t *testing.T) {
	who := person(1)
	narrow := func(version uint64, purposes ...wire.Purpose) *wire.Consent {
		c := grant(who, purposes...)
		c.Evidence, c.Version = nil, version
		return c
	}
	with := func(c *wire.Consent, change func(*wire.Consent)) *wire.Consent { change(c); return c }
	for _, c := range []struct {
		name    string
		consent *wire.Consent
		want    error
		version uint64
		renewed bool // the lease began anew
	}{
		{"the same again", narrow(0, wire.Measurement, wire.ProfileBuilding), nil, 5, false},
		{"the same version again", narrow(5, wire.ProfileBuilding, wire.Measurement), nil, 5, false},
		{"less", narrow(0, wire.Measurement), nil, 6, false},
		{"nothing", narrow(9), nil, 9, false},
		{"more without evidence", narrow(0, wire.Measurement, wire.ModelTraining), ErrEvidence, 5, false},
		{"more with half of it", with(grant(who, wire.ModelTraining), func(c *wire.Consent) { c.Evidence.Place = "" }), ErrEvidence, 5, false},
		{"more with the words instead of their digest", with(grant(who, wire.ModelTraining), func(c *wire.Consent) { c.Evidence.Text = []byte("yes") }), ErrEvidence, 5, false},
		{"more with evidence", grant(who, wire.ModelTraining), nil, 6, true},
		{"an objection", with(narrow(0, wire.Measurement), func(c *wire.Consent) { c.MarketingObjection = true }), nil, 6, false},
		{"an older version", narrow(4), ErrVersion, 5, false},
		{"another of this version", narrow(5), ErrVersion, 5, false},
		{"an unknown purpose", grant(who, "everything"), ErrConsent, 5, false},
		{"a version that has no next one", narrow(1<<64 - 1), ErrConsent, 5, false},
		{"the highest version there is", narrow(maxVersion), nil, maxVersion, false},
		{"nobody's", &wire.Consent{Pseudonym: make([]byte, 16)}, ErrConsent, 5, false},
		{"of an unknown source", with(narrow(0), func(c *wire.Consent) { c.Source = "web" }), ErrConsent, 5, false},
		{"confirmed by the hub", with(narrow(5, wire.ProfileBuilding, wire.Measurement), func(c *wire.Consent) { c.Source, c.ConfirmedMs = "hub", 1<<60 }), nil, 5, true},
		{"confirmed by the hub now", with(narrow(5, wire.ProfileBuilding, wire.Measurement), func(c *wire.Consent) { c.Source = "hub" }), nil, 5, true},
		{"confirmed late", with(narrow(5, wire.ProfileBuilding, wire.Measurement), func(c *wire.Consent) { c.Source, c.ConfirmedMs = "hub", 5 }), nil, 5, false},
		{"more from the hub", with(narrow(6, wire.CrossChannel), func(c *wire.Consent) { c.Source, c.ConfirmedMs = "hub", 1<<60 }), nil, 6, true},
		{"less from the hub, late", with(narrow(4), func(c *wire.Consent) { c.Source = "hub" }), ErrVersion, 5, false},
	} {
		s := newSite(t)
		check(t, s.Set(ctx, with(grant(who, wire.ProfileBuilding, wire.Measurement), func(c *wire.Consent) { c.Version = 5 })))
		first := s.Now().UnixMilli()
		s.Advance(time.Hour)
		err := s.Set(ctx, c.consent)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
		s.Cut()
		row, err := s.Get(who)
		if check(t, err); row.Version != c.version {
			t.Errorf("%s: version %d, want %d", c.name, row.Version, c.version)
		}
		confirmed := first
		if c.renewed {
			confirmed = s.Now().UnixMilli()
		}
		if row.ConfirmedMs != confirmed {
			t.Errorf("%s: the lease began at %d, want %d", c.name, row.ConfirmedMs, confirmed)
		}
	}
	s := newSite(t)
	check(t, s.Set(ctx, narrow(0)))
	if row, err := s.Get(who); err != nil || row.GetVersion() != 1 {
		t.Errorf("the first word is no: %v, %v", row, err)
	}
	if a, err := s.Read(Request{Who: who, Terms: Terms{Regime: rulebook.OptOut, Lease: lease}}, wire.PersonalisedOffers, declared); err != nil || len(a.Withheld) != 3 {
		t.Errorf("someone who said no, where no answer would be a yes: %+v, %v", a, err)
	}
}

// A row that can't be read is a no with its reason, and can be answered anew.
func TestUnparsableRow(t *testing.T) {
	s := newSite(t)
	who := person(1)
	check(t, s.Set(ctx, grant(who, everything...)))
	broken := &breaker{table: s.table, who: who}
	s.Store.Register(store.State, broken)
	if _, err := s.Store.Commit(&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, nil); err != nil {
		t.Fatal(err)
	}
	a, err := s.Read(Request{Who: who, Terms: Terms{Regime: rulebook.OptOut, Lease: lease}}, wire.PersonalisedOffers, declared)
	if check(t, err); whys(a.Withheld)["taste"] != "personalised_offers unparsable" {
		t.Errorf("%+v", a)
	}
	broken.table = nil
	check(t, s.Set(ctx, grant(who, wire.Measurement)))
	if row, err := s.Get(who); err != nil || len(row.Purposes) != 1 {
		t.Errorf("%v, %v", row, err)
	}
}

type breaker struct {
	table *store.Table
	who   wire.Pseudonym
}

func (*breaker) Load(*store.View) error { return nil }
func (b *breaker) Apply(tx *store.Tx, _ uint64, _ *wire.Record) {
	if b.table != nil {
		tx.Put(b.table, b.who[:], []byte{0, 0xff})
	}
}

func TestImport(t *testing.T) {
	s := newSite(t)
	people := func(yield func(Person, error) bool) {
		for i := range 10 {
			c := grant(person(i), wire.ProfileBuilding, wire.PersonalisedOffers)
			c.Version, c.ConfirmedMs, c.Evidence = 1, s.Now().UnixMilli(), nil
			switch i {
			case 3:
				c.Purposes = nil
			case 4:
				c.Purposes = []string{"all of them"}
			case 5:
				c.ConfirmedMs -= lease.Milliseconds()
			case 6:
				c = nil
			}
			if !yield(Person{person(i), c, fields(fmt.Sprint("value", i))}, nil) {
				return
			}
		}
	}
	for range 2 {
		report, err := s.Import(ctx, terms, declared, iter.Seq2[Person, error](people))
		if check(t, err); report.Accepted != 6 || report.Refused != 4 {
			t.Fatalf("%+v", report)
		}
		var lines []int
		for _, e := range report.Errors {
			lines = append(lines, e.Line)
		}
		if !slices.Equal(lines, []int{4, 5, 6, 7}) {
			t.Errorf("refused rows %v", report.Errors)
		}
		s.Cut()
	}
	for i := range 10 {
		a, err := s.Read(Request{Who: person(i), Terms: terms}, wire.PersonalisedOffers, declared)
		check(t, err)
		if want := i < 3 || i > 6; want != (len(a.Fields) == 1 && a.Fields[0].Value.Text == fmt.Sprint("value", i)) {
			t.Errorf("person %d: %+v", i, a)
		}
	}
}

// No value of a profile lies in the open in any file, nor in an error or a log
// line, whatever goes wrong.
func TestNoValueInTheOpen(t *testing.T) {
	const marker = "PLANTED-MARKER-VALUE"
	var said bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })

	s := newSite(t)
	who := person(1)
	note := func(err error) {
		if err != nil {
			fmt.Fprintln(&said, err)
		}
	}
	write := func(f []Field) {
		_, err := s.Write(ctx, Request{Who: who, Terms: terms}, f, declared)
		note(err)
	}
	write(fields(marker)) // denied
	check(t, s.Set(ctx, grant(who, everything...)))
	write(fields(marker))
	write(append(fields(marker), text("taste", marker)))            // a name twice
	write([]Field{text("taste", marker+"\xff")})                    // not UTF-8
	write([]Field{text("taste", strings.Repeat(marker, 1<<16))})    // too long
	write([]Field{{Name: "taste", Value: Value{List: []string{}}}}) // of no kind
	write(fields(marker))
	replay, err := profile.OpenReplay(filepath.Join(s.Dir, "replay"), s.vault, profile.ReplayOptions{})
	check(t, err)
	check(t, replay.Append([16]byte{1}, who, []byte(marker)))
	a, err := s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, declared)
	if check(t, err); len(a.Fields) != 3 || a.Fields[0].Value.Text != marker {
		t.Fatalf("the marker was not planted: %+v", a)
	}
	check(t, replay.Close())
	s.Restart()
	s.Damage("profiles.db")
	_, err = s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, declared)
	note(err)
	check(t, s.vault.Rewrite(func(wire.Pseudonym) bool { return false }))
	a, err = s.Read(Request{Who: who, Terms: terms}, wire.PersonalisedOffers, declared)
	if note(err); len(a.Fields) > 0 {
		t.Error("a forgotten person is still known")
	}
	s.Restart()
	files := map[string]int{}
	for _, dir := range []string{s.Dir, s.keys} {
		check(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if bytes.Contains(b, []byte(marker)) || bytes.Contains(b, []byte(marker[:12])) {
				t.Errorf("a value lies in %s", path)
			}
			files[filepath.Ext(path)]++
			return err
		}))
	}
	if !slices.Equal(slices.Sorted(maps.Keys(files)), []string{".db", ".key", ".keys", ".log", ".part", ".quarantine"}) {
		t.Errorf("looked into %v", files)
	}
	if strings.Contains(said.String(), marker) || said.Len() == 0 {
		t.Errorf("a value was said, or nothing was: %.300s", said.String())
	}
}

// A row is read as it was written, in version 0 for ever; anything else is no row.
func TestRowVersion0(t *testing.T) {
	who := person(1)
	c := grant(who, wire.ProfileBuilding, wire.CrossChannel, "sensitive:health", "sensitive:age")
	c.Version, c.ConfirmedMs, c.Source, c.MarketingObjection, c.Evidence.AtMs = 300, 1_767_225_600_000, "hub", true, 5
	const golden = "000782ac0280d0eab6b733020d73656e7369746976653a6167651073656e7369746976653a6865616c7468" +
		"20" + "0000000000000000000000000000000000000000000000000000000000000000" + "076b696f736b2d3105"
	b := rowOf(c).append(nil)
	if fmt.Sprintf("%x", b) != golden {
		t.Errorf("written as %x", b)
	}
	r, err := parseRow(b)
	check(t, err)
	slices.Sort(c.Purposes)
	got := r.consent(who)
	slices.Sort(got.Purposes)
	if d := cmp.Diff(c, got, protocmp.Transform()); d != "" {
		t.Error(d)
	}
	for i := range b {
		if _, err := parseRow(b[:i]); err == nil {
			t.Errorf("cut to %d bytes it is a row", i)
		}
	}
}

func FuzzParseRow(f *testing.F) {
	f.Add(rowOf(grant(person(1), everything...)).append(nil))
	f.Add(rowOf(&wire.Consent{Version: 1}).append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRow(b)
		if err != nil {
			return
		}
		again, err := parseRow(r.append(nil))
		if err != nil || !again.same(r) || again.version != r.version || again.confirmed != r.confirmed {
			t.Errorf("%+v becomes %+v, %v", r, again, err)
		}
	})
}

func BenchmarkRead(b *testing.B) {
	for _, who := range []string{"granted", "withdrawn", "nobody"} {
		b.Run(who, func(b *testing.B) {
			s := newSite(b)
			r := Request{Terms: terms}
			if who != "nobody" {
				r.Who = person(1)
				check(b, s.Set(ctx, grant(r.Who, everything...)))
				_, err := s.Write(ctx, r, fields("value"), declared)
				check(b, err)
			}
			if who == "withdrawn" {
				check(b, s.Set(ctx, &wire.Consent{Pseudonym: r.Who[:]}))
			}
			s.Restart()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Read(r, wire.PersonalisedOffers, declared); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkImport50000 takes in 50,000 persons with consent and three fields.
func BenchmarkImport50000(b *testing.B) {
	for b.Loop() {
		s := newSite(b)
		report, err := s.Import(ctx, terms, declared, func(yield func(Person, error) bool) {
			for i := range 50_000 {
				c := grant(person(i), everything...)
				c.Source, c.Version, c.ConfirmedMs = "hub", 1, s.Now().UnixMilli()
				if !yield(Person{person(i), c, fields("some value of a field")}, nil) {
					return
				}
			}
		})
		if check(b, err); report.Accepted != 50_000 {
			b.Fatalf("%+v", report)
		}
		s.Close()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/import")
}
