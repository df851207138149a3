package main

import (
	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/host"
)

// sampled begins a frame and fills it with values that the golden vectors try, of
// which the first misses none: so that what depends on them, as the way through a
// tree does, goes every way. The same file gets the same frame.
func (f *file) sampled(in *host.Instance, rows int) (*abi.Frame, error) {
	shape, err := f.Manifest.Frame()
	if err != nil {
		return nil, err
	}
	frame, err := in.Frame(shape, rows)
	if err != nil {
		return nil, err
	}
	return frame, f.Golden[0].Resample(frame)
}
