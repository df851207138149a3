// Package ownmodule is a scoring module of one's own, from an idea to a running
// agent: README.md, and the program run that does what it says. Here are only its
// tests.
package ownmodule
