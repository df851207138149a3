package item_test

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/wire"
)

var own = item.Options{}

// collect reads to the end: the rows that were taken and the errors between.
func collect[T any](rows iter.Seq2[T, error]) (good []T, bad []string) {
	for v, err := range rows {
		if err != nil {
			bad = append(bad, err.Error())
		} else {
			good = append(good, v)
		}
	}
	return good, bad
}

const itemsCSV = "\ufeff" + `id,scheme,title,description,brand,category,price,currency,tax_rate,cost,stock,safety_stock,status,location,image,url,colour,size
4006381333931,gtin,Marker,"Yellow, ""wide""
two lines",B,/office/pens/,399,EUR,0.19,150,3,2,hidden,A4,https://x/i.png,https://x,yellow,
plu-4011,own,Banana,,,,,,,,,,,,,,,
`

const itemsJSON = `{"id":"4006381333931","scheme":"gtin","title":"Marker","description":"Yellow, \"wide\"\ntwo lines","brand":"B","category":"office/pens","price":399,"currency":"EUR","tax_rate":0.19,"cost":150,"stock":3,"safety_stock":2,"status":"hidden","location":"A4","image":"https://x/i.png","url":"https://x","colour":"yellow","size":null}

{"title":"Banana","id":"plu-4011","scheme":"own"}`

func TestItems(t *testing.T) {
	want := []*wire.Item{{
		Id: "04006381333931", Scheme: "gtin", Title: "Marker", Description: "Yellow, \"wide\"\ntwo lines", Brand: "B", Category: "office/pens",
		Price: &wire.Money{Amount: 399, Currency: "EUR"}, TaxRate: 0.19, Cost: 150, CostKnown: true,
		Stock: 3, StockKnown: true, SafetyStock: 2, Status: "hidden", Location: "A4", Image: "https://x/i.png", Url: "https://x",
		Attributes: map[string]string{"colour": "yellow"},
	}, {Id: "plu-4011", Scheme: "own", Title: "Banana", Status: "active"}}
	for format, file := range map[item.Format]string{item.CSV: itemsCSV, item.NDJSON: itemsJSON} {
		got, bad := collect(item.Items(iotest.OneByteReader(strings.NewReader(file)), item.Options{Format: format}))
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || bad != nil {
			t.Errorf("%s: %v %s", format, bad, diff)
		}
	}
}

func TestCatalogueScheme(t *testing.T) {
	const file = "id\n4006381333931\n4006381333932\n"
	got, bad := collect(item.Items(strings.NewReader(file), item.Options{Scheme: item.GTIN}))
	if len(got) != 1 || got[0].Id != "04006381333931" || len(bad) != 1 {
		t.Errorf("%v, %v", got, bad)
	}
	if got, bad := collect(item.Items(strings.NewReader(file), own)); len(got) != 2 || got[1].Id != "4006381333932" {
		t.Errorf("%v, %v", got, bad)
	}
}

