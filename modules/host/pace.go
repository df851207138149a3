package host

import (
	"runtime"
	"time"

	"github.com/tetratelabs/wazero/api"

	"github.com/aisle-edge/aisle/modules/meter"
)

// slice is the most fuel granted at a time, in the units of package meter.
const slice = 4 * meter.MaxCharge

const (
	// turn is how long a grant should last: native code can't be interrupted, and
	// all that waits for it, the garbage collector among it, waits as long.
	turn = 200 * time.Microsecond
	// step is the least grant, and what the next one is larger by.
	step = slice / 256
)

// pace is the next grant. Fuel counts instructions, and what waits for memory at
// each of them takes a hundred times as long as what does not. So grants begin
// small, fall at once to what would have taken a turn, and grow slowly: who is
// fast for a while gains no long turn by it.
func pace(grant int, took time.Duration) int {
	if took > turn {
		return max(step, int(int64(grant)*int64(turn)/int64(took)))
	}
	return min(slice, grant+step)
}

// budgeted starts a call with a budget in slices and its first grant.
func (in *Instance) budgeted(slices int) {
	in.budget, in.left = slices*slice, slices*slice
	in.fuel.Set(0)
	in.refuel()
	in.since = time.Now()
}

// refill is called where fuel has run out. It lets other goroutines and the
// collector have the thread, and grants more, or stops the call: where that is
// depends on the budget alone.
func (in *Instance) refill() {
	in.grant = pace(in.grant, time.Since(in.since))
	runtime.Gosched()
	for int32(in.fuel.Get()) < 0 {
		if in.left == 0 {
			panic(ErrFuel)
		}
		in.refuel()
	}
	in.since = time.Now()
}

func (in *Instance) refuel() {
	n := min(in.grant, in.left)
	in.left -= n
	in.fuel.Set(api.EncodeI32(int32(in.fuel.Get()) + int32(n)))
}

// Spent is how much fuel the last call used, in the units of package meter: the
// same for the same input on every machine. A call that used its fuel up has
// spent a little more than its budget.
func (in *Instance) Spent() int {
	return in.budget - in.left - int(int32(in.fuel.Get()))
}
