// Package peers races our modules against what else one would use: native C, plain
// Go, other libraries for trees, other ways to run a plugin, and our own modules
// without a meter. It is a module of its own, so that nobody else depends on the
// peers.
//
// Everything is in its tests. TestPeersAgree demands that peers compute what we
// do; BenchmarkPeers races them, and command goals holds the figures against
// what we promise. C is compiled by clang and runs in a process of its own that
// tells how long it took.
package peers
