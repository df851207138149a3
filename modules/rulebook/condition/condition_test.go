package condition_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/modules/bitmap"
	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

func mustParse(t testing.TB, said string) *condition.Condition {
	t.Helper()
	c, err := condition.Parse([]byte(said), options(t))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestNothingFollowsFromWhatIsWithheld tries each operator and its negation.
func TestNothingFollowsFromWhatIsWithheld(t *testing.T) {
	operators := []string{`{"$eq":"vegan"}`, `{"$ne":"vegan"}`, `{"$in":["vegan"]}`, `{"$nin":["vegan"]}`, `{"$ini":["vegan"]}`,
		`{"$nini":["vegan"]}`, `{"$inGroup":"g"}`, `{"$notInGroup":"g"}`, `{"$lt":1}`, `{"$lte":1}`, `{"$gt":-1}`, `{"$gte":-1}`,
		`{"$exists":true}`, `{"$exists":false}`, `{"$type":"null"}`, `{"$type":"string"}`, `{"$regex":"."}`, `{"$regexi":"."}`,
		`{"$all":[]}`, `{"$alli":["a"]}`, `{"$elemMatch":{"$eq":1}}`, `{"$size":0}`, `{"$veq":"1"}`, `{"$vne":"1"}`, `{"$vlt":"1"}`,
		`{"$vlte":"1"}`, `{"$vgt":"1"}`, `{"$vgte":"1"}`, `{"$not":{"$eq":"vegan"}}`, `null`, `"vegan"`, `0`, `false`, `["vegan"]`}
	for _, op := range operators {
		for _, form := range []string{`{"profile.diet":%s}`, `{"$not":{"profile.diet":%s}}`, `{"$nor":[{"profile.diet":%s}]}`, `{"$or":[{"profile.diet":%s},{"b":2}]}`} {
			c := mustParse(t, fmt.Sprintf(form, op))
			values := []condition.Value{condition.Withhold(), condition.Number(1)}
			if got := c.Eval(values[:len(c.Paths())]); got != condition.Withheld {
				t.Errorf("%s is %v", fmt.Sprintf(form, op), got)
			}
		}
	}
}

// TestWithheldIsNotHiddenInside: neither a list nor an object lets what it may not
// show pass for something that is not there.
func TestWithheldIsNotHiddenInside(t *testing.T) {
	for _, v := range []condition.Value{
		condition.List([]condition.Value{condition.Text("a"), condition.Withhold()}),
		condition.Object([]string{"diet"}, []condition.Value{condition.Withhold()}),
		condition.Object([]string{"diet"}, []condition.Value{condition.Withhold()}).Lookup("diet"),
		condition.Withhold().Lookup("diet.since"),
	} {
		if got := mustParse(t, `{"a":{"$nin":["vegan"]}}`).Eval([]condition.Value{v}); got != condition.Withheld {
			t.Errorf("%v of %v", got, v)
		}
	}
}

// TestWithheldLeavesTheRest: what holds or fails without it does so.
func TestWithheldLeavesTheRest(t *testing.T) {
	values := []condition.Value{condition.Withhold(), condition.Number(2)}
	for said, want := range map[string]condition.Outcome{
		`{"$or":[{"diet":"vegan"},{"b":2}]}`:        condition.True,
		`{"diet":"vegan","b":2}`:                    condition.Withheld,
		`{"diet":"vegan","b":3}`:                    condition.False,
		`{"$nor":[{"diet":"vegan"},{"b":2}]}`:       condition.False,
		`{"$not":{"diet":{"$ne":"vegan"},"b":3}}`:   condition.True,
		`{"$not":{"diet":{"$exists":false},"b":2}}`: condition.Withheld,
	} {
		c, err := condition.Parse([]byte(said), condition.Options{Lenient: true})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Eval(values); got != want {
			t.Errorf("%s is %v, want %v", said, got, want)
		}
	}
}

// TestFaultsSayWhatToWrite: what people write must be known in all its words.
func TestFaultsSayWhatToWrite(t *testing.T) {
	for said, want := range map[string]string{
		`{"a":{"$regx":"x"}}`:                                  `a.$regx: unknown operator "$regx"; known here are $eq $ne $lt `,
		`{"$xor":[]}`:                                          `$xor: unknown operator "$xor"; known here are $and $or $nor $not`,
		`{"a":{"$elemMatch":{"$or":[{"b":1}]}}}`:               `a.$elemMatch.$or: unknown operator`,
		`{"$or":[{},{"a":{"$regex":"x("}}]}`:                   `$or[1].a.$regex: is no RE2 pattern: missing closing )`,
		`{"a":{"$regex":"(?=x)"}}`:                             `is no RE2 pattern`,
		`{"a":{"$regex":"(x{30}){30}"}}`:                       `instructions; repeat less`,
		`{"a":{"$regex":"` + strings.Repeat("x", 257):          `is not whole`,
		`{"a":{"$regexi":"` + strings.Repeat("x", 257) + `"}}`: `more than 256 bytes`,
		`{"a":{"$in":"x"}}`:                                    `a.$in: needs a list`,
		`{"a":{"$nin":[["x"]]}}`:                               `a.$nin: needs a list of single values`,
		`{"a":{"$eq":["x"]}}`:                                  `a.$eq: compares with a single value`,
		`{"a":{"$lt":true}}`:                                   `a.$lt: orders by a number or a text`,
		`{"a":{"$vlt":1.1}}`:                                   `a.$vlt: needs a version as a text`,
		`{"a":{"$exists":1}}`:                                  `a.$exists: needs true or false`,
		`{"a":{"$type":"text"}}`:                               `a.$type: needs one of null,`,
		`{"a":{"$size":"2"}}`:                                  `a.$size: needs a number`,
		`{"a":{"$inGroup":"none"}}`:                            `a.$inGroup: there is no group "none"`,
		`{"$savedGroup":{"id":"none"}}`:                        `$savedGroup: there is no group "none"`,
		`{"$savedGroup":"g"}`:                                  `$savedGroup: needs {"id"`,
		`{"$savedGroup":{"id":"g"}}`:                           `neither a condition nor a list with an attributeKey`,
		`{"a":{"$gt":1,"b":2}}`:                                `a: mixes operators with names`,
		`{"a":{"$not":{"b":2}}}`:                               `a.$not: needs a value or operators`,
		`{"a":{}}`:                                             `a: is an empty map`,
		`{"a..b":1}`:                                           `a..b: is no path`,
		`{"$and":{"a":1}}`:                                     `$and: must be a list of conditions`,
		`{"$not":[{"a":1}]}`:                                   `$not: must be a map`,
		`[]`:                                                   `condition: must be a map`,
		`{"a":1,"a":2}`:                                        `"a" is there twice`,
		`{"a":1} x`:                                            `has something after`,
		`{"a":`:                                                `is not whole`,
		"{\"a\":\"\xff\"}":                                     `is not UTF-8`,
		strings.Repeat(`{"$not":`, 40) + `{}` + strings.Repeat(`}`, 40): `nests deeper than 32`,
		`{"a":{"$in":[` + strings.Repeat(`1,`, 5000) + `1]}}`:           `more than 4096 values`,
		`{"a":{"$in":[` + strings.Repeat(`1,`, 17_000) + `1]}}`:         `larger than 32768 bytes`,
	} {
		_, err := condition.Parse([]byte(said), options(t))
		var faults condition.Faults
		if !errors.As(err, &faults) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %s", said, err, want)
		}
	}
}

