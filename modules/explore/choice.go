package explore

// Choice is one position of a recorded slate, to recompute its probability from.
type Choice struct {
	Policy    Policy
	Means     []float64 // of the contenders there as they were weighed, best first
	Variances []float64 // theirs; not needed where the policy needs none
	Feasible  int       // N
	Place     int       // of the chosen among the contenders, -1: elsewhere
	IsNone    bool      // the chosen is none
	NoneFloor float64   // where none was feasible, else 0
}

// Probability is the conditional probability that was logged, bit for bit.
func (c Choice) Probability() (float64, error) {
	var room [Contenders]float64
	pi, err := c.weigh(&room)
	if err != nil {
		return 0, err
	}
	share := 0.0
	if c.Place >= 0 {
		share = pi[c.Place]
	}
	return probability(c.Policy, share, c.Feasible, c.NoneFloor, c.IsNone), nil
}

// Spread appends the probabilities that the contenders had where none was not
// feasible, and gives that of whatever else was feasible there.
func (c Choice) Spread(dst []float64) (all []float64, rest float64, err error) {
	var room [Contenders]float64
	pi, err := c.weigh(&room)
	if err != nil {
		return dst, 0, err
	}
	for _, share := range pi {
		dst = append(dst, probability(c.Policy, share, c.Feasible, 0, false))
	}
	return dst, probability(c.Policy, 0, c.Feasible, 0, false), nil
}

func (c *Choice) weigh(room *[Contenders]float64) ([]float64, error) {
	n := len(c.Means)
	if !c.Policy.valid() || !(c.NoneFloor >= 0 && c.NoneFloor < 1) || n == 0 || n != min(c.Feasible, Contenders) || c.Place >= n {
		return nil, ErrPolicy
	}
	f := field{ranks: c.Means, means: c.Means}
	var ranks [Contenders]float64
	if c.Policy.Kind.Varies() {
		if len(c.Variances) != n {
			return nil, ErrPolicy
		}
		for i, m := range c.Means {
			ranks[i] = c.Policy.Rank(m, c.Variances[i])
		}
		f.ranks, f.variances = ranks[:n], c.Variances
	}
	return room[:n], c.Policy.weigh(f, room[:n])
}

// Again is what the randomness of a position draws from a recorded choice: its
// place among the contenders, or -1 and, as in [Position], how it was explored; or
// none by its floor.
func (d *Drawer) Again(c *Choice, eventID string, attempt, position uint32) (place, explored int, none bool, err error) {
	var room [Contenders]float64
	pi, err := c.weigh(&room)
	if err != nil {
		return 0, 0, false, err
	}
	x, y := d.random(eventID, attempt, position)
	place, explored, none = pick(x, y, c.Policy, c.Feasible, pi, c.NoneFloor)
	return place, explored, none, nil
}
