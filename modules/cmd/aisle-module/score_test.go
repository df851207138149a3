package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/bundle/bundletest"
	"github.com/aisle-edge/aisle/modules/internal/sample"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// TestEachRowHasItsContext: rows of many contexts, more than a frame takes, come out
// in their order, each scored with its own.
func TestEachRowHasItsContext(t *testing.T) {
	b := bundletest.Own(t, bundletest.Column(bundle.ScopeContext, "hour"), bundletest.Column(bundle.ScopeItem, "price"))
	scorer := put(t, filepath.Join(t.TempDir(), "own.wasm"), string(bundletest.File(t, b)))
	r := sample.Rand(5)
	var rows strings.Builder
	var want []float64
	rows.WriteString("label,price,hour\n")
	for hour := 0; len(want) < 30_000; hour++ {
		n := 1 + r.IntN(5)
		if hour%100 == 7 {
			n = 2 * abi.MaxRows / 3 * (1 + r.IntN(2))
		}
		for range n {
			price := r.IntN(1000)
			fmt.Fprintf(&rows, "x,%d,%d\n", price, hour%24)
			want = append(want, bundletest.Sum([]float32{float32(hour % 24), float32(price)}))
		}
	}
	got := numbers(t, feeds(t, rows.String(), "score", scorer, "--rows", "-"))
	if len(got) != len(want) {
		t.Fatalf("%d predictions of %d rows", len(got), len(want))
	}
	for i, x := range want {
		if got[i][0] != x {
			t.Fatalf("row %d: %v, want %v", i, got[i], x)
		}
	}
}

// TestNamesBecomeTheNodesIDs: a table's names are hashed as a node hashes them, by
// each column's own hash.
func TestNamesBecomeTheNodesIDs(t *testing.T) {
	frame := abi.Shape{ContextDense: 1, ContextCategorical: 1, Dense: 2, Categorical: 2, Heads: 2, Variance: true}
	model := sample.Linear(scoring.Shape{Frame: frame, Bits: 10}, sample.Rand(8))
	b := bundletest.Of(t, model, bundletest.Columns(frame)...)
	scorer := put(t, filepath.Join(t.TempDir(), "m.wasm"), string(bundletest.File(t, b)))
	id := func(h scoring.Hash, column, name string) uint32 {
		if name == "" {
			return 0
		}
		return h.ID(column, name)
	}
	rows := "c5,c4,c3,c2,c1,c0\n"
	var want []string
	for i, n := range [][3]string{{"milk", "north", "rain"}, {"", "été", "rain"}, {"a b", "", ""}} {
		rows += fmt.Sprintf("%s,%s,%d,0.25,%s,0.5\n", n[0], n[1], i, n[2])
		row := scoring.Row{
			ContextDense: []float32{0.5}, ContextCategorical: []uint32{id(scoring.XX64, "c1", n[2])},
			Dense: []float32{0.25, float32(i)}, Categorical: []uint32{id(scoring.VW, "c4", n[1]), id(scoring.VW, "c5", n[0])},
		}
		line := make([]string, 2)
		for h := range line {
			mean, _ := model.Heads[h].Sum(model.Terms(nil, row))
			line[h] = strconv.FormatFloat(mean, 'g', -1, 64)
		}
		want = append(want, strings.Join(line, "\t"))
	}
	if got := feeds(t, rows, "score", scorer, "--rows", "-"); got != strings.Join(want, "\n")+"\n" {
		t.Errorf("%s\nwant %s", got, want)
	}
	var one answer
	out := feeds(t, rows, "score", scorer, "--rows", "-", "--json", "--contributions")
	if err := json.Unmarshal([]byte(out[:strings.Index(out, "\n")]), &one); err != nil || len(one.Variance) != 2 || len(one.Contributions) != 2 || len(one.Contributions[0]) != 7 {
		t.Errorf("%v: %s", err, out)
	}
	for _, text := range []string{"1,2,3,4,5,6\n", "0 1:2\n"} {
		if code, _, problems := feed(text, "score", scorer, "--rows", "-"); code != 2 || !strings.Contains(problems, "header") {
			t.Errorf("%d, %s", code, problems)
		}
	}
}

const lightgbmText = "../../modelfile/lightgbm/testdata/v4.txt"

// TestNumbersAreRoundedAsTheLibraryDecides: 0.1 is at most the threshold 0.1, which no
// f32 says without the rules that travel with the model.
func TestNumbersAreRoundedAsTheLibraryDecides(t *testing.T) {
	scorer := filepath.Join(t.TempDir(), "m.wasm")
	must(t, "compile", lightgbmText, "-o", scorer)
	got := numbers(t, feeds(t, "0.09,,,,\n0.1,,,,\n0.10000001,,,,\n", "score", scorer, "--rows", "-", "--raw"))
	if got[0][0] != got[1][0] || got[1][0] == got[2][0] {
		t.Errorf("just below, at and just above a threshold: %v", got)
	}
}

