// Package proof measures what the product is worth where all is known: shops,
// shoppers and shelves of package world, one node and one trainer of the real
// code in a process, and a clock that only its events move.
//
// It holds tests alone. Each prints a table (go test -v, or make worth) and
// fails where a figure is worse than was promised.
package proof
