// Package smith makes random modules of core WebAssembly 2.0 that validate, run
// and tell what they computed: for tests that compare two ways of running the
// same module.
//
// # How it decides
//
// Every decision is a number below some n, taken from [Choices]: a seed, or the
// bytes of a fuzzer. A source that has run dry says 0, and 0 is always the
// smallest way out: a constant, no further statement. So any bytes make a
// module, and a shorter input makes a smaller one.
//
// First comes the plan: types of functions, one or two memories' worth of data,
// globals, tables, segments, and the module's temper. Then each function is
// written from the types down: whoever needs a value of a type writes a leaf
// (constant, local, global), an instruction of the table of package wasm that
// gives this type, with operands made alike, a block, an if, a select or a call.
// Statements store, set, branch, loop, call, or move memory and tables. Each
// function has room for so many values; when it is used up, only leaves are left.
//
// # What ends, and what does not
//
// In a tame module loops count down, and a call that may recur, is indirect or
// stands in a loop takes one from a global that each run sets: it ends. A wild
// module also has loops and calls without such a bound: it may run for ever or
// overflow the stack. Some wild modules count their steps and trap at the last,
// so that even they can be run without a meter.
//
// A daring module lets some operands of dividing, converting and accessing
// instructions be anything, so that they may trap; a cautious one keeps them in
// range.
//
// # What is observed
//
// Bits of a NaN are the engine's choice, so a float becomes canonical before it
// turns into anything else: where it is stored, reinterpreted, put in a lane, or
// gives its sign. Values end in memory, in globals, in tables, or in a running
// sum. Exports are those of a scoring module: [Run] answers the sum, [Observe] a
// digest of globals and tables, [Probe] calls a table's element, and the memory
// is there to be compared.
package smith
