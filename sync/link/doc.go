// Package link is the only door to NATS. [Agent] is a node's end of the way
// up and down, [Central] the centre's.
//
// Both dial for ever: Run connects, stays until the connection is lost, waits
// with full jitter and connects anew. Nothing is ever kept for later: while
// there is no connection each call fails at once with [ErrOffline], and a call
// whose connection is lost before the answer fails too, though the hub may
// have acted on it. Every operation is therefore safe to repeat: a segment
// carries its id, a chunk its digest, a trust file its version.
//
// The names of streams and subjects are those of package subject. Live
// messages (a mark, a new timestamp file) are hints only: [Agent.Follow] asks
// for the stored value after each connect and once a Poll, so that a lost hint
// costs time and nothing else.
package link
