package meter

// Work is an estimate of what an engine's compiler does, in units of a third of a
// microsecond or so: see Limits.Work. Its terms are what wazero's compiler was
// seen to take more than linear time in.

// toil adds n units.
func (c *checker) toil(n int) {
	if c.work += n; c.work > c.limits.Work {
		c.refuse(Limit, "too much code, too many branches, or too much live across them, to compile in time")
	}
}

// live is the number of values that may be kept across a branch here.
func (b *body) live() int { return 1 + len(b.locals) + len(b.stack) }

// edges counts n more ways through the function: each is looked at for all that
// is live and all loops around, and branches are laid out one by one.
func (b *body) edges(n int) {
	b.branches += n
	b.toil(n*(b.live()+b.top().loops) + b.branches/8)
}

// nest counts a loop: what goes through it unchanged is found by asking the loops
// around it, again and again.
func (b *body) nest() { b.toil(b.top().loops * b.live() * b.live() / 32) }

// called counts a call, behind which all variables of the module are read anew.
func (b *body) called() { b.toil(len(b.globals)) }
