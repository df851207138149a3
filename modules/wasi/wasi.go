// Package wasi holds what takes the place of WASI's functions in a guest that an
// ordinary toolchain built: functions of the module itself, so that a sealed
// module imports nothing of WASI. They cover all of wasi_snapshot_preview1 and
// what AssemblyScript imports from "env".
//
// A guest finds a world in which nothing happens. It is always [Time]. There are
// no arguments, no environment, no files and no network: a file descriptor above
// 2 is EBADF. Standard input is at its end; what is written to standard output
// or error is counted and forgotten. Randomness begins at [Seed] on every node,
// so that two of them score alike; it is good for hash seeds, not for secrets.
// What is waited for has happened, though the clock does not show it: a guest
// that sleeps until a time never wakes, and stops when its fuel runs out.
//
// Exit and abort trap, and so does a pointer out of bounds. Whoever is refused
// something gets the error number that a host without it would answer.
package wasi

import (
	"strings"

	"github.com/aisle-edge/aisle/modules/internal/wasm"
)

// Time is what every clock shows, in Unix nanoseconds: 2020-01-01 00:00 UTC.
const Time = 1577836800_000_000_000

// Seed is the first value of the random state.
const Seed int64 = 0x4149534c45 // "AISLE"

// Func is a function in the making.
type Func struct {
	In, Out []wasm.ValType
	Locals  []wasm.ValType
	// Body is without its last end and without charges: it calls nothing, and names
	// memory 0 and the seed only.
	Body []byte
}

// Shim gives the function for an import; ok is false for what has none. The
// mutable i64 global at index seed, Seed to begin with, holds the state of its
// randomness.
func Shim(module, name string, seed int) (f *Func, ok bool) {
	s, ok := modules[module][name]
	if !ok {
		return nil, false
	}
	in, out, _ := strings.Cut(s.signature, ":")
	w := &writer{seed: seed, scratch: len(in)}
	s.body(w)
	return &Func{In: types(in), Out: types(out), Locals: types(s.locals), Body: w.Bytes()}, true
}

var modules = map[string]map[string]shim{
	"wasi_snapshot_preview1": preview1,
	"env":                    environment,
}

// shim is a function in short: letters i, l and d are i32, i64 and f64.
type shim struct {
	signature string // parameters:results
	locals    string
	body      func(w *writer)
}

func types(letters string) (out []wasm.ValType) {
	for _, letter := range letters {
		out = append(out, map[rune]wasm.ValType{'i': wasm.I32, 'l': wasm.I64, 'd': wasm.F64}[letter])
	}
	return out
}
