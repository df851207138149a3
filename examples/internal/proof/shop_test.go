package proof

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aisle-edge/aisle/agent/attribution"
	"github.com/aisle-edge/aisle/agent/catalogue"
	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/coordinate"
	"github.com/aisle-edge/aisle/agent/features"
	"github.com/aisle-edge/aisle/agent/profile"
	"github.com/aisle-edge/aisle/agent/ranking"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/registry"
	central "github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/examples/internal/world"
	"github.com/aisle-edge/aisle/modules/host"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/journal"
	"github.com/aisle-edge/aisle/sync/wire"
)

// secret is that of the pseudonyms.
var secret = []byte("a secret of thirty-two bytes length")

// shop is one site in service. Time passes between its events, and not within them.
type shop struct {
	t      *testing.T
	world  *world.World
	site   world.Site
	passed time.Duration // since it opened

	log       *journal.Journal
	store     *store.Store
	catalogue *catalogue.Catalogue
	consents  *consent.Ledger
	releases  *release.Keeper
	decider   *ranking.Decider

	folder    *registry.Folder
	ledger    *ledger.Ledger
	trainer   *training.Trainer
	studied   chan struct{}     // a file was learned from
	sent      uint64            // of the log, to the ledger
	published map[string][]byte // the release that it decides by

	told   []attribution.Outcome // since the last flush
	events agenda
	serial int
}

// files is the release that the example ships, with the changes of one test.
type files map[string][]byte

func shipped(t *testing.T) files {
	f := files{}
	for _, name := range []string{"slots.yaml", "rules.yaml", "features.yaml", "offers.csv"} {
		b, err := os.ReadFile(filepath.Join("../../store/release", name))
		if err != nil {
			t.Fatal(err)
		}
		f[name] = b
	}
	return f
}

// replace changes one text of a file, which must be there.
func (f files) replace(t *testing.T, name, old, by string) {
	t.Helper()
	if !bytes.Contains(f[name], []byte(old)) {
		t.Fatalf("%s says nothing of %q", name, old)
	}
	f[name] = bytes.ReplaceAll(f[name], []byte(old), []byte(by))
}

// open opens a shop before its first customer.
func open(t *testing.T, w *world.World, f files) *shop {
	s := &shop{t: t, world: w, site: world.Sites()[0]}
	s.openNode()
	s.openCentre(f)
	s.publish(registry.Learned{})
	s.stock(w)
	return s
}

// goods are what a world's site says it has.
func (s *shop) goods(w *world.World) iter.Seq2[*wire.Item, error] {
	var file bytes.Buffer
	s.must(w.WriteItems(&file, s.site))
	return item.Items(&file, item.Options{Scheme: item.GTIN})
}

// stock brings in the goods and people of a world.
func (s *shop) stock(w *world.World) {
	var people bytes.Buffer
	s.must(w.WriteProfiles(&people, s.site, opened))
	s.took(s.catalogue.PutItems(s.t.Context(), s.goods(w)))
	s.took(s.consents.Import(s.t.Context(), s.releases.Active().Terms, s.releases.Active().Profile, persons(&people)))
}

func (s *shop) openNode() {
	dir := s.t.TempDir()
	var err error
	s.log, err = journal.Open(filepath.Join(dir, "log"), journal.Options{})
	s.must(err)
	s.store, err = store.Open(dir, s.log, store.Options{Now: s.now})
	s.must(err)
	vault, err := profile.OpenVault(filepath.Join(dir, "keys"))
	s.must(err)
	s.catalogue = catalogue.New(s.store)
	s.consents = consent.New(s.store, vault, profile.NewRows(s.store))
	events := attribution.New(s.store, s.consents, secret, attribution.Options{})
	holds := coordinate.New(s.store, s.catalogue)
	actions := coordinate.NewActions(s.store, holds)
	budgets := coordinate.NewBudgets(s.store)
	engine, err := host.Open(host.Options{})
	s.must(err)
	quiet := slog.New(slog.DiscardHandler)
	s.releases, err = release.Open(release.Options{Dir: filepath.Join(dir, "release"), Engine: engine, Catalogue: s.catalogue, Now: s.store.Now, Scheme: item.GTIN, Log: quiet})
	s.must(err)
	s.must(s.store.Recover(s.t.Context()))
	s.decider = ranking.New(ranking.Options{
		Store: s.store, Catalogue: s.catalogue, Consents: s.consents, Events: events, Holds: holds, Actions: actions, Budgets: budgets, Releases: s.releases, Secret: secret, Site: s.site.Name, Now: s.now,
	})
	s.t.Cleanup(func() {
		_ = s.releases.Close()
		_ = engine.Close()
		_ = s.store.Close()
		_ = s.log.Close()
	})
}

