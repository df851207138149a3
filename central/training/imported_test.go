package training

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/aisle-edge/aisle/modules/together"
	"github.com/aisle-edge/aisle/sync/item"
)

// trips are baskets of one of six kinds, each of twelve items, beside three that
// everybody buys.
func trips(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	b.WriteString("till,basket,item\n")
	for i := range n {
		kind := r.IntN(6)
		for range 4 {
			fmt.Fprintf(&b, "3,b%d,k%d-%02d\n", i, kind, r.IntN(12))
		}
		fmt.Fprintf(&b, "3,b%d,milk%d\n3,b%d,k%d-%02d\n", i, r.IntN(3), i, kind, r.IntN(12))
	}
	return b.String()
}

// TestImportedBasketsAreThoseOfTheFile: each basket's items once, in order, under the
// hashes by which releases know items, however the rows of baskets are mixed; what
// makes no sense is counted; and what is kept reads the same again.
func TestImportedBasketsAreThoseOfTheFile(t *testing.T) {
	text := "basket,at,item\n7,1,tea\n8,1,milk\n7,1,cake\n7,1,tea\n,1,tea\n9,1,\n8,2,bread\n10,3,alone\n"
	in, err := ReadBaskets(strings.NewReader(text), item.Own, "basket", "item")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]uint64{{xxhash.Sum64String("tea"), xxhash.Sum64String("cake")}, {xxhash.Sum64String("milk"), xxhash.Sum64String("bread")}}
	if !slices.EqualFunc(in.Groups, want, slices.Equal) || in.Rows != 8 || in.Refused != 2 || in.Baskets != 3 || in.Items != 5 {
		t.Errorf("%+v", in)
	}
	again, err := ReadBaskets(bytes.NewReader(in.CSV()), item.Own, "basket", "item")
	if err != nil || !slices.EqualFunc(again.Groups, want, slices.Equal) {
		t.Errorf("read again: %+v, %v", again, err)
	}
	for _, bad := range []string{"", "a,b\n1,2\n", "basket,item\n1\n"} {
		if _, err := ReadBaskets(strings.NewReader(bad), item.Own, "basket", "item"); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	gtin, err := ReadBaskets(strings.NewReader("basket,item\n1,4006381333931\n1,96385074\n1,4006381333932\n"), item.GTIN, "basket", "item")
	if err != nil || gtin.Refused != 1 || gtin.Groups[0][0] != xxhash.Sum64String("04006381333931") {
		t.Errorf("%+v, %v", gtin, err)
	}
}

// TestImportedBasketsAreBounded: of a basket the first 64 items, of baskets the newest.
func TestImportedBasketsAreBounded(t *testing.T) {
	var b strings.Builder
	b.WriteString("basket,item\n")
	for i := range maxBaskets + 1 {
		fmt.Fprintf(&b, "%d,a\n%d,b%d\n", i, i, i)
	}
	for i := range 100 {
		fmt.Fprintf(&b, "last,c%d\n", i)
	}
	in, err := ReadBaskets(strings.NewReader(b.String()), item.Own, "basket", "item")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(in.Groups); n != maxBaskets || len(in.Groups[n-1]) != maxGroup || in.Groups[0][1] != xxhash.Sum64String("b2") {
		t.Errorf("%d baskets, the last of %d, the first %v", n, len(in.Groups[n-1]), in.ids[0])
	}
}

// TestSanityTellsWhetherBasketsTeach: where baskets are of a kind, what goes together
// and what lies close name the item left out more often than what is popular; where
// they are of none, they don't.
func TestSanityTellsWhetherBasketsTeach(t *testing.T) {
	in, err := ReadBaskets(strings.NewReader(trips(2000)), item.Own, "basket", "item")
	if err != nil {
		t.Fatal(err)
	}
	r := Sanity(in.Groups, 5)
	t.Logf("%+v", r)
	if r.Baskets != 200 || r.Named != 75 || r.Together < 2*r.Popularity || r.Vectors < 2*r.Popularity {
		t.Errorf("%+v", r)
	}
	if p := together.Count(slices.Values(in.Groups), 32, 5); p == nil || len(p.Append(nil)) < 1000 {
		t.Error("nothing goes together")
	}
	for _, few := range [][][]uint64{nil, {{1, 2}}, {{1, 2}, {1, 2}}} {
		if r := Sanity(few, 5); r.Baskets > 1 {
			t.Errorf("%v: %+v", few, r)
		}
	}
}
