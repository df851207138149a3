package item_test

import (
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/sync/item"
)

// What could not be meant is refused with its column, and what is nearly right with
// what to write.
func TestWhatCouldNotBeMeant(t *testing.T) {
	long := func(n int) string { return strings.Repeat("ü", n) }
	offers := func(columns, row string) (n int, bad []string) {
		good, bad := collect(item.Offers(strings.NewReader("id,"+columns+"\no,"+row+"\n"), own))
		return len(good), bad
	}
	for _, c := range []struct{ columns, row, want string }{
		{"kind,target,percent", "brand,b,100", "column percent: gives the item away"},
		{"kind,target,percent", "brand,b,1e2", "column percent: gives the item away"},
		{"kind,target,percent", "brand,b,100.5", "column percent: is no number from 0 to 100"},
		{"kind,target,price,currency", "brand,b,0,EUR", "column price: gives the item away"},
		{"target,percent", "a|b|a,10", "column target: names an item twice"},
		{"kind,target,percent", "brand,a|b,10", "column target: holds a |, and an offer is for one brand"},
		{"kind,target,percent", "category,a//b,10", "column target: has an empty step"},
		{"kind,target,percent", "brand,  ,10", "column target: is missing"},
		{"kind,target,percent", "brand," + long(257) + ",10", "column target: is longer than 256 characters"},
		{"kind,target,percent,title", "brand,b,10," + long(1001), "column title: is longer than 1000 characters"},
		{"kind,target,percent,title", "brand,b,10,\"a\nb\"", "column title: holds a sign that can't be printed"},
		{"kind,target,percent,per_person_cap", "brand,b,10,0", "column per_person_cap: is no whole number from 1 to 4294967295; leave it empty for no cap"},
	} {
		if n, bad := offers(c.columns, c.row); n != 0 || len(bad) != 1 || !strings.Contains(bad[0], c.want) {
			t.Errorf("%.60s: %q, want %q", c.row, bad, c.want)
		}
	}
	if _, bad := collect(item.Offers(strings.NewReader("id,percent,kind,target\no,5,brand,b\np,5,brand,b\no,6,brand,b\n"), own)); len(bad) != 1 || !strings.HasPrefix(bad[0], "line 4, column id: is there twice") {
		t.Errorf("an id that is there twice: %q", bad)
	}
	for _, c := range []struct{ columns, row, want string }{
		{"Price", "399", "column Price: is column price written otherwise"},
		{"taxRate", "0.19", "column taxRate: is column tax_rate written otherwise"},
		{"safety-stock", "3", "column safety-stock: is column safety_stock written otherwise"},
		{" colour", "red", "column  colour: has spaces around its name"},
		{"title", long(1001), "column title: is longer than 1000 characters"},
		{"description", long(20_001), "column description: is longer than 20000 characters"},
		{"brand", long(257), "column brand: is longer than 256 characters"},
		{"brand", "a\x00b", "column brand: holds a sign that can't be printed"},
		{"category", long(257), "column category: is longer than 256 characters"},
		{"url", "https://x/" + long(2048), "column url: is longer than 2048 characters"},
	} {
		good, bad := collect(item.Items(strings.NewReader("id,"+c.columns+"\ni,"+c.row+"\n"), own))
		if len(good) != 0 || len(bad) != 1 || !strings.Contains(bad[0], c.want) {
			t.Errorf("%s %.60s: %q, want %q", c.columns, c.row, bad, c.want)
		}
	}
	for _, file := range []string{"offer,site,amount\no,  ,5\n", "offer,site,amount\no," + long(257) + ",5\n", "offer,site,amount\no,\"a\nb\",5\n"} {
		if good, bad := collect(item.Shares(strings.NewReader(file))); len(good) != 0 || len(bad) != 1 || !strings.Contains(bad[0], "column site: ") {
			t.Errorf("%.40q: %q", file, bad)
		}
	}
}

// What is at the limits is taken, and names are the same with spaces around them.
func TestWhatIsAtTheLimits(t *testing.T) {
	file := "id,title,description,brand,category,colour\ni," + strings.Repeat("ü", 1000) + ",\"a\nb\", B ,/food / cheese/ , red \n"
	good, bad := collect(item.Items(strings.NewReader(file), own))
	if len(bad) != 0 || good[0].Brand != "B" || good[0].Attributes["colour"] != " red " || good[0].Description != "a\nb" {
		t.Errorf("%v, %q", good, bad)
	}
	offers, bad := collect(item.Offers(strings.NewReader("id,kind,target,percent,price,currency\no,brand, B ,99.9,,\np,items,a|b,,1,EUR\n"), own))
	if len(bad) != 0 || offers[0].Target != "B" {
		t.Errorf("%v, %q", offers, bad)
	}
	shares, bad := collect(item.Shares(strings.NewReader("offer,site,agent,amount\no, north ,,5\n")))
	if len(bad) != 0 || shares[0].Site != "north" {
		t.Errorf("%v, %q", shares, bad)
	}
}