// A bad row is refused with its place, and those around it are read.
func TestRefusedRows(t *testing.T) {
	for row, want := range map[string]string{
		`,x,1,EUR,0,1,,`:                "line 3, column id: ",
		`b,x,-1,EUR,0,1,,`:              "line 3, column price: is no whole number from 0 to 1000000000000; write minor units, 399 for 3.99",
		`b,x,3.99,EUR,0,1,,`:            "line 3, column price: ",
		`b,x,1000000000001,EUR,0,1,,`:   "line 3, column price: ",
		`b,x,1,,0,1,,`:                  "line 3, column currency: ",
		`b,x,1,EURO,0,1,,`:              "line 3, column currency: ",
		`b,x,,XAU,0,1,,`:                "line 3, column currency: ",
		`b,x,1,EUR,19,1,,`:              "line 3, column tax_rate: is no number from 0 to 1; write 0.19 for 19 %",
		`b,x,1,EUR,-0.1,1,,`:            "line 3, column tax_rate: ",
		`b,x,1,EUR,NaN,1,,`:             "line 3, column tax_rate: ",
		`b,x,1,EUR,0,-1,,`:              "line 3, column cost: ",
		`b,x,1,EUR,0,1,3000000000,`:     "line 3, column stock: ",
		`b,x,1,EUR,0,1,,sold`:           "line 3, column status: is none of active, hidden, discontinued",
		"b,\xff,1,EUR,0,1,,":            "line 3, column title: is not UTF-8",
		`b,x,1,EUR,0,1,,,more`:          "line 3: the row has more or fewer values",
		`b,x`:                           "line 3: the row has more or fewer values",
		`b,x"y,1,EUR,0,1,,`:             "line 3: a quote is out of place",
		`b,"x"y,1,EUR,0,1,,`:            "line 3: a quote is out of place",
		`b,` + strings.Repeat("x", 300): "line 3: the row has more or fewer values",
	} {
		file := "id,title,price,currency,tax_rate,cost,stock,status\na,,,,,,,\n" + row + "\nz,,,,,,,\n"
		got, bad := collect(item.Items(strings.NewReader(file), own))
		if len(got) != 2 || got[0].Id != "a" || got[1].Id != "z" || len(bad) != 1 || !strings.HasPrefix(bad[0], want) {
			t.Errorf("%s: %v, %q", row, got, bad)
		}
	}
}

func TestRefusedObjects(t *testing.T) {
	for row, want := range map[string]string{
		`[]`:                     "line 2: the line is no JSON object",
		`{"id":"b"`:              "line 2: the object is not closed",
		`{"id":"b"} x`:           "line 2: something follows",
		`{"id":"b","id":"c"}`:    "line 2: a name is empty, written twice",
		`{"id":"b","":"c"}`:      "line 2: a name is empty",
		`{"id":{"x":1}}`:         "line 2, column id: write a text",
		`{"id":"b","t":[[]]}`:    "line 2, column t: a list holds texts",
		`{"id":"b","t":["a|b"]}`: "line 2, column t: a list holds texts",
		`{"id":"b","t":["a"`:     "line 2, column t: is no JSON",
		`{"id":"b","t":tru}`:     "line 2, column t: is no JSON",
		`{"id":"b","price":"x"}`: "line 2, column price: ",
		`{"id":"b","price":1e2}`: "line 2, column price: ",
		`{"title":"b"}`:          "line 2, column id: ",
		"{\"id\":\"\xff\"}":      "line 2: the line is not UTF-8",
		`{"id":"` + strings.Repeat("x", item.MaxRow) + `"}`: "line 2: the line is longer than 65536 bytes",
	} {
		file := "{\"id\":\"a\"}\n" + row + "\n{\"id\":\"z\"}\n"
		got, bad := collect(item.Items(strings.NewReader(file), item.Options{Format: item.NDJSON}))
		if len(got) != 2 || got[0].Id != "a" || got[1].Id != "z" || len(bad) != 1 || !strings.HasPrefix(bad[0], want) {
			t.Errorf("%.60s: %v, %.200q", row, got, bad)
		}
	}
}

// A file that can't be read to its end says so once, after what it held.
func TestFatal(t *testing.T) {
	broken := errors.New("disk on fire")
	wide := "id" + strings.Repeat(",x", 300)
	for name, c := range map[string]struct {
		r    io.Reader
		o    item.Options
		good int
		want string
	}{
		"empty":         {strings.NewReader(""), own, 0, "is empty; name the columns in the first line"},
		"no id":         {strings.NewReader("a,b\n1,2\n"), own, 0, "no column id"},
		"twice":         {strings.NewReader("id,a,a\n1,2,3\n"), own, 0, "named twice"},
		"no text":       {strings.NewReader("id,\xff\n1,2\n"), own, 0, "not UTF-8"},
		"unnamed":       {strings.NewReader("id,,a\n1,2,3\n"), own, 0, "unnamed"},
		"too wide":      {strings.NewReader(wide), own, 0, "more than 256 columns"},
		"format":        {strings.NewReader("id\n"), item.Options{Format: "xml"}, 0, `use csv or ndjson`},
		"open quote":    {io.MultiReader(strings.NewReader("id\na\n\""), forever{}), own, 1, "quote that is not closed"},
		"broken":        {io.MultiReader(strings.NewReader("id\na\n"), iotest.ErrReader(broken)), own, 1, "disk on fire"},
		"broken ndjson": {io.MultiReader(strings.NewReader("{\"id\":\"a\"}\n"), iotest.ErrReader(broken)), item.Options{Format: item.NDJSON}, 1, "disk on fire"},
	} {
		got, bad := collect(item.Items(c.r, c.o))
		if len(got) != c.good || len(bad) != 1 || !strings.Contains(bad[0], c.want) {
			t.Errorf("%s: %v, %q", name, got, bad)
		}
	}
}

