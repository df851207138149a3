package journey

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Basket is one purchase at a store.
type Basket struct {
	ID        string
	Household string
	Store     string
	Week      int
	At        time.Time // the store's clock, without zone
	Lines     []Line
}

// Line is one product in a basket.
type Line struct {
	Product  string
	Known    bool // in the range; else left out, or an id that names nothing
	Quantity float64
	Paid     int64 // cents for the whole quantity
	Coupon   bool  // a coupon was redeemed with it
}

// maxWeek is ten years: a file a week is open at once.
const maxWeek = 520

var transactionColumns = []string{"household_id", "store_id", "basket_id", "product_id", "quantity", "sales_value",
	"retail_disc", "coupon_disc", "coupon_match_disc", "week", "transaction_timestamp"}

// readTransactions spills the rows by week and learns what the goods cost.
func (d *Data) readTransactions() error {
	s := spill{dir: d.spill, files: map[int]*spilled{}}
	err := d.each("transactions", transactionColumns, func(v []string) bool { return d.transaction(&s, v) })
	if err = errors.Join(err, s.close()); err != nil {
		return err
	}
	for week := range s.files {
		d.weeks = append(d.weeks, week)
	}
	slices.Sort(d.weeks)
	if len(d.weeks) == 0 {
		return fmt.Errorf("%s has transactions without a row that can be read; copy the file again", d.dir)
	}
	return nil
}

func (d *Data) transaction(s *spill, v []string) bool {
	week, err := strconv.Atoi(v[9])
	if err != nil || week < 0 || week > maxWeek {
		return false
	}
	if _, _, ok := line(v); !ok {
		return false
	}
	if _, known := d.households[v[0]]; !known {
		d.households[strings.Clone(v[0])] = demography{}
	}
	if p := d.products[v[3]]; p == nil {
		d.counts.Dangling["transactions.product_id"]++
	} else {
		p.add(v)
	}
	s.write(week, v)
	return true
}

// add takes in a row whose numbers are known to be good.
func (p *product) add(v []string) {
	p.sold++
	if units, _ := number(v[4]); units > 0 {
		p.units += units
		for _, column := range []int{5, 6, 8} { // sales, loyalty discount, coupons the store matched
			f, _ := number(v[column])
			p.paid += f
		}
	}
}

// line reads the values of a transaction, in the order of transactionColumns.
func line(v []string) (Line, time.Time, bool) {
	at, err := time.Parse(time.DateTime, v[10])
	if err != nil || v[0] == "" || v[1] == "" || v[2] == "" || v[3] == "" {
		return Line{}, at, false
	}
	var f [5]float64
	for i := range f {
		var ok bool
		if f[i], ok = number(v[4+i]); !ok {
			return Line{}, at, false
		}
	}
	return Line{Product: v[3], Quantity: f[0], Paid: int64(f[1]*100 + 0.5), Coupon: f[3] > 0}, at, true
}

// Baskets are all baskets in the order of weeks, within a week of time.
func (d *Data) Baskets() iter.Seq2[Basket, error] {
	return func(yield func(Basket, error) bool) {
		for _, week := range d.weeks {
			baskets, err := d.week(week)
			if err != nil {
				yield(Basket{}, fmt.Errorf("read back week %d: %w", week, err))
				return
			}
			for _, b := range baskets {
				if !yield(b, nil) {
					return
				}
			}
		}
	}
}

func (d *Data) week(week int) ([]Basket, error) {
	f, err := os.Open(weekFile(d.spill, week))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	byID := map[string]*Basket{}
	rows := csv.NewReader(bufio.NewReader(f))
	for {
		v, err := rows.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		l, at, _ := line(v)
		_, l.Known = d.Item(l.Product)
		b := byID[v[2]]
		if b == nil {
			b = &Basket{ID: v[2], Household: v[0], Store: v[1], Week: week, At: at}
			byID[v[2]] = b
		}
		b.Lines = append(b.Lines, l)
	}
	return inOrder(byID), nil
}

// inOrder gives the same order whatever the order of rows was.
func inOrder(byID map[string]*Basket) []Basket {
	var list []Basket
	for _, b := range byID {
		slices.SortStableFunc(b.Lines, func(x, y Line) int { return cmp.Compare(x.Product, y.Product) })
		list = append(list, *b)
	}
	slices.SortFunc(list, func(x, y Basket) int { return cmp.Or(x.At.Compare(y.At), cmp.Compare(x.ID, y.ID)) })
	return list
}

// spill keeps a file a week open. The first error sticks.
type spill struct {
	dir   string
	files map[int]*spilled
	err   error
}

type spilled struct {
	file *os.File
	rows *csv.Writer
}

func weekFile(dir string, week int) string {
	return filepath.Join(dir, fmt.Sprintf("week-%05d.csv", week))
}

func (s *spill) write(week int, v []string) {
	f := s.files[week]
	if f == nil && s.err == nil {
		file, err := os.Create(weekFile(s.dir, week))
		if s.err = err; err == nil {
			f = &spilled{file, csv.NewWriter(file)}
			s.files[week] = f
		}
	}
	if s.err == nil {
		s.err = f.rows.Write(v)
	}
}

func (s *spill) close() error {
	err := s.err
	for _, f := range s.files {
		f.rows.Flush()
		err = errors.Join(err, f.rows.Error(), f.file.Close())
	}
	return err
}
