// Package scorer is a plugin of go-plugin that scores 100 candidates. All but this
// file is made from scorer.proto.
package scorer

//go:generate protoc --go-plugin_out=. --go-plugin_opt=paths=source_relative scorer.proto
