package vw

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/bundle"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/scoring"
)

const small = "price item dense Item^price\nsku item hashed Item^sku=\n"

func TestSpoiltFilesAreRefused(t *testing.T) {
	good := header("18", "", "0 1") + "5:1\n"
	resumed := strings.Replace(header("18", "", "0 1"), "\n:0\n", "\n:1\n", 1)
	for _, c := range []struct{ name, text, says string }{
		{"nothing", "", "does not begin with its version"},
		{"another text", "tree\nversion=v4\n", "does not begin"},
		{"binary", "\x07\x00\x00\x008.11.0\x00\x01\x00\x00\x00\x00m\x00\x00", "--readable_model"},
		{"cut off in a line", good[:len(good)-1], "cut off after line 11"},
		{"cut off in the header", good[:60], "cut off in its header"},
		{"no bits", strings.Replace(good, "bits:18\n", "", 1), "without bits"},
		{"no options", strings.Replace(good, "options:\n", "", 1), "without bits, labels or options"},
		{"bits that are none", strings.Replace(good, "bits:18", "bits:x", 1), "line 5"},
		{"too many bits", header("27", "", "0 1") + "5:1\n", "train with -b 22"},
		{"more bits than there are", header("62", "", "0 1"), "line 5: not a sound"},
		{"a large table of many predictors", header("25", " --oaa 8", "1 8"), "at most 67108864"},
		{"fewer bits than predictors", header("2", " --oaa 5", "1 5"), "2 bits of 8 predictors"},
		{"labels that are none", header("18", "", "nan 1"), "label"},
		{"one label", header("18", "", "1 1") + "5:1\n", "one label only"},
		{"index outside", header("4", "", "0 1") + "16:1\n", "line 12"},
		{"an index twice", good + "5:1\n", "two weights of index 5"},
		{"weight that is none", good + "6:x\n", "line 13"},
		{"infinite weight", good + "6:inf\n", "line 13"},
		{"too large a weight", good + "6:1e39\n", "line 13"},
		{"negative index", good + "-6:1\n", "line 13"},
		{"no weight", good + "6\n", "line 13"},
		{"state behind weights", resumed + "t 3\n5:1\nt 3\n", `"t 3" is no weight`},
		{"state that is not announced", header("18", "", "0 1") + "t 3\n", `"t 3" is no weight`},
		{"regularisation to come", resumed + "l2_state 0.5\n5:1\n", "regularisation"},
		{"one name", good + "Item^price:7:1\n", "index 5 has no name"},
		{"version 7", strings.Replace(good, "8.11", "7.11", 1), `version "7.11.0"`},
		{"topics", strings.Replace(good, "lda:0", "lda:10", 1), "topics"},
		{"n-grams", strings.Replace(good, "0 ngram:", "1 ngram:2 ", 1), "n-grams"},
		{"skips", strings.Replace(good, "0 skip:", "1 skip:1 ", 1), "n-grams and skips"},
		{"another reduction", strings.Replace(good, ":0\n5", "CCB: has_seen = true\n:0\n5", 1), "CCB"},
		{"option without a key", header("18", " 7", "0 1"), `begin with "7"`},
		{"neural network", header("18", " --nn 10", "0 1"), "--nn"},
		{"low-rank", header("18", " --lrq ab3", "0 1"), "--lrq"},
		{"boosting", header("18", " --boosting 5", "0 1"), "--boosting"},
		{"many policies", header("18", " --cb_explore_adf --bag 5 --cb_adf", "0 1"), "--bag"},
		{"more of them", header("18", " --cb_explore_adf --cover 5 --cb_adf", "0 1"), "--cover"},
		{"triples", header("18", " --cubic abc", "0 1"), `"abc"`},
		{"triples among others", header("18", " --interactions ab abc", "0 1"), `"abc"`},
		{"half of all", header("18", " --quadratic a:", "0 1"), `"a:"`},
		{"dense columns that interact", header("18", " --quadratic II", "0 1"), "price is a dense column; supported are those of hashed ones: train with"},
		{"all, dense ones too", header("18", " --quadratic ::", "0 1"), "price is a dense column"},
		{"too many classes", header("18", " --oaa 9", "1 9"), "--oaa 9"},
		{"no classes", header("18", " --oaa -1", "1 9"), "--oaa -1"},
		{"seed", header("18", " --hash_seed 3", "0 1"), "--hash_seed 3"},
		{"another hash", header("18", " --hash md5", "0 1"), "--hash md5"},
		{"another link", header("18", " --link probit", "0 1"), "--link probit"},
		{"another learner of bandits", header("18", " --cb_adf --cb_type tr", "0 1"), "--cb_type tr"},
		{"costs by themselves", header("18", " --csoaa_ldf mc", "0 1"), "--csoaa_ldf mc"},
		{"link of costs", header("18", " --cb_adf --link logistic", "0 1"), "of costs"},
	} {
		m, err := Read(strings.NewReader(c.text), modelfile.Options{Columns: small})
		if m != nil || !errors.Is(err, modelfile.ErrFormat) && !errors.Is(err, modelfile.ErrUnsupported) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, which does not say %q", c.name, err, c.says)
		}
	}
}

