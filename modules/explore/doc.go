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
// position by position: what is shown is feasible no more, rules about the
// prefix take more away, and each logged probability is conditional on the
// positions above. At the first position `none`, showing nothing, may be a
// candidate with a floor f of its own: every p is then scaled by 1-f and none's
// gains f.
//
// The policies: ε-greedy; softmax; SquareCB (Foster and Rakhlin, "Beyond UCB",
// 2020), inverse gap weighting as of Abe and Long (1999) with gaps to the best
// remaining; uniform; and fixed, the best with probability 1.
//
// Everything here is a pure function of its arguments, with the same bits on
// every processor: no clock, no shared generator. The randomness of a position
// is HMAC-SHA256(salt, event id ‖ attempt ‖ position), the numbers as four
// bytes little-endian; its first two words, little-endian, give two uniform
// numbers of 53 bits. Means are finite; -Inf stands for a candidate that only
// exploration may draw. [ErrMean] and [ErrPolicy] refuse the rest.
package explore
