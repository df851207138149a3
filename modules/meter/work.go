package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

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
// is live, whose places are then fitted to each other, and all loops around; where
// it ends, all are looked for along the chain; and branches are laid out one by one.
func (b *body) edges(n int) {
	b.branches += n
	b.chain += n
	live := b.live()
	b.toil(n*(live+live*live/512+live*b.chain/chainUnit+b.top().loops) + b.branches/8)
}

// chainUnit is how many steps along a chain a unit of work takes.
const chainUnit = 64

// looks counts that a variable of the function is looked for: back along the
// chain of branches to where ways last came together, which remembers it.
func (b *body) looks() { b.toil(b.chain / chainUnit) }

// joins notes the end of a block, where a chain ends if at least two ways come
// together.
func (b *body) joins(done block) {
	if done.op == wasm.If || !done.unreachable {
		done.entries++
	}
	if done.op == wasm.If && !done.unreachable {
		done.entries++
	}
	if done.entries > 1 && done.op != wasm.Loop && !done.dead {
		b.chain = 0
	}
}

// runs tells whether code here may run: engines skip what may not.
func (b *body) runs() bool { return !b.top().unreachable && !b.top().dead }

// nest counts a loop: what goes through it unchanged is found by asking the loops
// around it, again and again.
func (b *body) nest() { b.toil(b.top().loops * b.live() * b.live() / 32) }

// charged counts a charge: two ways, one of which calls.
func (b *body) charged() {
	b.edges(1)
	b.called()
	if b.runs() {
		b.chain = 0
	}
}

// long counts instructions that become many, or a loop.
func (b *body) long(op wasm.Op) {
	switch {
	case op == wasm.MemoryFill, op == wasm.TableFill:
		b.edges(2)
		b.nest()
	case op == wasm.CallIndirect:
		b.toil(48)
	case op >= i32TruncF32S && op <= f64ConvertI64U:
		b.toil(8)
	}
}

// Conversions between integers and floats are from here to there.
const i32TruncF32S, f64ConvertI64U wasm.Op = 0xa8, 0xba

// called counts a call, behind which all variables of the module are read anew.
func (b *body) called() { b.toil(len(b.globals)) }
