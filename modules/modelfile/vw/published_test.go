package vw

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/modelfile"
)

// head is a model's header.
func header(bits, options, labels string) string {
	low, high, _ := strings.Cut(labels, " ")
	return "Version 8.11.0\nId \nMin label:" + low + "\nMax label:" + high + "\nbits:" + bits + "\nlda:0\n0 ngram:\n0 skip:\noptions:" + options + "\nChecksum: 1\n:0\n"
}

func read(t testing.TB, text, columns string) *modelfile.Model {
	t.Helper()
	m, err := Read(strings.NewReader(text), modelfile.Options{Columns: columns})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestPublishedPredictions holds models against predictions that Vowpal Wabbit's own
// tests publish: in what --audit prints, indices and weights stand beside the
// prediction that they give.
func TestPublishedPredictions(t *testing.T) {
	// Of train-sets/ref/cache_interaction_audit.stdout: two namespaces that interact.
	pairs := header("18", " --quadratic st", "0 2") + `31316:0.144158
25913:0.144158
116060:0.144158
63237:0.144158
73877:0.124966
112588:0.124966
111273:0.124966
75248:0.124966
235860:0.0867298
204777:0.0867298
145925:0.0867298
220914:0.0867298
229289:0.0676149
256240:0.0676149
138078:0.0676149
166919:0.0676149
`
	words := "phrase item hashed s^p^\nw1 item hashed s^w^\nw2 item hashed s^w^\nother item hashed t^p^\nv1 item hashed t^w^\nv2 item hashed t^w^\n"
	// Of train-sets/ref/audit2.stdout: one against all others, whose three
	// predictors stand four apart.
	several := header("18", " --oaa 3 --quadratic ef", "1 3")
	for _, f := range []int{57420, 228992, 125152, 202096, 96492, 189984} {
		for predictor, w := range []string{"-0.0540374", "-0.0540374", "0.0540374"} {
			several += num(f+predictor) + ":" + w + "\n"
		}
	}
	for _, c := range []struct {
		name, model, columns string
		row                  map[string]string
		want                 []float64
	}{
		{"interactions", pairs, words, map[string]string{"phrase": "a_man", "w1": "a", "w2": "man", "other": "le_homme", "v1": "le", "v2": "homme"}, []float64{1.693874}},
		{"several predictors", several, "f1 item hashed f^\nf2 item hashed f^\nf3 item hashed f^\ne item hashed e^\n", map[string]string{"f1": "a", "f2": "c", "f3": "y", "e": "x"}, []float64{-0.324225, -0.324225, 0.324225}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := read(t, c.model, c.columns)
			f := frame(t, m, []map[string]string{c.row})
			if err := m.Scorer.Score(f); err != nil {
				t.Fatal(err)
			}
			for h, want := range c.want {
				if got := f.Mean(h)[0]; math.Abs(got-want) > 2e-6 {
					t.Errorf("predictor %d: %v, published is %v", h, got, want)
				}
			}
		})
	}
}

// TestPublishedNames holds hashes against names and indices that Vowpal Wabbit's own
// tests publish: a model of other names than its indices' is refused.
func TestPublishedNames(t *testing.T) {
	for _, c := range []struct{ name, options, columns, weights string }{
		{"a bandit", " --cb_adf --cb_explore_adf --cb_type mtr --csoaa_ldf multiline --csoaa_rank --quadratic AU",
			"user context hashed User^\naction item hashed Action^\n", "Action^e:210597:-1\nUser^a:25739:1\nAction^e*User^a:221492:1\nConstant:116060:-2\n"},
		{"one against all", " --oaa 3 --quadratic ef", "e item hashed e^\nf item hashed f^\n",
			"Constant:202096:1\nConstant[1]:202097:1\nConstant[2]:202098:1\ne^x:125152:1\nf^a[2]:57422:1\ne^x*f^a:96492:2\ne^x*f^a[1]:96493:1\n"},
		{"all within one namespace", " --oaa 3 --quadratic ::", "e1 item hashed e^\n", "e^x:125152:1\ne^x*e^x:28736:1\ne^x*e^x[2]:28738:1\n"},
		{"the default namespace", "", "", "emotion^happiness:196388:0.218491\nhappiness:143395:0.369249\nConstant:116060:0.651581\n"},
	} {
		text := header("18", c.options, "0 1") + c.weights
		if _, err := Read(strings.NewReader(text), modelfile.Options{Columns: c.columns}); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		lines := strings.Split(strings.TrimSpace(c.weights), "\n")
		for i, line := range lines {
			at := strings.LastIndexByte(line, ':') - 1
			other := "0"
			if line[at] == '0' {
				other = "4"
			}
			spoilt := slices.Clone(lines)
			spoilt[i] = line[:at] + other + line[at+1:]
			text := header("18", c.options, "0 1") + strings.Join(spoilt, "\n") + "\n"
			if _, err := Read(strings.NewReader(text), modelfile.Options{Columns: c.columns}); err == nil && !strings.Contains(c.options, "oaa") {
				t.Errorf("%s: %s is taken", c.name, spoilt[i])
			}
		}
	}
}
