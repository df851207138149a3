package fairness

// What a person, or an item, adds to what a window measures.
const (
	off    = 0 // exposure of the group less what was due
	depth  = 1 // of the group, then of the rest: the depths of decisions
	priced = 3 // and how many of them
	broken = 5 // and broken promises
	parts  = 7
)

// sums are those of one, or of a few that share their last bits; a cache line.
type sums [8]float64

// chance tells how far a measure may be off by chance where what one person decides,
// or what becomes of one item, goes together.
type chance struct {
	clusters []sums // nil before the first
}

const clusters = 1 << 9

// of are the sums of one.
func (c *chance) of(one uint64) *sums {
	if c.clusters == nil {
		c.clusters = make([]sums, clusters)
	}
	return &c.clusters[one%clusters]
}

// moments are the sums over clusters of the products of their parts.
type moments [parts][parts]float64

// past is m with the clusters of c.
func (m moments) past(c *chance) moments {
	for i := range c.clusters {
		v := &c.clusters[i]
		for k := range parts {
			for l := range parts {
				m[k][l] += float64(v[k] * v[l])
			}
		}
	}
	return m
}

// square is the sum over clusters of the square of the sum of their parts, weighed.
func (m *moments) square(weigh *sums) (all float64) {
	for k := range parts {
		for l := range parts {
			all += float64(float64(weigh[k]*weigh[l]) * m[k][l])
		}
	}
	return all
}

// errors2 is the square of how many standard errors are no chance.
const errors2 = 9

// surely tells whether what a window came to is beyond chance: total is the sum over
// all of their parts, weighed, and would be about 0 if both sides were treated alike.
func surely(total float64, weigh *sums, past moments, c *chance) bool {
	past = past.past(c)
	return float64(total*total) > float64(errors2*past.square(weigh))
}
