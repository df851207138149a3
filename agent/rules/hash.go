package rules

// Hash is the xxhash64 of candidate i's id.
func (c *Candidates) Hash(i int) uint64 {
	if c.at == nil {
		return c.hashes[i]
	}
	return c.View.Hash[c.Places[i]]
}