// forever is a file without an end.
type forever struct{}

func (forever) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestStopsWhenAsked(t *testing.T) {
	for range item.Items(io.MultiReader(strings.NewReader("id\na\nb\n"), iotest.ErrReader(errors.New("read on"))), own) {
		break
	}
}

func TestStock(t *testing.T) {
	got, bad := collect(item.Stock(strings.NewReader("id,on_hand,as_of\na,2,2026-01-01T01:00:00+01:00\nb,7,\nc,,\nd,1,yesterday\ne,-1,\n"), own))
	want := []*wire.StockCount{{Item: "a", OnHand: 2, AsOfMs: 1_767_225_600_000}, {Item: "b", OnHand: 7}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || len(bad) != 3 ||
		bad[0] != "line 4, column on_hand: is missing; write the count" || !strings.HasPrefix(bad[1], "line 5, column as_of: ") ||
		bad[2] != "line 6, column on_hand: is no whole number from 0 to 2147483647; write what is there, and send sales as movements" {
		t.Errorf("%v %s", bad, diff)
	}
	// A column that the file has not is told of once, not for each row.
	if _, bad := collect(item.Stock(strings.NewReader("id,onhand\na,1\nb,2\n"), own)); len(bad) != 1 || !strings.HasPrefix(bad[0], "header line: column onhand: ") {
		t.Error(bad)
	}
	ndjson := strings.NewReader(`{"id":"a","on_hand":1}` + "\n" + `{"id":"b","onhand":2}`)
	if got, bad := collect(item.Stock(ndjson, item.Options{Format: item.NDJSON, Scheme: item.Own})); len(got) != 1 || len(bad) == 0 || !strings.Contains(bad[0], "column onhand: ") {
		t.Error(got, bad)
	}
}

func TestOffers(t *testing.T) {
	const file = `id,title,kind,target,slot,price,percent,currency,starts,ends,budget,pacing,per_person_cap,cadence,priority,stack,condition,status
o1,Pens,items,4006381333931|96385074,home_hero,299,,EUR,2026-01-01T00:00:00Z,2026-01-02T00:00:00Z,5000,even,2,repeating:7d,-1,yes,"{""context.weather"": ""rain""}",
o2,Office,category,office/,,,12.5,,,,,,,,,,,paused
o3,Nothing,category,office/,,,12.5,,,,0,none,,ad_hoc,,no,,draft
`
	got, bad := collect(item.Offers(strings.NewReader(file), item.Options{Scheme: item.GTIN}))
	want := []*wire.Offer{{
		Id: "o1", Title: "Pens", Kind: "items", Target: "04006381333931|00000096385074", Slot: "home_hero", Price: &wire.Money{Amount: 299, Currency: "EUR"},
		StartsMs: 1_767_225_600_000, EndsMs: 1_767_312_000_000, Budget: 5000, Budgeted: true, Pacing: "even", PerPersonCap: 2, Cadence: "repeating:7d", Priority: -1, Stack: true,
		Condition: `{"context.weather": "rain"}`, Status: "active",
	}, {Id: "o2", Title: "Office", Kind: "category", Target: "office", Percent: 12.5, Pacing: "none", Status: "paused"},
		{Id: "o3", Title: "Nothing", Kind: "category", Target: "office", Percent: 12.5, Budgeted: true, Pacing: "none", Cadence: "ad_hoc", Status: "draft"}}
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || bad != nil {
		t.Errorf("%v %s", bad, diff)
	}
	if ids := item.Targets(got[0]); len(ids) != 2 || ids[1] != "00000096385074" || item.Targets(got[1]) != nil {
		t.Errorf("targets %v", ids)
	}

	_, bad = collect(item.Offers(strings.NewReader(file), item.Options{Scheme: item.GTIN, Offer: func(o *wire.Offer) error {
		return map[string]error{"o1": &item.RowError{Column: "condition", Problem: "is odd"}, "o3": errors.New("is odder")}[o.Id]
	}}))
	if want := []string{"line 2, column condition: is odd", "line 4: is odder"}; !slices.Equal(bad, want) {
		t.Errorf("what somebody else found: %q", bad)
	}

	for row, want := range map[string]string{
		"o,items,a,,,EUR,,":   "column price: and percent: write exactly one",
		"o,items,a,1,5,EUR,,": "column price: and percent: write exactly one",
		"o,items,a,,101,,,":   "column percent: ",
		"o,items,a,,0,,,":     "column percent: is nothing off; write a number above 0",
		"o,category,/,,5,,,":  "column target: is missing; name the category",
		"o,items,,,5,,,":      "column target: ",
		"o,items,a||b,,5,,,":  "column target: ",
		"o,brand,,,5,,,":      "column target: is missing; name the brand",
		"o,shop,a,,5,,,":      "column kind: ",
		"o,brand,a,,5,,2026-01-02T00:00:00Z,2026-01-02T00:00:00Z": "column ends: ",
	} {
		_, bad := collect(item.Offers(strings.NewReader("id,kind,target,price,percent,currency,starts,ends\n"+row), own))
		if len(bad) != 1 || !strings.Contains(bad[0], want) {
			t.Errorf("%s: %q", row, bad)
		}
	}
}

func TestProfiles(t *testing.T) {
	want := []*item.Profile{
		{ID: "p 1", Purposes: []wire.Purpose{wire.ProfileBuilding, wire.PersonalisedOffers}, ConsentAtMs: 1_767_225_600_000, ConsentVersion: 3,
			Household: "h1", Fields: map[string]string{"taste": "sweet|salty"}},
		{ID: "p2"},
	}
	for format, file := range map[item.Format]string{
		item.CSV: "id,purposes,consent_at,consent_version,household,taste\n" +
			"p 1,profile_building|personalised_offers,2026-01-01T00:00:00Z,3,h1,sweet|salty\np2,,,,,\n",
		item.NDJSON: `{"id":"p 1","purposes":["profile_building","personalised_offers"],"consent_at":"2026-01-01T00:00:00Z","consent_version":3,"household":"h1","taste":["sweet","salty"]}
			{"id":"p2"}`,
	} {
		got, bad := collect(item.Profiles(strings.NewReader(file), item.Options{Format: format}))
		if diff := cmp.Diff(want, got); diff != "" || bad != nil {
			t.Errorf("%s: %v %s", format, bad, diff)
		}
	}
	for _, row := range []string{"p,measurement,,", "p,measurement,2026-01-01T00:00:00Z,", "p,measurement,,1", "p,spying,2026-01-01T00:00:00Z,1", "p,,,0"} {
		if got, bad := collect(item.Profiles(strings.NewReader("id,purposes,consent_at,consent_version\n"+row), own)); len(bad) != 1 || len(got) != 0 {
			t.Errorf("%s: %v, %v", row, got, bad)
		}
	}
}

// No value of a row is ever part of an error: it could be a person's.
func TestErrorsHoldNoValue(t *testing.T) {
	for _, file := range []string{
		"id,purposes,consent_at,consent_version\np,planted,planted,planted\n",
		"id,purposes,consent_at,consent_version\np,,planted,\n",
		"id,purposes,consent_at,consent_version\np,,,planted\n",
		"id,taste\np,planted\xff\n", "id,taste\nplanted\x00,a\n", "id,taste\np,pl\"anted\n", "id,taste\np,planted,planted\n",
	} {
		if _, bad := collect(item.Profiles(strings.NewReader(file), own)); len(bad) != 1 || strings.Contains(bad[0], "planted") {
			t.Errorf("%q: %q", file, bad)
		}
	}
	for _, line := range []string{`{"id":"p","t":planted}`, `{"id":"p","t":["planted|"]}`, `planted`, `{"id":"p"}planted`, `{"id":"p","t":"planted"`, `{"id":"p","purposes":"planted"}`} {
		if _, bad := collect(item.Profiles(strings.NewReader(line), item.Options{Format: item.NDJSON})); len(bad) != 1 || strings.Contains(bad[0], "planted") {
			t.Errorf("%q: %q", line, bad)
		}
	}
}

// Whatever is taken fits a record.
func TestLongestRowFitsARecord(t *testing.T) {
	var names, values strings.Builder
	fmt.Fprint(&names, "id")
	fmt.Fprint(&values, "x")
	for i := range 255 {
		fmt.Fprintf(&names, ",%0250d", i)
		fmt.Fprintf(&values, ",%0250d", i)
	}
	got, bad := collect(item.Items(strings.NewReader(names.String()+"\n"+values.String()), own))
	if len(got) != 1 {
		t.Fatal(bad)
	}
	if _, err := wire.Append(nil, &wire.Record{Body: &wire.Record_Item{Item: got[0]}}); err != nil {
		t.Error(err)
	}
}

// No bytes make a reader fail in another way than it says, and what it yields
// is what a record may hold.
func FuzzItems(f *testing.F) {
	f.Add([]byte(itemsCSV), false)
	f.Add([]byte(itemsJSON), true)
	f.Fuzz(func(t *testing.T, b []byte, ndjson bool) {
		o := item.Options{Scheme: item.GTIN}
		if ndjson {
			o.Format = item.NDJSON
		}
		ended := false
		for it, err := range item.Items(strings.NewReader(string(b)), o) {
			var row *item.RowError
			switch {
			case ended:
				t.Fatal("goes on after its last error")
			case err != nil:
				ended = !errors.As(err, &row)
			case it.Id == "" || it.Price != nil && it.Price.Amount < 0 || it.TaxRate < 0 || it.TaxRate > 1:
				t.Fatalf("takes %v", it)
			default:
				if _, err := proto.Marshal(it); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func FuzzProfiles(f *testing.F) {
	f.Add([]byte("id,purposes,consent_at,consent_version,household,taste\np,measurement,2026-01-01T00:00:00Z,3,h1,sweet\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for p, err := range item.Profiles(strings.NewReader(string(b)), own) {
			if err == nil && len(p.Purposes) > 0 && (p.ConsentAtMs == 0 || p.ConsentVersion == 0) {
				t.Fatalf("takes %v", p)
			}
		}
		for range item.Offers(strings.NewReader(string(b)), own) {
		}
		for range item.Stock(strings.NewReader(string(b)), own) {
		}
	})
}

func benchmarkItems(b *testing.B, format item.Format, header, row string) {
	const n = 1000
	file := header + strings.Repeat(row, n)
	b.SetBytes(int64(len(file)))
	for b.Loop() {
		good, bad := collect(item.Items(strings.NewReader(file), item.Options{Format: format}))
		if len(good) != n {
			b.Fatal(bad)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/row")
}

func BenchmarkItemsCSV(b *testing.B) {
	header, row, _ := strings.Cut(strings.ReplaceAll(strings.TrimPrefix(itemsCSV, "\ufeff"), "\ntwo lines", ""), "\n")
	row, _, _ = strings.Cut(row, "\n")
	benchmarkItems(b, item.CSV, header+"\n", row+"\n")
}

func BenchmarkItemsNDJSON(b *testing.B) {
	row, _, _ := strings.Cut(itemsJSON, "\n")
	benchmarkItems(b, item.NDJSON, "", row+"\n")
}
