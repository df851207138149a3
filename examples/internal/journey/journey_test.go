package journey

import (
	"bytes"
	"compress/gzip"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aisle-edge/aisle/sync/item"
)

const (
	transactionsHeader = "household_id,store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,coupon_match_disc,week,transaction_timestamp\n"
	transactions       = `h2,s1,b3,milk,1,1.50,0.50,0,0,2,2017-01-09 10:00:00
h1,s1,b1,milk,2,4.00,0,0,0,1,2017-01-02 09:00:00
h1,s2,b2,bread,1,1.00,0,0.50,0.25,2,2017-01-09 08:00:00
h1,s1,b1,ghost,1,9.00,0,0,0,1,2017-01-02 09:00:00
h1,s1,b1,bread,1,1.25,0,0,0,1,2017-01-02 09:00:00
h1,s2,b2,bag,0,0,0,0,0,2,2017-01-09 08:00:00
h3,s1,b4,milk,one,1.50,0,0,0,2,2017-01-09 10:00:00
h3,s1,b4,milk,1,-1.50,0,0,0,2,2017-01-09 10:00:00
h3,s1,b4,milk,1,1.50,0,0,0,999999,2017-01-09 10:00:00
h3,s1,b4,milk,1,1.50,0,0,0,2,yesterday
h3,s1,,milk,1,1.50,0,0,0,2,2017-01-09 10:00:00
h3,s1,b4,milk,1
`
)

func small() map[string]string {
	return map[string]string{
		"transactions_sample.csv": transactionsHeader + transactions,
		"products.csv": `product_id,manufacturer_id,department,brand,product_category,product_type,package_size
milk,1,GROCERY,Private,FLUID MILK,"MILK, WHOLE",1 GA
bread,2,PASTRY,National,BREAD/ROLLS,RYE,
bag,3,MISC,National,,,
never,3,MISC,National,,,
`,
		"demographics.csv":          "household_id,age,income,household_size\nh1,45-54,50-74K,2\nstranger,1,2,3\n",
		"campaign_descriptions.csv": "campaign_id,start_date,end_date\nc1,2017-01-05,2017-01-09\nc2,soon,2017-01-09\n",
		"campaigns.csv":             "campaign_id,household_id\nc1,h1\nc9,h1\n",
		"coupons.csv":               "coupon_upc,product_id,campaign_id\n1,milk,c1\n2,ghost,c1\n3,bread,c9\n",
	}
}

func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func opened(t *testing.T, dir string) *Data {
	t.Helper()
	spill := t.TempDir()
	d, err := Open(dir, Options{Spill: spill})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := os.ReadDir(spill); len(left) > 0 {
			t.Errorf("Close left %v", left)
		}
	})
	return d
}

func baskets(t *testing.T, d *Data) []Basket {
	t.Helper()
	var list []Basket
	for b, err := range d.Baskets() {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, b)
	}
	return list
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func at(s string) time.Time {
	v, err := time.Parse(time.DateTime, s)
	if err != nil {
		panic(err)
	}
	return v
}

func TestBasketsInOrderOfWeeks(t *testing.T) {
	d := opened(t, folder(t, small()))
	want := []Basket{
		{"b1", "h1", "s1", 1, at("2017-01-02 09:00:00"), []Line{{"bread", true, 1, 125, false}, {"ghost", false, 1, 900, false}, {"milk", true, 2, 400, false}}},
		{"b2", "h1", "s2", 2, at("2017-01-09 08:00:00"), []Line{{"bag", false, 0, 0, false}, {"bread", true, 1, 100, true}}},
		{"b3", "h2", "s1", 2, at("2017-01-09 10:00:00"), []Line{{"milk", true, 1, 150, false}}},
	}
	if diff := cmp.Diff(want, baskets(t, d)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{1, 2}, d.Weeks()); diff != "" {
		t.Error(diff)
	}
	counts := Counts{
		Rows:     map[string]int{"transactions": 11, "products": 4, "demographics": 2, "campaign_descriptions": 2, "campaigns": 2, "coupons": 3},
		Skipped:  map[string]int{"transactions": 6, "campaign_descriptions": 1},
		Dangling: map[string]int{"transactions.product_id": 1, "campaigns.campaign_id": 1, "coupons.campaign_id": 1, "coupons.product_id": 1},
	}
	if diff := cmp.Diff(counts, d.Counts()); diff != "" {
		t.Error(diff)
	}
	goods := []Item{
		{"bread", "Rye", "National", "pastry/bread-rolls", 125, 0, 2},
		{"milk", "Milk, whole 1 ga", "Private", "grocery/fluid milk", 200, 0, 2},
	}
	if diff := cmp.Diff(goods, d.Items(), cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Cost" }, cmp.Ignore())); diff != "" {
		t.Error(diff)
	}
}

// TestRowsInAnyOrder: the files say nothing by their order.
func TestRowsInAnyOrder(t *testing.T) {
	want := baskets(t, opened(t, folder(t, small())))
	rows := strings.SplitAfter(transactions, "\n")
	r := rand.New(rand.NewPCG(1, 1))
	for range 20 {
		r.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		files := small()
		files["transactions_sample.csv"] = transactionsHeader + strings.Join(rows, "")
		if diff := cmp.Diff(want, baskets(t, opened(t, folder(t, files)))); diff != "" {
			t.Fatal(diff)
		}
	}
}

func TestWholeTableBeforeSample(t *testing.T) {
	files := small()
	files["transactions.csv.gz"] = zipped(t, transactionsHeader+"h1,s1,b1,milk,1,1,0,0,0,7,2017-01-02 09:00:00\n")
	for _, optional := range []string{"demographics.csv", "campaign_descriptions.csv", "campaigns.csv", "coupons.csv"} {
		delete(files, optional)
	}
	d := opened(t, folder(t, files))
	if got := d.Weeks(); len(got) != 1 || got[0] != 7 {
		t.Errorf("weeks %v", got)
	}
	if d.Coupon("h1", "milk", at("2017-01-06 00:00:00")) {
		t.Error("a coupon without a table of coupons")
	}
}

