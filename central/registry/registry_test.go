package registry

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/compile"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/scoring"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/trust"
)

const (
	slotsYAML = `version: 0
salt: 3f00112233445566778899aabbccddeeff00112233445566778899aabbccddee
slots:
  - id: home_hero
    kind: offer
    source: {offers: true}
    reward: {weights: {click: 0.1, purchase: 1}, range: [0, 2]}
  - id: shelf
    kind: content
    source: {catalogue: {}}
    model: common
    reward: {weights: {purchase: 1}}
  - id: till
    kind: content
    source: {catalogue: {}}
    model: common
    reward: {weights: {purchase: 1}}
`
	rulesYAML = `version: 0
rules:
  - {id: in-stock, kind: stock}
`
	featuresYAML = `version: 0
features:
  - {name: price, scope: item, kind: dense, source: item.price, transform: log1p, scale: 0.5, offset: -1}
  - {name: taste, scope: context, kind: hashed, source: profile.taste, purpose: personalised_offers}
  - {name: item, scope: item, kind: hashed, source: item.id}
  - {name: weather, scope: context, kind: hashed, source: context.weather}
  - {name: hour, scope: context, kind: dense, source: time.hour}
crosses: [[weather, item]]
bits: 10
`
	offersCSV = `id,kind,target,slot,percent,currency,starts,ends
o1,items,a|b,home_hero,10,,2026-01-01T00:00:00Z,2027-01-01T00:00:00Z
`
)