// TestAllFaultsAtOnce: nobody mends a condition one error at a time.
func TestAllFaultsAtOnce(t *testing.T) {
	_, err := condition.Parse([]byte(`{"a":{"$regx":1},"$or":[{"b":{"$in":1}}],"c":{"$size":[]}}`), condition.Options{})
	var got []string
	for _, f := range err.(condition.Faults) {
		got = append(got, f.Path)
	}
	if diff := cmp.Diff([]string{"a.$regx", "$or[0].b.$in", "c.$size"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestGroups: values and conditions by name, wherever they are used.
func TestGroups(t *testing.T) {
	groups := map[string]condition.Value{}
	for name, said := range map[string]string{
		"staff": `{"type":"list","attributeKey":"id","values":["a",2]}`,
		"adult": `{"type":"condition","condition":{"age":{"$gte":18}}}`,
		"both":  `{"type":"condition","condition":{"$or":[{"$savedGroup":{"id":"staff"}},{"$savedGroup":{"id":"adult"}}]}}`,
		"self":  `{"type":"condition","condition":{"$not":{"$savedGroup":{"id":"self"}}}}`,
	} {
		groups[name] = decode(t, []byte(said))
	}
	for _, c := range []struct {
		said, about string
		want        bool
	}{
		{`{"$savedGroup":{"id":"staff"}}`, `{"id":"a"}`, true},
		{`{"$savedGroup":{"id":"staff"}}`, `{"id":"b"}`, false},
		{`{"$savedGroup":{"id":"staff","attributeKey":"other"}}`, `{"id":"a","other":"b"}`, false},
		{`{"$savedGroup":{"id":"both"}}`, `{"id":"b","age":18}`, true},
		{`{"$not":{"$savedGroup":{"id":"both"}}}`, `{"id":"b","age":17}`, true},
		{`{"list":{"$elemMatch":{"$savedGroup":{"id":"adult"},"x":1}}}`, `{"list":[{"x":1,"age":3},{"x":1,"age":30}]}`, true},
		{`{"list":{"$elemMatch":{"$savedGroup":{"id":"adult"},"x":1}}}`, `{"list":[{"x":1,"age":3},{"x":2,"age":30}],"age":30}`, false},
		{`{"id":{"$inGroup":"staff"}}`, `{"id":2}`, true},
	} {
		parsed, err := condition.Parse([]byte(c.said), condition.Options{Groups: groups})
		if err != nil {
			t.Fatal(err)
		}
		if got := of(parsed, decode(t, []byte(c.about))); got != outcome(c.want) {
			t.Errorf("%s of %s is %v", c.said, c.about, got)
		}
	}
	_, err := condition.Parse([]byte(`{"$savedGroup":{"id":"self"}}`), condition.Options{Groups: groups})
	if err == nil || !strings.Contains(err.Error(), `"self" contains itself`) {
		t.Error(err)
	}
}

// TestGroupsDoNotMultiply: a group that names another twice, which names another
// twice and so on, ends at the limits.
func TestGroupsDoNotMultiply(t *testing.T) {
	groups := map[string]condition.Value{"g20": decode(t, []byte(`{"type":"condition","condition":{"a":1}}`))}
	for i := range 20 {
		next := fmt.Sprintf(`{"$savedGroup":{"id":"g%d"}}`, i+1)
		groups[fmt.Sprint("g", i)] = decode(t, fmt.Appendf(nil, `{"type":"condition","condition":{"$or":[%s,%s]}}`, next, next))
	}
	_, err := condition.Parse([]byte(`{"$savedGroup":{"id":"g0"}}`), condition.Options{Groups: groups, Lenient: true})
	if err == nil || !strings.Contains(err.Error(), "more than 4096 values") {
		t.Error(err)
	}
}

// TestOrderOfTextsIsJavaScripts: by UTF-16 units, not by bytes.
func TestOrderOfTextsIsJavaScripts(t *testing.T) {
	c := mustParse(t, `{"a":{"$lt":"\uff5e"}}`)
	for s, want := range map[string]bool{"\U0001F600": true, "\uff5e": false, "": true, "\uffee": false, "\uff5ea": false, "é": true, "\ud7ff": true} {
		if got := c.Eval([]condition.Value{condition.Text(s)}); got != outcome(want) {
			t.Errorf("%q is %v", s, got)
		}
	}
}

func TestPaths(t *testing.T) {
	c := mustParse(t, `{"a":1,"$or":[{"b.c":2,"a":3},{"$not":{"d":{"$elemMatch":{"e":1}}}}],"$nor":[{"a":2}]}`)
	if diff := cmp.Diff([]string{"a", "b.c", "d"}, c.Paths()); diff != "" {
		t.Error(diff)
	}
	if !mustParse(t, `{"$and":[{},{"$or":[]}]}`).Always() {
		t.Error("what demands nothing does not always hold")
	}
}

// TestColumnsAgreeWithItems: by dictionary or by item, the same items are kept.
func TestColumnsAgreeWithItems(t *testing.T) {
	m, o, kept := newMaker(3), options(t), 0
	for range 500 {
		const items = 200
		c := parse(t, m.condition(2), o)
		columns := make([]condition.Column, len(c.Paths()))
		at := make([][]condition.Value, len(columns))
		for i := range columns {
			columns[i], at[i] = m.column(t, items)
		}
		before := bitmap.New(items)
		for i := range items {
			if m.IntN(4) > 0 {
				before.Set(i)
			}
		}
		after := append(bitmap.Bits(nil), before...)
		c.Keep(after, columns)
		for i := range items {
			values := make([]condition.Value, len(columns))
			for p := range values {
				values[p] = at[p][i]
			}
			if after.Has(i) != (before.Has(i) && c.Eval(values) == condition.True) {
				t.Fatalf("item %d of %v", i, values)
			}
		}
		kept += after.Count()
	}
	if kept == 0 {
		t.Error("nothing is ever kept")
	}
}

// column is one of texts or of any values, and the same item by item.
func (m maker) column(t *testing.T, items int) (condition.Column, []condition.Value) {
	at := make([]condition.Value, items)
	if m.IntN(2) == 0 {
		for i := range at {
			at[i] = decode(t, inJSON(t, m.value(1)))
		}
		return condition.Column{At: func(i int) condition.Value { return at[i] }}, at
	}
	c := condition.Column{IDs: make([]uint32, items), Names: []string{"", "a", "b", "8", "1.2.3"}}
	for i := range at {
		id := m.IntN(len(c.Names))
		if c.IDs[i] = uint32(id); id > 0 { // the empty one is missing
			at[i] = condition.Text(c.Names[id])
		}
	}
	return c, at
}
