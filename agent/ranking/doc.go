// Package ranking makes one decision end to end: who may be known, what may be
// shown, what it is worth, what is drawn, what is promised, what is recorded.
package ranking