// folder writes a release folder; edits replace text in a file, or the file.
func folder(t *testing.T, edits ...[3]string) string {
	t.Helper()
	dir := t.TempDir()
	content := map[string]string{"slots.yaml": slotsYAML, "rules.yaml": rulesYAML, "features.yaml": featuresYAML, "offers.csv": offersCSV, "README.md": "ours"}
	for _, e := range edits {
		if e[1] == "" {
			content[e[0]] = e[2]
			continue
		}
		if !strings.Contains(content[e[0]], e[1]) {
			t.Fatalf("%s has no %q", e[0], e[1])
		}
		content[e[0]] = strings.Replace(content[e[0]], e[1], e[2], 1)
	}
	for name, text := range content {
		if text == "-" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func checked(t *testing.T, edits ...[3]string) *Folder {
	t.Helper()
	f, err := Check(folder(t, edits...), item.Own)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCheckReadsASoundFolder(t *testing.T) {
	f := checked(t)
	if len(f.Offers) != 1 || len(f.Rulebook.Slots) != 3 {
		t.Errorf("%d offers and %d slots", len(f.Offers), len(f.Rulebook.Slots))
	}
	if d := cmp.Diff([]string{"common", "home_hero"}, f.Models()); d != "" {
		t.Error(d)
	}
	var names []string
	for _, c := range f.manifest.Columns {
		names = append(names, c.Name)
	}
	if d := cmp.Diff([]string{"hour", "taste", "weather", "price", "item"}, names); d != "" {
		t.Errorf("not in frame order: %s", d)
	}
	want := scoring.Shape{Bits: 10, Crosses: []scoring.Cross{{A: 1, B: 2}}}
	want.Frame.ContextDense, want.Frame.ContextCategorical, want.Frame.Dense, want.Frame.Categorical = 1, 2, 1, 1
	want.Frame.Heads, want.Frame.Variance = 1, true
	if d := cmp.Diff(want, f.Shape()); d != "" {
		t.Error(d)
	}
	other := checked(t, [3]string{"features.yaml", "scale: 0.5", "scale: 0.25"})
	if f.ColumnSet() == other.ColumnSet() {
		t.Error("columns scaled otherwise have the same name")
	}
}

func TestCheckReportsEveryFault(t *testing.T) {
	for name, c := range map[string]struct {
		edits [][3]string
		want  []string // each must be in some fault
	}{
		"missing":         {[][3]string{{"rules.yaml", "", "-"}, {"offers.csv", "", "-"}}, []string{"rules.yaml: is missing", "offers.csv: is missing"}},
		"misspelt":        {[][3]string{{"rule.yaml", "", rulesYAML}, {"offer.csv", "", ""}}, []string{"rule.yaml: is no file", "offer.csv: is no file"}},
		"unknown key":     {[][3]string{{"slots.yaml", "kind: offer", "kinds: offer"}}, []string{"slots.yaml:5"}},
		"purpose":         {[][3]string{{"features.yaml", "purpose: personalised_offers", "purpose: marketing"}}, []string{"features.yaml:4: features[1].purpose"}},
		"profile unbound": {[][3]string{{"features.yaml", ", purpose: personalised_offers", ""}}, []string{"features.yaml:4"}},
		"several files": {[][3]string{{"features.yaml", "bits: 10", "bits: 99"}, {"offers.csv", ",10,", ",-3,"}},
			[]string{"features.yaml:9: bits", "offers.csv:2: percent"}},
		"offer's slot":   {[][3]string{{"offers.csv", "home_hero", "attic"}}, []string{"offers.csv:2: slot: slots.yaml has no slot"}},
		"offer's path":   {[][3]string{{"offers.csv", "", "id,kind,target,percent,condition\no,brand,b,5,\no2,brand,b,5,\"{\"\"context.a\"\": {\"\"$lik\"\": 1}}\"\n"}}, []string{"offers.csv:3: condition: context.a.$lik: unknown operator"}},
		"offer's field":  {[][3]string{{"offers.csv", "", "id,kind,target,percent,cadence\no,brand,b,5,subscription:clubs\n"}}, []string{"offers.csv:2: cadence: is of a field that features.yaml does not declare"}},
		"offer's reach":  {[][3]string{{"offers.csv", "", "id,kind,target,percent,condition\no,brand,b,5,\"{\"\"profile.diet\"\": 1}\"\n"}}, []string{"offers.csv:2: condition: profile.diet is not declared"}},
		"escrow":         {[][3]string{{"offers.csv", "", "id,kind,target,percent,budget\no,brand,b,5,100\n"}, {"escrow.csv", "", "offer,site,amount\no,north,60\no,south,41\n"}}, []string{"escrow.csv:3: amount: makes the shares"}},
		"offer twice":    {[][3]string{{"offers.csv", "", offersCSV + strings.SplitAfter(offersCSV, "\n")[1]}}, []string{"offers.csv:3: id: is there twice"}},
		"offers' header": {[][3]string{{"offers.csv", "id,kind", "ident,kind"}}, []string{"offers.csv"}},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Check(folder(t, c.edits...), item.Own)
			faults := rulebook.Faults(nil)
			if f != nil || !errors.As(err, &faults) {
				t.Fatalf("got %v, want faults", err)
			}
			for _, want := range c.want {
				if !strings.Contains(faults.Error(), want) {
					t.Errorf("no fault says %q:\n%v", want, faults)
				}
			}
		})
	}
	if _, err := Check(filepath.Join(t.TempDir(), "nowhere"), item.Own); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for no folder", err)
	}
}

// trained is a model of the folder's shape with something in it.
func trained(t *testing.T, f *Folder) *scoring.Linear {
	t.Helper()
	m, err := scoring.New(f.Shape())
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Heads[0].Mean {
		if i != m.Nothing() {
			m.Heads[0].Mean[i], m.Heads[0].Variance[i] = float32(i%17)/16, float32(i%5)/8
		}
	}
	return m
}

