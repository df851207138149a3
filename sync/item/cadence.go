package item

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Cadence says for whom, and how often, an offer runs. At most one of its fields
// is set; the zero value is ad_hoc, which asks for nothing.
type Cadence struct {
	Once      bool          // one_time: until this person redeemed it
	Every     time.Duration // repeating:7d: once for each person in each such time since it began
	Field     string        // subscription:<field>: whose list of that name holds the offer's id
	Threshold int           // threshold:<n>: who bought n of its items since it began
}

var errCadence = errors.New("is none of one_time, ad_hoc, repeating:7d (or 12h), subscription:<field of a profile>, threshold:<number of items bought>")

const day = 24 * time.Hour

// maxRepeat is the longest time of repeating.
const maxRepeat = 366 * day

// ParseCadence reads the column cadence of offers; "" is ad_hoc.
func ParseCadence(s string) (c Cadence, err error) {
	word, value, given := strings.Cut(s, ":")
	ok := false
	switch {
	case !given:
		c.Once = word == "one_time"
		ok = c.Once || word == "ad_hoc" || word == ""
	case word == "repeating":
		c.Every, ok = repeat(value)
	case word == "subscription":
		c.Field, ok = value, value != "" && len(value) <= 64
	case word == "threshold":
		c.Threshold, err = strconv.Atoi(value)
		ok = err == nil && c.Threshold >= 1 && c.Threshold <= 1_000_000
	}
	if !ok {
		return Cadence{}, errCadence
	}
	return c, nil
}

// repeat reads whole days or hours.
func repeat(s string) (time.Duration, bool) {
	unit := map[byte]time.Duration{'d': day, 'h': time.Hour}
	if s == "" || unit[s[len(s)-1]] == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:len(s)-1], 10, 16)
	every := time.Duration(n) * unit[s[len(s)-1]]
	return every, err == nil && every > 0 && every <= maxRepeat
}