func TestColumnsThatDoNotFitAreRefused(t *testing.T) {
	names := header("18", "", "0 1") + "Item^price:210597:1\n"
	wide := strings.Builder{}
	for i := range 1100 {
		wide.WriteString("c" + num(i) + " item dense ^c" + num(i) + "\n")
	}
	for _, c := range []struct{ name, text, columns, says string }{
		{"nobody says what weights are of", header("18", "", "0 1") + "5:1\n", "", "--columns FILE"},
		{"three words", names, "price item dense\n", "line 1 of the columns: 3 words"},
		{"another scope", names, "\nprice shop dense Item^price\n", "line 2 of the columns"},
		{"another kind", names, "price item number Item^price\n", `"number"`},
		{"no namespace", names, "price item dense price\n", "no namespace"},
		{"no name", names, "price item dense Item^\n", "no name"},
		{"twice", names, "price item dense Item^price\nprice item dense Item^cost\n", `two columns "price"`},
		{"left out", names, "price item dense Item^cost\n", `"Item^price", which no column has`},
		{"left out of a pair", header("18", " --quadratic IU", "0 1") + "Item^a*User^b:7:1\n", "item item hashed Item^\n", `"User^b", which no column has`},
		{"other hash", names, "price item dense Item^price\n", "does not hash to"},
		{"more than a frame has", header("18", "", "0 1"), wide.String(), "1100 columns"},
		{"more than many", header("18", "", "0 1"), strings.Repeat(wide.String(), 4), "more than 4096 columns"},
		{"more pairs than many", header("18", " --quadratic cc", "0 1"), strings.ReplaceAll(strings.ReplaceAll(wide.String()[:900], "dense ^", "hashed c^"), "dense", "hashed"), "more than 256 pairs"},
	} {
		m, err := Read(strings.NewReader(c.text), modelfile.Options{Columns: c.columns})
		if m != nil || !errors.Is(err, modelfile.ErrFormat) && !errors.Is(err, modelfile.ErrUnsupported) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, which does not say %q", c.name, err, c.says)
		}
	}
}

// TestNamesBecomeColumns: without a declaration, --invert_hash's names are columns.
func TestNamesBecomeColumns(t *testing.T) {
	o := &oracle{}
	at := func(namespace, name string) string {
		seed := uint32(0)
		if namespace != "" {
			seed = uint32(o.hash(namespace, 0))
			namespace += "^"
		}
		return namespace + name + ":" + num(int(o.hash(name, seed)&(1<<18-1))) + ":"
	}
	text := header("18", "", "-9 9") + at("Item", "price") + "0.5\n" + at("Item", "sku=a1") + "2\n" + at("Item", "sku=b") + "3\n" + at("User", "age") + "-1\n" +
		at("", "age") + "7\n" + at("", "sunny") + "-4\n" + at("Item", "17") + "8\nConstant:116060:1.25\n"
	m := read(t, text, "")
	var got []string
	for _, c := range m.Columns {
		got = append(got, c.Name+"/"+c.Scope+"/"+c.Kind+"/"+c.Hash)
	}
	want := "17/item/dense/ ^age/item/dense/ User^age/item/dense/ price/item/dense/ sunny/item/dense/ sku/item/hashed/vw:Item^sku="
	sorted := func(s []string) map[string]bool {
		set := map[string]bool{}
		for _, x := range s {
			set[x] = true
		}
		return set
	}
	if g, w := sorted(got), sorted(strings.Split(want, " ")); len(g) != len(w) {
		t.Errorf("columns %v", got)
	} else {
		for x := range w {
			if !g[x] {
				t.Errorf("columns %v, of which none is %s", got, x)
			}
		}
	}
	f := frame(t, m, []map[string]string{{"price": "3", "sku": "b", "User^age": "2"}, {"sku": "a1", "sunny": "1", "^age": "1", "17": "1"}, {"sku": "new"}})
	if err := m.Scorer.Score(f); err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1.25 + 1.5 + 3 - 2, 1.25 + 2 - 4 + 7 + 8, 1.25} {
		if got := f.Mean(0)[i]; got != want {
			t.Errorf("row %d: %v, want %v", i, got, want)
		}
	}
}