func (s *shop) openCentre(f files) {
	dir := s.t.TempDir()
	var err error
	s.folder, err = registry.CheckFiles(f, item.GTIN)
	s.must(err)
	db, err := central.Open(dir, s.now, ledger.Schema, training.Schema)
	s.must(err)
	s.t.Cleanup(func() { db.Close() })
	s.studied = make(chan struct{})
	s.ledger, err = ledger.Open(s.t.Context(), filepath.Join(dir, "ledger"), db)
	s.must(err)
	columns := s.folder.ColumnSet()
	models := map[string]training.Model{}
	for _, name := range s.folder.Models() {
		models[name] = training.Model{Shape: s.folder.Shape(), Columns: columns[:]}
	}
	s.trainer, err = training.Open(s.t.Context(), db, s.ledger, training.Config{
		Slots: s.folder.Rulebook.Slots, Models: models, Log: slog.New(slog.DiscardHandler),
		Now: func() time.Time { // asked as it begins, and after each file
			s.studied <- struct{}{}
			return time.Time{}
		},
	})
	s.must(err)
	running, end := context.WithCancel(s.t.Context())
	var loop sync.WaitGroup
	loop.Go(func() {
		if err := s.trainer.Run(running); err != nil {
			s.t.Error(err)
		}
	})
	<-s.studied
	s.t.Cleanup(func() {
		end()
		loop.Wait()
	})
}

// publish makes a release of what was learned, and lets the node decide by it.
func (s *shop) publish(l registry.Learned) {
	r, err := s.folder.Assemble(registry.Header{Counter: 1, CreatedMs: s.now().UnixMilli()}, l)
	s.must(err)
	s.use(r.Artifacts)
}

func (s *shop) use(artifacts map[string][]byte) {
	s.published = artifacts
	s.must(s.releases.Use(artifacts))
}

// learn sends the log up, waits until it was learned from, and publishes that.
func (s *shop) learn() {
	_, err := s.store.Commit(&wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}}, nil)
	s.must(err)
	var rows []ledger.Row
	s.must(s.log.Read(s.sent+1, s.log.Last(), func(seq uint64, payload []byte) error {
		rows = append(rows, s.row(seq, bytes.Clone(payload)))
		return nil
	}))
	s.sent = s.log.Last()
	_, err = s.ledger.Append(s.t.Context(), rows, func(*central.Tx) error { return nil })
	s.must(err)
	<-s.studied
	now := s.trainer.Snapshot()
	s.publish(registry.Learned{Models: now.Models, Rankings: now.Rankings})
}

func (s *shop) row(seq uint64, payload []byte) ledger.Row {
	rec, err := wire.Decode(payload)
	s.must(err)
	kind := ledger.Nothing
	switch {
	case rec.GetDecision() != nil:
		kind = ledger.Decision
	case rec.GetOutcome() != nil:
		kind = ledger.Outcome
	case rec.GetTick() != nil:
		kind = ledger.Tick
	}
	return ledger.Row{Agent: "kiosk", Site: s.site.Name, Epoch: [16]byte{1}, Seq: seq, AtMs: rec.AtMs, ReceivedMs: s.now().UnixMilli(), Kind: kind, Record: payload}
}

