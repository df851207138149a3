// Package explore draws what is shown from a distribution that it states, so
// that every logged probability is true.
//
// At each position the [Contenders] best of the N candidates that are feasible
// there share what exploration leaves:
//
//	p(a) = ε/N + (1-ε)·π(a)
//
// with π of the policy over the contenders and 0 elsewhere, so every feasible
// candidate has support and a draw costs the same for any N. A slate is drawn
// position by position: what is shown is feasible no more, and each logged
// probability is conditional on the positions above. At the first position `none`,
// showing nothing, may be a candidate with a floor f of its own: every p is then
// scaled by 1-f and none's gains f.
//
// # Policies
//
// ε-greedy; softmax; SquareCB (Foster and Rakhlin, "Beyond UCB", 2020), inverse gap
// weighting as of Abe and Long (1999) with gaps to the best remaining; Thompson
// sampling (1933) over independent normal values, whose chances are a sum over 32
// cells that takes the place of an integral and, normalised, is the policy; LinUCB
// (Li, Chu, Langford and Schapire, 2010), the best upper bound; uniform; and fixed,
// the best with probability 1. Where the best are equal ε-greedy, LinUCB and Thompson
// share alike among them; elsewhere equals stand in the order of the candidates.
//
// Contenders are the best by the mean, for LinUCB by its bound, for Thompson by the
// mean and two standard deviations: of what plain Thompson sampling would choose
// among 300 candidates the sixteen best by that bound hold 80 to 92 %, by the mean
// alone 9 to 57 %, and bounds nearer or further hold less.
//
// # Pins, pools, diversity
//
// Before each position two hooks are asked. Mask removes what may not stand there
// and may name the position's pool, to which it then keeps unless nothing feasible
// is in it. Adjust changes the means of the [Shortlist] best of the rest, for
// instance to what they add to what stands above (maximal marginal relevance), and
// the contenders are the best of these; whoever is further down has the floor ε/N, as
// everybody feasible has. N, the contenders and their means are always those of the
// position. The function [Turn] gives pools their shares of positions.
//
// Pins stand first, at their own positions, with probability 1; the rest is drawn
// around them, and hooks see them where they are. A pin says nothing about a policy
// and has no place in an estimate. Where nothing is feasible the slate ends, but for
// pins, which move up.
//
// Slots of one decision that share their candidates are problems one after the other
// under one event: of each, Allowed lacks what those before it show, and First goes
// on counting positions, or two slots would draw from the same randomness.
//
// # From a record
//
// Where no hook was at work, the contenders of a position are the best of the
// recorded rows that do not stand above and are no pins, and a [Problem] of these,
// with its pins and with -Inf as the mean of every other candidate, draws the slate
// again. Where one was, a position is recorded with its contenders and their means
// ([Slate.Weighed]), N, and Explored; a [Choice] of these gives the probability and
// [Drawer.Again] the draw, bit for bit.
//
// # Numbers
//
// Everything here is a pure function of its arguments, with the same bits on
// every processor: no clock, no shared generator. The randomness of a position
// is HMAC-SHA256(salt, event id ‖ attempt ‖ position), the numbers as four
// bytes little-endian; its first two words, little-endian, give two uniform
// numbers of 53 bits. That of position 2^32-1 gives the decision's turn. Means are
// finite; -Inf stands for a candidate that only exploration may draw. [ErrMean] and
// [ErrPolicy] refuse the rest.
package explore
