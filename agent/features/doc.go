// Package features lays what a model may look at into a score frame.
package features
