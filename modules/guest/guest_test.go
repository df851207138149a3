package guest

import (
	"math"
	"testing"
	"unsafe"

	"github.com/aisle-edge/aisle/modules/abi"
)

// The tests call what the module exports, outside a sandbox. Package sdk runs
// whole modules inside one.

var shape = Shape{ContextDense: 1, ContextCategorical: 1, Dense: 2, Categorical: 1, Heads: 2, Variance: true}

// begin writes a frame whose values are their column's number, but for one.
func begin(t *testing.T, rows int) uint32 {
	t.Helper()
	at32 := alloc(int32(shape.Size(rows)))
	f, err := abi.Init(unsafe.Slice((*byte)(at), size), shape, rows)
	if at32 == 0 || err != nil {
		t.Fatal(at32, err)
	}
	f.ContextDense()[0], f.ContextCategorical()[0] = 0.5, 1
	for b := range abi.Blocks(rows) {
		for i := range abi.BlockRows {
			f.Dense(b, 0)[i], f.Dense(b, 1)[i] = float32(16*b+i), float32(math.NaN())
			f.Categorical(b, 0)[i] = uint32(1000 + 16*b + i)
		}
	}
	return at32
}

func byRow(r *Row) {
	r.Add(Bias, float64(r.Head()))
	r.Add(0, r.Or(0, 9)+float64(r.ID(1)))
	r.Add(2, float64(r.Dense(2)))
	r.Add(3, r.Or(3, 0.25))
	r.Add(4, float64(r.ID(4)))
	r.SetVariance(float64(r.ID(4)))
}

func byBlock(b *Block) {
	for head := range shape.Heads {
		for i := range b.Mean(head) {
			b.Mean(head)[i] = float64(head) + float64(b.Dense(0)[i]) + float64(b.ID(1)[i]) + float64(b.Dense(2)[i]) + 0.25 + float64(b.ID(4)[i])
			b.Variance(head)[i] = float64(b.ID(4)[i])
		}
	}
}

func TestEveryRowIsAnswered(t *testing.T) {
	for name, s := range map[string]Scorer{"row": {shape, byRow, nil}, "block": {shape, byRow, byBlock}} {
		Register(s)
		for _, rows := range []int{0, 1, 16, 37, 5} {
			if status := score(begin(t, rows)); status != uint32(abi.OK) {
				t.Fatal(name, rows, status)
			}
			for i := range rows {
				for head := range shape.Heads {
					want := float64(head) + 1.5 + float64(i) + 0.25 + float64(1000+i)
					if got := frame.Mean(head)[i]; got != want || frame.Variance(head)[i] != float64(1000+i) {
						t.Fatalf("%s: row %d of %d, head %d: %v, want %v", name, i, rows, head, got, want)
					}
				}
			}
		}
	}
}

func TestExplanationsAreOfTheRow(t *testing.T) {
	Register(Scorer{shape, byRow, byBlock})
	at32 := begin(t, 37)
	if score(at32) != uint32(abi.OK) || explain(at32, 36, 1) == 0 {
		t.Fatal("no explanation")
	}
	for i, want := range []float64{1, 1.5, 0, 36, 0.25, 1036} {
		if terms[i] != want {
			t.Fatalf("explained by %v", terms)
		}
	}
	for _, beyond := range [][2]uint32{{37, 0}, {0, 2}, {math.MaxUint32, 0}} {
		if explain(at32, beyond[0], beyond[1]) != 0 {
			t.Errorf("row %d, head %d is explained", beyond[0], beyond[1])
		}
	}
}

// TestScoringAllocatesNothing: the collector never has a reason to run.
func TestScoringAllocatesNothing(t *testing.T) {
	for name, s := range map[string]Scorer{"row": {shape, byRow, nil}, "block": {shape, byRow, byBlock}} {
		Register(s)
		at32 := begin(t, 100)
		if n := testing.AllocsPerRun(10, func() {
			alloc(int32(shape.Size(100)))
			score(at32)
			explain(at32, 3, 0)
		}); n != 0 {
			t.Errorf("by %s: %v allocations a frame", name, n)
		}
	}
}

func TestWhatIsNotOursIsRefused(t *testing.T) {
	Register(Scorer{shape, byRow, nil})
	at32 := begin(t, 3)
	if score(at32+16) != uint32(abi.BadFrame) {
		t.Error("a frame elsewhere is scored")
	}
	if alloc(0) != 0 || alloc(-1) != 0 || alloc(math.MaxInt32) != 0 {
		t.Error("there is room for nothing, or for all")
	}
	unsafe.Slice((*byte)(at), size)[8] = 200 // rows
	if score(at32) != uint32(abi.BadFrame) {
		t.Error("a header that contradicts itself is taken")
	}
	for column, ask := range map[int]func(int){
		5: func(c int) { row.Dense(c) }, 4: func(c int) { row.Dense(c) },
		2: func(c int) { row.ID(c) }, -1: func(c int) { row.ID(c) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("column %d is of both kinds", column)
				}
			}()
			ask(column)
		}()
	}
}
