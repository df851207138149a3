package condition_test

import (
	"encoding/json"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// maker makes random conditions, such as people may write, and documents.
type maker struct{ *rand.Rand }

func newMaker(seed uint64) maker { return maker{rand.New(rand.NewPCG(seed, 1))} }

func pick[T any](m maker, from ...T) T { return from[m.IntN(len(from))] }

func (m maker) some(most int, one func() any) []any {
	l := make([]any, m.IntN(most+1))
	for i := range l {
		l[i] = one()
	}
	return l
}

func (m maker) number() any { return pick[any](m, 0., 1., -1., 8., 10., 2.5, 1e21, 1e-7) }
func (m maker) text() any {
	return pick[any](m, "", "a", "b", "A", "ab", "É", "é", "8", " 7 ", "0x10", "1e3", "null", "a,b", "1.2.3", "1.2.3-rc.1", "v2.0", "1.10.0+b")
}

func (m maker) scalar() any {
	return pick(m, m.number, m.text, m.text, func() any { return pick[any](m, nil, true, false) })()
}

func (m maker) value(deep int) any {
	switch k := m.IntN(10); {
	case k < 6 || deep == 0:
		return m.scalar()
	case k < 9:
		return m.some(3, func() any { return m.value(deep - 1) })
	}
	o := map[string]any{"a": m.value(deep - 1)}
	o[pick(m, "b", "c")] = m.value(deep - 1)
	return o
}

func (m maker) document() map[string]any {
	d := map[string]any{}
	for _, key := range []string{"a", "b", "c", "d"} {
		if m.IntN(6) > 0 {
			d[key] = m.value(2)
		}
	}
	return d
}

func (m maker) operator(deep int) (string, any) {
	scalars := func() any { return m.some(4, m.scalar) }
	switch m.IntN(9) {
	case 0:
		return pick(m, "$eq", "$ne"), m.scalar()
	case 1:
		return pick(m, "$lt", "$lte", "$gt", "$gte"), pick(m, m.number, m.text)()
	case 2:
		return pick(m, "$veq", "$vne", "$vgt", "$vgte", "$vlt", "$vlte"), m.text()
	case 3:
		return pick(m, "$in", "$nin", "$ini", "$nini"), scalars()
	case 4:
		return pick(m, "$inGroup", "$notInGroup"), pick(m, "g", "h")
	case 5:
		return pick(m, "$regex", "$regexi"), pick(m, "^a", "b$", "[a-z]+", `\d`, "A", "^$", `\.`, "é")
	case 6:
		return "$type", pick(m, "null", "array", "string", "number", "boolean", "object")
	case 7:
		return "$exists", m.IntN(2) == 0
	}
	if deep == 0 {
		return "$size", float64(m.IntN(3))
	}
	switch m.IntN(4) {
	case 0:
		return "$all", m.some(2, func() any { return m.must(deep - 1) })
	case 1:
		return "$elemMatch", pick(m, m.operators, m.condition)(deep - 1)
	case 2:
		return "$size", m.operators(deep - 1)
	}
	return "$not", m.must(deep - 1)
}

func (m maker) operators(deep int) any {
	o := map[string]any{}
	for range 1 + m.IntN(2) {
		name, arg := m.operator(deep)
		o[name] = arg
	}
	return o
}

func (m maker) must(deep int) any {
	if m.IntN(3) > 0 {
		return m.operators(deep)
	}
	return m.value(1)
}

func (m maker) condition(deep int) any {
	o := map[string]any{}
	for range m.IntN(4) {
		switch k := m.IntN(8); {
		case k < 5 || deep == 0:
			o[pick(m, "a", "b", "c", "d", "a.b", "b.a", "c.0", "a.b.c", "c.length")] = m.must(deep)
		case k < 7:
			o[pick(m, "$and", "$or", "$nor")] = m.some(3, func() any { return m.condition(deep - 1) })
		default:
			o["$not"] = m.condition(deep - 1)
		}
	}
	return o
}

var groups = map[string]any{"g": []any{"a", "b", 1., 8.}, "h": []any{nil, true, "8", "É"}}

func inJSON(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func options(t testing.TB) condition.Options {
	o := condition.Options{Groups: map[string]condition.Value{}}
	for name, g := range groups {
		o.Groups[name] = decode(t, inJSON(t, g))
	}
	return o
}

// valuesOf are those of a document for the paths of c, but for what begins with
// one of the letters that are withheld.
func valuesOf(c *condition.Condition, document condition.Value, without string) []condition.Value {
	values := make([]condition.Value, len(c.Paths()))
	for i, p := range c.Paths() {
		if values[i] = document.Lookup(p); strings.Contains(without, p[:min(1, len(p))]) {
			values[i] = condition.Withhold()
		}
	}
	return values
}

func outcome(b bool) condition.Outcome {
	if b {
		return condition.True
	}
	return condition.False
}

// TestConditionsMeanWhatTheySay compares with the oracle, and the parts of each
// condition with the whole.
func TestConditionsMeanWhatTheySay(t *testing.T) {
	m, o, holds := newMaker(1), options(t), 0
	for range 20_000 {
		said, about := m.condition(3), m.document()
		c, document := parse(t, said, o), decode(t, inJSON(t, about))
		want := oracle(said, about, groups)
		if got := c.Eval(valuesOf(c, document, "")); got != outcome(want) {
			t.Fatalf("%s of %s is %v", inJSON(t, said), inJSON(t, about), got)
		}
		if want {
			holds++
		}
		for _, without := range []string{"", "a", "bc"} {
			checkSplit(t, c, document, without)
		}
	}
	if holds < 2000 || holds > 18_000 {
		t.Errorf("%d hold: the conditions say too little", holds)
	}
}

// parse reads as GrowthBook does what people may not write.
func parse(t *testing.T, said any, o condition.Options) *condition.Condition {
	c, err := condition.Parse(inJSON(t, said), o)
	if err != nil {
		for fault := range strings.SplitSeq(err.Error(), "\n") {
			if !foreseen.MatchString(fault) {
				t.Fatalf("%s: %s", inJSON(t, said), fault)
			}
		}
		o.Lenient = true
		c, err = condition.Parse(inJSON(t, said), o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var foreseen = regexp.MustCompile("is an empty map|mixes operators|unknown operator|put the .not outside")

func checkSplit(t *testing.T, c *condition.Condition, document condition.Value, without string) {
	t.Helper()
	isItem := func(p string) bool { return p != "" && p[0] <= 'b' }
	whole, least := c.Eval(valuesOf(c, document, without)), condition.True
	parts := c.Split(isItem)
	for _, part := range []*condition.Condition{parts.Item, parts.Request, parts.Mixed} {
		least = min(least, part.Eval(valuesOf(part, document, without)))
		if part.Always() && part.Eval(nil) != condition.True {
			t.Fatal("a part that demands nothing fails")
		}
	}
	if least != whole {
		t.Fatalf("in parts %v, whole %v", least, whole)
	}
	for _, p := range parts.Item.Paths() {
		if !isItem(p) {
			t.Fatalf("the part about items reads %s", p)
		}
	}
	for _, p := range parts.Request.Paths() {
		if isItem(p) {
			t.Fatalf("the part about the request reads %s", p)
		}
	}
}

// TestWithheldDecidesNothing: what may not be read makes no condition true or
// false that could be otherwise if it were read.
func TestWithheldDecidesNothing(t *testing.T) {
	m, o := newMaker(2), options(t)
	var seen [3]int
	for range 10_000 {
		said, about := m.condition(3), m.document()
		c := parse(t, said, o)
		without := pick(m, "a", "b", "ac", "bcd")
		got := c.Eval(valuesOf(c, decode(t, inJSON(t, about)), without))
		seen[got]++
		for range 10 {
			for _, key := range without {
				if delete(about, string(key)); m.IntN(4) > 0 {
					about[string(key)] = m.value(2)
				}
			}
			if want := outcome(oracle(said, about, groups)); got != condition.Withheld && got != want {
				t.Fatalf("%s is %v without %s, but %v of %s", inJSON(t, said), got, without, want, inJSON(t, about))
			}
		}
	}
	if min(seen[0], seen[1], seen[2]) < 500 {
		t.Error("too few of an outcome", seen)
	}
}