func TestCoupons(t *testing.T) {
	d := opened(t, folder(t, small()))
	for when, want := range map[string]bool{"2017-01-04 23:59:59": false, "2017-01-05 00:00:00": true, "2017-01-09 23:59:59": true, "2017-01-10 00:00:00": false} {
		if d.Coupon("h1", "milk", at(when)) != want {
			t.Errorf("at %s: %v", when, !want)
		}
	}
	if d.Coupon("h2", "milk", at("2017-01-06 00:00:00")) || d.Coupon("h1", "bread", at("2017-01-06 00:00:00")) {
		t.Error("a coupon for somebody or something else")
	}
}

func TestRangeIsBounded(t *testing.T) {
	d, err := Open(folder(t, small()), Options{Range: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if len(d.Items()) != 1 || d.Counts().LeftOut != 1 {
		t.Errorf("%d items, %d left out", len(d.Items()), d.Counts().LeftOut)
	}
	for _, b := range baskets(t, d) {
		for _, l := range b.Lines {
			if l.Known != (l.Product == "bread") {
				t.Errorf("%s known: %v", l.Product, l.Known)
			}
		}
	}
}

func TestBadFolders(t *testing.T) {
	cut := zipped(t, transactionsHeader+strings.Repeat(transactions, 1000))
	for name, c := range map[string]struct {
		damage func(map[string]string)
		is     error
		says   string
	}{
		"no transactions": {func(f map[string]string) { delete(f, "transactions_sample.csv") }, ErrNoFile, "name the folder"},
		"no products":     {func(f map[string]string) { delete(f, "products.csv") }, ErrNoFile, "name the folder"},
		"no column": {func(f map[string]string) { f["products.csv"] = "product_id,department\n" }, nil,
			"there is no column product_category"},
		"an empty file":   {func(f map[string]string) { f["products.csv"] = "" }, nil, "copy the file again"},
		"no usable row":   {func(f map[string]string) { f["transactions_sample.csv"] = transactionsHeader }, nil, "without a row"},
		"not gzip at all": {func(f map[string]string) { f["transactions.csv.gz"] = "household_id,store_id" }, nil, "copy the file again"},
		"cut in two":      {func(f map[string]string) { f["transactions.csv.gz"] = cut[:len(cut)/2] }, nil, "copy the file again"},
		"an endless row": {func(f map[string]string) {
			f["transactions_sample.csv"] = transactionsHeader + `"` + strings.Repeat("h1,s1\n", 1<<16)
		}, nil, "longer than"},
	} {
		files := small()
		c.damage(files)
		spill := t.TempDir()
		_, err := Open(folder(t, files), Options{Spill: spill})
		if err == nil || !strings.Contains(err.Error(), c.says) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
		if left, _ := os.ReadDir(spill); len(left) > 0 {
			t.Errorf("%s: left %v", name, left)
		}
	}
}

func TestImportFilesAreRead(t *testing.T) {
	d := opened(t, folder(t, small()))
	var items, profiles bytes.Buffer
	if err := errors.Join(d.WriteItems(&items, 0), d.WriteProfiles(&profiles, at("2026-01-01 00:00:00"))); err != nil {
		t.Fatal(err)
	}
	for it, err := range item.Items(&items, item.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		known, ok := d.Item(it.Id)
		if !ok || known.Price != it.Price.Amount || known.Cost != it.Cost || it.Attributes["generated"] == "" {
			t.Errorf("%v came back as %v", known, it)
		}
	}
	people := map[string]*item.Profile{}
	for p, err := range item.Profiles(&profiles, item.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		people[p.ID] = p
	}
	if got := slices.Sorted(maps.Keys(people)); !slices.Equal(got, []string{"h1", "h2"}) {
		t.Errorf("households %v", got)
	}
	if len(Granted("h1")) > 1 != (people["h1"].Fields["age"] == "45-54") {
		t.Errorf("grants %v, and the file says %v", Granted("h1"), people["h1"].Fields)
	}
}

// TestGeneratedIsSpread: what is made up has the shares it says, and is the
// same each time.
func TestGeneratedIsSpread(t *testing.T) {
	d := opened(t, folder(t, small()))
	const n = 20_000
	share := map[string]float64{}
	for i := range n {
		id := string(rune('a'+i%26)) + strings.Repeat("x", i%7) + time.Duration(i).String()
		shelf, counted := d.Delivered(i%2, Item{ID: id, Sold: 9}, i%44)
		count := func(what string, is bool) {
			if is {
				share[what] += 1.0 / n
			}
		}
		count("agent 1", d.Agent(id) == 1)
		count("out of stock", counted == 0)
		count("miscounted", shelf != counted)
		count("grants nothing", len(Granted(id)) == 0)
		count("grants all", len(Granted(id)) == 6)
		count("below the floor", cost(id, 10_000) > 9500)
		if c := cost(id, 10_000); c < 5500 || c > 9700 || c != cost(id, 10_000) {
			t.Fatalf("%s costs %d", id, c)
		}
	}
	for what, want := range map[string]float64{"agent 1": 0.5, "out of stock": 1.0 / 30, "miscounted": 0.01, "grants nothing": 0.1, "grants all": 0.75, "below the floor": 0.02 / 0.42} {
		if got := share[what]; got < want*0.85 || got > want*1.15 {
			t.Errorf("%s: %.4f, want %.4f", what, got, want)
		}
	}
}