func TestAssembledReleaseIsSound(t *testing.T) {
	f := checked(t)
	model := trained(t, f)
	r, err := f.Assemble(Header{Counter: 7, MinCounter: 3, CreatedMs: 99, Note: "n"},
		Learned{Models: map[string]*scoring.Linear{"common": model}, Rankings: map[string][]string{"shelf": {"b", "a"}}})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := trust.Parse(r.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Counter != 7 || parsed.MinCounter != 3 || parsed.CreatedMs != 99 || parsed.Note != "n" || len(parsed.Artifacts) != len(r.Artifacts) {
		t.Errorf("manifest is %v", parsed)
	}
	var rankings map[string][]string
	if err := json.Unmarshal(r.Artifacts["model/rankings.json"], &rankings); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(map[string][]string{"home_hero": {}, "shelf": {"b", "a"}, "till": {}}, rankings); d != "" {
		t.Error(d)
	}
	if string(r.Artifacts["slots.yaml"]) != slotsYAML {
		t.Error("slots.yaml is not the file that was written")
	}
	b, err := bundle.Open(r.Artifacts["model/common"])
	if err != nil {
		t.Fatal(err)
	}
	back, err := scoring.Decode(b.Model)
	if err != nil || cmp.Diff(model.Heads, back.Heads) != "" {
		t.Errorf("the model did not come back (%v)", err)
	}
	if b.Manifest.ColumnSet() != f.ColumnSet() {
		t.Error("the bundle's columns have another name than the folder's")
	}
	for _, s := range parsed.Scorers {
		b, err := bundle.Open(r.Artifacts[s.Model])
		if err != nil {
			t.Fatal(err)
		}
		code, err := compile.Module(b)
		if err != nil || compile.Digest(code) != b.Manifest.Module || b.Manifest.Module != hex.EncodeToString(s.Module) || s.Emitter != compile.Emitter {
			t.Errorf("%s: scorer names another module (%v)", s.Model, err)
		}
	}
	if len(parsed.Scorers) != 2 {
		t.Errorf("%d scorers, want one a model", len(parsed.Scorers))
	}
}

// TestWhatWasLearnedIsARefresh: models and rankings change under the online role,
// nothing else of the same folder does.
func TestWhatWasLearnedIsARefresh(t *testing.T) {
	f := checked(t)
	full, err := f.Assemble(Header{Counter: 1}, Learned{})
	if err != nil {
		t.Fatal(err)
	}
	next, err := f.Assemble(Header{Counter: 2, CreatedMs: 5}, Learned{
		Models: map[string]*scoring.Linear{"common": trained(t, f)}, Rankings: map[string][]string{"shelf": {"a"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := trust.OnlyModels(full.Release, next.Release); err != nil {
		t.Error(err)
	}
	f.bytes["rules.yaml"] = append(f.bytes["rules.yaml"], '\n')
	if moved, err := f.Assemble(Header{Counter: 3}, Learned{}); err != nil || trust.OnlyModels(full.Release, moved.Release) == nil {
		t.Errorf("other rules passed as a new model (%v)", err)
	}
}

func TestNoModelIsNamedAsTheRankings(t *testing.T) {
	_, err := Check(folder(t, [3]string{"slots.yaml", "model: common", "model: rankings.json"}), item.Own)
	if err == nil || !strings.Contains(err.Error(), "slots[") || !strings.Contains(err.Error(), "choose another") {
		t.Errorf("got %v", err)
	}
}

func TestModelThatDoesNotFitIsNotReleased(t *testing.T) {
	f := checked(t)
	shape := f.Shape()
	shape.Bits = 9
	small, err := scoring.New(shape)
	if err != nil {
		t.Fatal(err)
	}
	wild := trained(t, f)
	wild.Heads[0].Variance[5] = -1
	for name, m := range map[string]*scoring.Linear{"other shape": small, "negative variance": wild} {
		if r, err := f.Assemble(Header{Counter: 1}, Learned{Models: map[string]*scoring.Linear{"common": m}}); err == nil {
			t.Errorf("%s: release %d was assembled", name, r.Counter)
		}
	}
}

func open(t *testing.T, dir string) (*Registry, *store.DB) {
	t.Helper()
	db, err := store.Open(dir, nil, Schema)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	g, err := Open(db, filepath.Join(dir, "artifacts"))
	if err != nil {
		t.Fatal(err)
	}
	return g, db
}

func TestKeptReleasesComeBackWithTheirLineage(t *testing.T) {
	dir := t.TempDir()
	g, db := open(t, dir)
	f := checked(t)
	for want := uint64(1); want <= 2; want++ {
		counter, err := g.Next(t.Context())
		if err != nil || counter != want {
			t.Fatalf("next is %d (%v), want %d", counter, err, want)
		}
		r, err := f.Assemble(Header{Counter: counter, Note: "weekly"}, Learned{})
		if err != nil {
			t.Fatal(err)
		}
		lineage := []Lineage{{Model: "common", LastFile: int64(10 * counter), Decisions: 5, Rows: 15}, {Model: "home_hero"}}
		for range 2 { // the second time, as after a lost answer, changes nothing
			if err := g.Keep(t.Context(), r, lineage...); err != nil {
				t.Fatal(err)
			}
		}
		if other, _ := f.Assemble(Header{Counter: counter}, Learned{}); g.Keep(t.Context(), other) == nil {
			t.Error("another release took the same counter")
		}
	}
	db.Close()
	g, _ = open(t, dir)
	second, err := g.Get(t.Context(), 2)
	if err != nil || second.Counter != 2 || second.Note != "weekly" || len(second.Artifacts) != 7 {
		t.Fatalf("release 2 is %+v (%v)", second, err)
	}
	if d := cmp.Diff([]Lineage{{"common", 20, 5, 15}, {Model: "home_hero"}}, second.Lineage); d != "" {
		t.Error(d)
	}
	if _, err := g.Get(t.Context(), 3); !errors.Is(err, ErrNone) {
		t.Errorf("release 3: %v", err)
	}
	first, err := g.Get(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if artifacts, err := g.Read(first); err != nil || len(artifacts) != 7 {
		t.Errorf("release 1 has %d artifacts (%v)", len(artifacts), err)
	}
	if back, err := g.Folder(first, item.Own); err != nil || cmp.Diff(f.Files(), back.Files()) != "" {
		t.Errorf("the files of release 1 did not come back: %v", err)
	}
}

func TestSweepKeepsWhatIsNeeded(t *testing.T) {
	g, _ := open(t, t.TempDir())
	f := checked(t)
	for counter := uint64(1); counter <= 3; counter++ {
		r, err := f.Assemble(Header{Counter: counter, CreatedMs: int64(counter)}, Learned{}) // so models differ
		if err != nil {
			t.Fatal(err)
		}
		if err := g.Keep(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Sweep(t.Context(), []uint64{1, 3, 99}); err != nil {
		t.Fatal(err)
	}
	for counter, want := range map[uint64]bool{1: true, 2: false, 3: true} {
		e, err := g.Get(t.Context(), counter)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Read(e); (err == nil) != want || err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("release %d: %v", counter, err)
		}
	}
}

func TestReleaseWithoutItsModelsHasNoLineage(t *testing.T) {
	g, _ := open(t, t.TempDir())
	r, err := checked(t).Assemble(Header{Counter: 1}, Learned{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Keep(t.Context(), r, Lineage{Model: "nobody"}); err == nil {
		t.Error("lineage of a model that is not in the release")
	}
	if half, err := g.Get(t.Context(), 1); !errors.Is(err, ErrNone) {
		t.Errorf("half a release is kept: %v, %v", half, err)
	}
}

func BenchmarkAssemble(b *testing.B) {
	dir := b.TempDir()
	for name, text := range map[string]string{"slots.yaml": slotsYAML, "rules.yaml": rulesYAML, "features.yaml": strings.Replace(featuresYAML, "bits: 10", "bits: 16", 1), "offers.csv": offersCSV} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	f, err := Check(dir, item.Own)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := f.Assemble(Header{Counter: 1}, Learned{}); err != nil {
			b.Fatal(err)
		}
	}
}
