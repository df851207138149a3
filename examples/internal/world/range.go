package world

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
)

// Item is one of the goods, the same at every site.
type Item struct {
	ID       string // GTIN-13 of the range for examples
	Title    string
	Brand    string
	Category string
	Price    int64 // gross, in cents of EUR
	TaxRate  float64
	Cost     int64  // net, in cents
	Status   string // active, hidden, discontinued
	Percent  int    // taken off by the running offer; 0: none
}

const (
	perCategory = 48
	offersEach  = 8 // in every category
	onSale      = perCategory / offersEach
)

// section is a category, what is in it and what it costs about.
type section struct {
	path  string
	nouns []string
	cents int64
	tax   float64
}

// sections are in an order that puts none beside what goes with it, or the
// segments would love what they love anyway.
var sections = []section{
	{"fresh/fruit", []string{"Apples", "Pears", "Bananas", "Grapes"}, 299, 0.07},
	{"drinks/hot", []string{"Coffee", "Green tea", "Cocoa", "Espresso"}, 549, 0.07},
	{"home/garden", []string{"Charcoal", "Potting soil", "Lawn seed", "Tea lights"}, 899, 0.19},
	{"food/snacks", []string{"Crisps", "Nuts", "Crackers", "Popcorn"}, 249, 0.07},
	{"fresh/bakery", []string{"Rye bread", "Croissants", "Baguette", "Muffins"}, 279, 0.07},
	{"drinks/soft", []string{"Lemonade", "Cola", "Iced tea", "Sparkling water"}, 199, 0.19},
	{"care/beauty", []string{"Shampoo", "Hand cream", "Shower gel", "Toothpaste"}, 349, 0.19},
	{"food/frozen", []string{"Ice cream", "Frozen pizza", "Fish fingers", "Berries"}, 429, 0.07},
	{"fresh/cheese", []string{"Gouda", "Brie", "Feta", "Cheddar"}, 399, 0.07},
	{"drinks/wine", []string{"Riesling", "Rosé", "Merlot", "Sparkling wine"}, 799, 0.19},
	{"food/ready", []string{"Tomato soup", "Lasagne", "Curry", "Noodle pot"}, 379, 0.07},
	{"home/cleaning", []string{"Washing powder", "Dish soap", "Sponges", "Glass cleaner"}, 499, 0.19},
	{"tobacco/cigarettes", []string{"Cigarettes", "Rolling tobacco", "Filters", "Cigarillos"}, 790, 0.19},
}

// tastes is how many sections people have a taste for: tobacco is none of them,
// and the rulebook forbids to advertise it.
const tastes = 12

var (
	brands = []string{"Alder", "Birch & Co", "Cedar", "Dune", "Elm House", "Fjord"}
	kinds  = []string{"Classic", "Fine", "Family", "Organic", "Small", "Extra", "Gold", "Simple", "Country", "Fresh", "Light", "Grand"}
)

// goods makes the whole range.
func goods() []Item {
	r := source(0, "range")
	var items []Item
	for s, sec := range sections {
		for i := range perCategory {
			items = append(items, sec.item(r, s, i))
		}
	}
	return items
}

func (s section) item(r *rand.Rand, place, i int) Item {
	it := Item{
		ID:       gtin13(fmt.Sprintf("952%03d%06d", place, i)),
		Title:    kinds[i/len(s.nouns)%len(kinds)] + " " + s.nouns[i%len(s.nouns)],
		Brand:    brands[r.IntN(len(brands))],
		Category: s.path,
		Price:    s.cents * int64(70+r.IntN(70)) / 100,
		TaxRate:  s.tax,
		Status:   "active",
	}
	net := float64(it.Price) / (1 + s.tax)
	it.Cost = int64(net * (0.5 + 0.3*r.Float64()))
	switch u := r.IntN(100); {
	case u < 4:
		it.Status = "discontinued"
	case u < 6:
		it.Status = "hidden"
	}
	if i%onSale == i/onSale%len(s.nouns) {
		it.Percent = offer(r)
	}
	return it
}

// offer is a percentage; one in eight was typed without a look at the margin.
func offer(r *rand.Rand) int {
	if r.IntN(8) == 0 {
		return 50 + r.IntN(3)*5
	}
	return 10 + r.IntN(4)*5
}

func gtin13(body string) string {
	sum := 0
	for i := range len(body) {
		sum += int(body[i]-'0') * (1 + i%2*2)
	}
	return body + strconv.Itoa((10-sum%10)%10)
}

// source is a stream of chance of its own for each seed and name.
func source(seed uint64, name string) *rand.Rand {
	return rand.New(rand.NewPCG(seed, hash(name)))
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}