// TestMissingObjectiveIsTold: a dump without its objective answers margins, and says so;
// with --objective it answers what the text does.
func TestMissingObjectiveIsTold(t *testing.T) {
	dir := t.TempDir()
	scorer := filepath.Join(dir, "m.wasm")
	dump := strings.Replace(slurp(t, "../../modelfile/lightgbm/testdata/v4.json"), `"objective":`, `"was":`, 1)
	name := put(t, filepath.Join(dir, "dump.json"), dump)
	code, _, problems := call("compile", name, "-o", scorer)
	if code != 0 || !strings.Contains(problems, "names no objective, so predictions are raw margins; name it with --objective") {
		t.Errorf("%d: %s", code, problems)
	}
	row := "0.3,2,0.5,7,3\n"
	margin := feeds(t, row, "score", scorer, "--rows", "-")
	must(t, "compile", name, "--objective", "binary sigmoid:2", "-o", scorer)
	got, raw := feeds(t, row, "score", scorer, "--rows", "-"), feeds(t, row, "score", scorer, "--rows", "-", "--raw")
	must(t, "compile", lightgbmText, "-o", scorer)
	if want := feeds(t, row, "score", scorer, "--rows", "-"); got != want || raw != margin || got == raw {
		t.Errorf("%s and %s raw, want %s and %s", got, raw, want, margin)
	}
}

// TestLabelsStandAnywhere in tables without a header.
func TestLabelsStandAnywhere(t *testing.T) {
	scorer := filepath.Join(t.TempDir(), "m.wasm")
	must(t, "compile", lightgbmText, "-o", scorer)
	want := feeds(t, "0.3,2,0.5,7,3\n", "score", scorer, "--rows", "-")
	for text, words := range map[string][]string{
		"1,0.3,2,0.5,7,3\n": nil, "1\t0.3\t2\t0.5\t7\t3\n": {"--label-column", "0"}, "0.3,2,9,0.5,7,3\n": {"--label-column", "2"},
		"0.3 2 0.5 7 3 1\n": {"--label-column", "5"}, "0.3,2,.5,7,3\n": {"--label-column", "none"}, "d,category,y,in=stock,größe,price\n7,3,1,2,0.5,0.3\n": nil,
		"1 0:0.3 1:2 2:0.5 3:7 4:3\n": nil,
	} {
		if got := feeds(t, text, append([]string{"score", scorer, "--rows", "-"}, words...)...); got != want {
			t.Errorf("%q %v: %s, want %s", text, words, got, want)
		}
	}
	for _, label := range []string{"none", "7", "-1", "y"} {
		if code, _, problems := feed("1,0.3,2,0.5,7,3\n", "score", scorer, "--rows", "-", "--label-column", label); code != 2 || strings.Count(problems, "\n") != 1 {
			t.Errorf("label %s: %d, %s", label, code, problems)
		}
	}
}

// TestFeaturesGiveColumnsTheirPlace: features.yaml moves columns to the context and
// says where values come from; what a row scores stays.
func TestFeaturesGiveColumnsTheirPlace(t *testing.T) {
	dir := t.TempDir()
	model := put(t, filepath.Join(dir, "model.txt"), strings.Replace(slurp(t, lightgbmText), "price in=stock größe d category", "Price stock hour d category", 1))
	features := put(t, filepath.Join(dir, "features.yaml"), `version: 0
features:
  - {name: hour, scope: context, kind: dense, source: time.hour}
  - {name: price, scope: item, kind: dense, source: item.price}
  - {name: stock, scope: item, kind: dense, source: item.stock}
  - {name: d, scope: context, kind: dense, source: profile.d, purpose: personalised_offers}
  - {name: category, scope: item, kind: dense, source: item.attr.shelf}
`)
	plain, placed := filepath.Join(dir, "plain.wasm"), filepath.Join(dir, "placed.bundle")
	must(t, "compile", model, "-o", plain)
	must(t, "import", model, "-o", placed, "--features", features)
	must(t, "verify", placed)
	var r report
	if err := json.Unmarshal([]byte(must(t, "inspect", "--json", placed)), &r); err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, c := range r.Columns {
		columns = append(columns, c.Scope+" "+c.Name+" "+c.Source+" "+c.Purpose)
	}
	if want := []string{"context hour time.hour ", "context d profile.d personalised_offers", "item price item.price ", "item stock item.stock ", "item category item.attr.shelf "}; !slices.Equal(columns, want) {
		t.Errorf("%q", columns)
	}
	random := sample.Rand(2)
	var rows, sparse strings.Builder
	for range 300 {
		for c := range 5 {
			x := float64(random.IntN(40)-10) / 8
			fmt.Fprintf(&rows, "%v,", x)
			fmt.Fprintf(&sparse, "%d:%v ", c, x)
		}
		rows.WriteString("1\n")
		sparse.WriteString("\n")
	}
	want := feeds(t, rows.String(), "score", plain, "--rows", "-", "--label-column", "5")
	if got := feeds(t, rows.String(), "score", placed, "--rows", "-", "--label-column", "5"); got != want {
		t.Error("columns of a table went elsewhere")
	}
	if got := feeds(t, sparse.String(), "score", placed, "--rows", "-"); got != want {
		t.Error("features of libsvm went elsewhere")
	}
	out := filepath.Join(dir, "none")
	fails(t, 2, `"category" is not declared`, "import", model, "-o", out, "--features", put(t, features, strings.Replace(slurp(t, features), "name: category", "name: class", 1)))
	fails(t, 2, "features.yaml, line 1", "import", model, "-o", out, "--features", put(t, features, "version: 1\nfeatures: []\n"))
}
