//go:build wasip1

// Command plugin is the guest: it has the candidates, and gets a user.
package main

import (
	"context"

	"github.com/aisle-edge/aisle/modules/peers/scorer"
)

const rows, columns = 100, 32

// x is the candidates, w their weights, v the user's.
var (
	x    [rows * columns]float32
	w, v [columns]float32
)

// numbers gives the same to all who are compared.
type numbers uint32

func (n *numbers) fill(values []float32) {
	for i := range values {
		*n = *n*1664525 + 1013904223
		values[i] = float32(*n>>16)/32768 - 1
	}
}

func init() {
	n := numbers(1)
	n.fill(w[:])
	n.fill(v[:])
	n.fill(x[:])
	scorer.RegisterScorer(dot{})
}

type dot struct{}

func (dot) Score(_ context.Context, r *scorer.Request) (*scorer.Reply, error) {
	var base float32
	for i, u := range r.User {
		base += v[i] * u
	}
	scores := make([]float32, rows)
	for r := range scores {
		sum := base
		for i, x := range x[r*columns:][:columns] {
			sum += w[i] * x
		}
		scores[r] = sum
	}
	return &scorer.Reply{Scores: scores}, nil
}

func main() {}