// TestStateOfLearningIsPassedOver reads what --save_resume adds.
func TestStateOfLearningIsPassedOver(t *testing.T) {
	head := strings.Replace(header("18", " --cb_adf --cb_type mtr --csoaa_ldf multiline --csoaa_rank", "-1 0"), "\n:0\n", "\nevent_sum 48\naction_sum 192\n:1\n", 1)
	state := "initial_t 0\nnorm normalizer 551.349\nt 16\nsum_loss -2.28571\nsd::oec.weighted_labeled_examples 8\ncurrent_pass 1\nl1_state 0\nl2_state 1\n" +
		"gd_ppw_state.size() = 1\ngd_ppw_state[0]normalized_sum_norm_x = 551.34860932827\n"
	m := read(t, head+state+"Constant:116060:-0.0575439 18.9044 1\nUser^a:25739:-0x1.8p-4 8.70684 1\n", "user context hashed User^\n")
	f := frame(t, m, []map[string]string{{"user": "a"}, {"user": "a"}})
	if err := m.Scorer.Score(f); err != nil {
		t.Fatal(err)
	}
	if got, want := f.Mean(0)[1], 0.0575439+0.09375; math.Abs(got-want) > 1e-7 {
		t.Errorf("%v, want %v", got, want)
	}
	if m.Heads[0] != "reward" || m.Link != (scoring.Link{}) {
		t.Errorf("costs are %q with %+v", m.Heads, m.Link)
	}
}

func TestLinksAreOfTheOptions(t *testing.T) {
	for options, want := range map[string]scoring.Link{
		"":                     {Kind: scoring.LinkClip, Low: -3, High: 4},
		" --link identity":     {Kind: scoring.LinkClip, Low: -3, High: 4},
		" --link=logistic":     {Kind: scoring.LinkLogistic, Scale: 1, Low: -3, High: 4},
		" --link glf1":         {Kind: scoring.LinkSymmetric, Low: -3, High: 4},
		" --link poisson":      {Kind: scoring.LinkExp, Low: -3, High: 4},
		" --oaa 3":             {Kind: scoring.LinkArgmax},
		" --csoaa 3":           {},
		" --cb 3 --cb_type dm": {},
	} {
		m := read(t, header("18", options, "-3 4"), small)
		if m.Link != want || m.Link.Validate() != nil {
			t.Errorf("%s: %+v, want %+v", options, m.Link, want)
		}
	}
}

func TestHashesOfFeaturesYamlStay(t *testing.T) {
	m := read(t, header("18", "", "0 1"), "sku item hashed ^sku=\nshade item hashed ^colour=\n")
	if m.Columns[0].Hash != "vw" || m.Columns[1].Hash != "vw:^colour=" {
		t.Errorf("columns %+v", m.Columns)
	}
	if m.Columns[0].Kind != bundle.KindHashed {
		t.Error("not hashed")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(header("18", " --cb_adf --quadratic UI", "0 1")+"5:1 2 3\n", small)
	f.Add(header("4", " --oaa 3", "0 1")+"Item^price[1]:5:0x1p-3\n", small)
	f.Add(header("18", " --quadratic ::", "0 1")+"a^b*c^d:5:1\nConstant:116060:1\n", "")
	f.Add("\x07\x00\x00\x008.11.0\x00\x01\x00\x00\x00\x00m\x00\x00", "")
	f.Fuzz(func(t *testing.T, text, columns string) {
		if len(columns) > 1<<12 {
			return
		}
		m, err := Read(strings.NewReader(text), modelfile.Options{Columns: columns})
		if err != nil {
			if !errors.Is(err, modelfile.ErrFormat) && !errors.Is(err, modelfile.ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		if m.Link.Validate() != nil || len(m.Columns) != m.Scorer.FrameShape().Columns() {
			t.Fatalf("%+v of %d columns", m.Link, len(m.Columns))
		}
		if l := m.Scorer.(*scoring.Linear); l.Bits < 16 {
			if _, err := l.Encode(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
