package journey

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Options bound what is held. The zero value is useful.
type Options struct {
	Range  int    // most items of the range, best sellers first; default 20,000
	Spill  string // folder for weeks while they are sorted; default the system's for temporary files
	Agents int    // the stores are hashed onto so many; default 2
}

// Data is an opened folder. It is not changed after Open and may be shared.
type Data struct {
	dir    string
	agents int
	spill  string
	weeks  []int
	counts Counts

	products   map[string]*product // all that are known
	goods      []Item              // the range, best sellers first
	households map[string]demography
	campaigns  map[string]*campaign
	invited    map[string][]*campaign // by household
}

// Counts say what was found in the files.
type Counts struct {
	Rows     map[string]int // by table
	Skipped  map[string]int // by table: rows with a value that can't be read
	Dangling map[string]int // by table and column: ids that name nothing
	LeftOut  int            // products that were sold but are beyond the range
}

// Item is one of the goods.
type Item struct {
	ID       string // the product's own id; eight digits here are no GTIN
	Title    string
	Brand    string
	Category string // department/category
	Price    int64  // cents of USD, before discounts
	Cost     int64  // cents; generated
	Sold     int    // rows of transactions
}

type product struct {
	department, category, kind, size, brand string

	sold  int
	paid  float64 // before discounts
	units float64
	place int // in the range, from 1; 0: not in it
}

type demography struct{ age, income, size string }

type campaign struct {
	starts, ends time.Time
	products     map[string]bool
}

// Open reads a folder. Close it to remove what it spilled.
func Open(dir string, o Options) (*Data, error) {
	d := &Data{
		dir: dir, agents: cmp.Or(o.Agents, 2),
		counts:   Counts{map[string]int{}, map[string]int{}, map[string]int{}, 0},
		products: map[string]*product{}, households: map[string]demography{},
		campaigns: map[string]*campaign{}, invited: map[string][]*campaign{},
	}
	var err error
	if d.spill, err = os.MkdirTemp(o.Spill, "journey-*"); err != nil {
		return nil, fmt.Errorf("make a folder for the weeks: %w", err)
	}
	for _, read := range []func() error{d.readProducts, d.readTransactions,
		optional(d.readDemographics), optional(d.readDescriptions), optional(d.readCampaigns), optional(d.readCoupons)} {
		if err := read(); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	d.choose(cmp.Or(o.Range, 20_000))
	return d, nil
}

func optional(read func() error) func() error {
	return func() error {
		if err := read(); !errors.Is(err, ErrNoFile) {
			return err
		}
		return nil
	}
}

// Close removes the spilled weeks.
func (d *Data) Close() error { return os.RemoveAll(d.spill) }

// Counts say what was found.
func (d *Data) Counts() Counts { return d.counts }

// Weeks are those that have transactions, in order.
func (d *Data) Weeks() []int { return d.weeks }

// Items are the range, best sellers first. They are not to be changed.
func (d *Data) Items() []Item { return d.goods }

// Item is one of the range.
func (d *Data) Item(id string) (Item, bool) {
	if p := d.products[id]; p != nil && p.place > 0 {
		return d.goods[p.place-1], true
	}
	return Item{}, false
}

func (d *Data) readProducts() error {
	same := map[string]string{}
	word := func(s string) string {
		if _, ok := same[s]; !ok {
			s = strings.Clone(s)
			same[s] = s
		}
		return same[s]
	}
	columns := []string{"product_id", "department", "product_category", "product_type", "package_size", "brand"}
	return d.each("products", columns, func(v []string) bool {
		if v[0] == "" {
			return false
		}
		d.products[strings.Clone(v[0])] = &product{department: word(v[1]), category: word(v[2]), kind: word(v[3]), size: word(v[4]), brand: word(v[5])}
		return true
	})
}

func (d *Data) readDemographics() error {
	return d.each("demographics", []string{"household_id", "age", "income", "household_size"}, func(v []string) bool {
		if _, shops := d.households[v[0]]; shops {
			d.households[v[0]] = demography{strings.Clone(v[1]), strings.Clone(v[2]), strings.Clone(v[3])}
		}
		return v[0] != ""
	})
}

func (d *Data) readDescriptions() error {
	return d.each("campaign_descriptions", []string{"campaign_id", "start_date", "end_date"}, func(v []string) bool {
		starts, err1 := time.Parse(time.DateOnly, v[1])
		ends, err2 := time.Parse(time.DateOnly, v[2])
		if err1 != nil || err2 != nil || v[0] == "" {
			return false
		}
		d.campaigns[strings.Clone(v[0])] = &campaign{starts, ends.AddDate(0, 0, 1), map[string]bool{}}
		return true
	})
}

func (d *Data) readCampaigns() error {
	return d.each("campaigns", []string{"campaign_id", "household_id"}, func(v []string) bool {
		c := d.campaigns[v[0]]
		if c == nil {
			d.counts.Dangling["campaigns.campaign_id"]++
			return true
		}
		if _, shops := d.households[v[1]]; shops {
			d.invited[strings.Clone(v[1])] = append(d.invited[v[1]], c)
		}
		return true
	})
}

func (d *Data) readCoupons() error {
	return d.each("coupons", []string{"product_id", "campaign_id"}, func(v []string) bool {
		c := d.campaigns[v[1]]
		if c == nil {
			d.counts.Dangling["coupons.campaign_id"]++
		}
		if d.products[v[0]] == nil {
			d.counts.Dangling["coupons.product_id"]++
		} else if c != nil {
			c.products[strings.Clone(v[0])] = true
		}
		return true
	})
}

// Coupon tells whether a household has a coupon for a product at a time.
func (d *Data) Coupon(household, product string, at time.Time) bool {
	return slices.ContainsFunc(d.invited[household], func(c *campaign) bool {
		return c.products[product] && !at.Before(c.starts) && at.Before(c.ends)
	})
}

// choose makes the range of what was sold at a price.
func (d *Data) choose(most int) {
	var ids []string
	for id, p := range d.products {
		if price(p) > 0 {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(cmp.Compare(d.products[b].sold, d.products[a].sold), cmp.Compare(a, b))
	})
	d.counts.LeftOut = max(len(ids)-most, 0)
	for i, id := range ids[:min(len(ids), most)] {
		p := d.products[id]
		p.place = i + 1
		d.goods = append(d.goods, Item{
			ID: id, Title: title(p), Brand: p.brand, Category: category(p),
			Price: price(p), Cost: cost(id, price(p)), Sold: p.sold,
		})
	}
}

// price is the mean of what a unit cost before discounts, in cents; weighed
// goods and petrol are sold in small units, and cost a cent at least.
func price(p *product) int64 {
	if p.units <= 0 || p.paid <= 0 {
		return 0
	}
	return max(int64(p.paid/p.units*100+0.5), 1)
}

func title(p *product) string {
	return strings.TrimSpace(readable(cmp.Or(p.kind, p.category, p.department, "Unnamed product")) + " " + strings.ToLower(p.size))
}

// readable is a text in capitals as one would write it.
func readable(s string) string {
	r := []rune(strings.ToLower(s))
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// category is a path of two steps; a slash within a name is no step.
func category(p *product) string {
	step := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "-") }
	return strings.Trim(step(cmp.Or(p.department, "other"))+"/"+step(p.category), "/")
}

func number(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && f >= 0 && f < 1e9
}