// ask is one request of a kiosk.
func (s *shop) ask(slot string, v world.Visit, dry bool) *ranking.Answer {
	a, err := s.decider.Decide(s.t.Context(), &ranking.Request{
		EventID: v.Event, Slot: slot, ProfileID: v.Profile, SessionID: v.Session, DryRun: dry,
		Context: features.Values{{Name: "weather", Kind: features.Text, Text: v.Weather}, {Name: "daypart", Kind: features.Text, Text: v.Daypart}},
	})
	s.must(err)
	return a
}

// tell is one outcome, which waits for the next flush.
func (s *shop) tell(event, good, kind string) {
	s.told = append(s.told, attribution.Outcome{ID: event + good + kind, EventID: event, ItemID: good, Type: kind, Quantity: 1})
}

// flush tells the node what came of its decisions.
func (s *shop) flush() {
	report, err := s.decider.Tell(s.t.Context(), s.told)
	if s.must(err); len(report.Accepted) != len(s.told) {
		s.t.Fatalf("%+v", report)
	}
	s.told = s.told[:0]
}

// persons are the rows of a profiles file as the node imports them.
func persons(file *bytes.Buffer) iter.Seq2[consent.Person, error] {
	return func(yield func(consent.Person, error) bool) {
		for row, err := range item.Profiles(file, item.Options{}) {
			if err != nil {
				yield(consent.Person{}, err)
				return
			}
			p := consent.Person{Who: wire.Pseudonymise(secret, wire.Person, row.ID)}
			p.Consent = &wire.Consent{Version: row.ConsentVersion, ConfirmedMs: row.ConsentAtMs}
			for _, purpose := range row.Purposes {
				p.Consent.Purposes = append(p.Consent.Purposes, string(purpose))
			}
			for name, text := range row.Fields {
				p.Fields = append(p.Fields, field(name, text))
			}
			if row.Household != "" {
				p.Fields = append(p.Fields, field("household", row.Household))
			}
			if !yield(p, nil) {
				return
			}
		}
	}
}

func field(name, text string) consent.Field {
	return consent.Field{Name: name, Value: consent.Value{Kind: consent.Text, Text: text}}
}

func (s *shop) must(err error) {
	if err != nil {
		s.t.Helper()
		s.t.Fatal(err)
	}
}

func (s *shop) took(r store.Report, err error) {
	s.t.Helper()
	if s.must(err); r.Refused > 0 {
		s.t.Fatalf("%+v", r)
	}
}

// agenda is what happens at the shop, soonest first.
type agenda []event

type event struct {
	at     time.Duration
	serial int
	do     func()
}

func (a agenda) Len() int      { return len(a) }
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a agenda) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(a[i].at, a[j].at), cmp.Compare(a[i].serial, a[j].serial)) < 0
}
func (a *agenda) Push(x any) { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	*a = (*a)[:last]
	return x
}

// opened is when every shop opens.
var opened = time.UnixMilli(1_767_225_600_000)

func (s *shop) now() time.Time { return opened.Add(s.passed) }

// at lets something happen at a time.
func (s *shop) at(when time.Duration, do func()) {
	s.serial++
	heap.Push(&s.events, event{when, s.serial, do})
}

// every lets something happen again and again.
func (s *shop) every(period time.Duration, do func()) {
	s.at(s.passed+period, func() {
		do()
		s.every(period, do)
	})
}

// run lets everything happen that is due until then.
func (s *shop) run(until time.Duration) {
	for len(s.events) > 0 && s.events[0].at <= until {
		e := heap.Pop(&s.events).(event)
		s.passed = e.at
		e.do()
	}
}

// visits lets shoppers come, each as the last one has come.
func (s *shop) visits(serve func(world.Visit)) {
	next, stop := iter.Pull(s.world.Visits(s.site))
	s.t.Cleanup(stop)
	var come func()
	come = func() {
		v, _ := next()
		s.at(v.At, func() {
			serve(v)
			come()
		})
	}
	come()
}
