package rulebook

// ParseFeatures reads and checks features.yaml alone: of the rulebook it fills
// what that file says. Its error is Faults.
func ParseFeatures(b []byte, purpose func(string) bool) (*Rulebook, error) {
	d := &decoder{}
	var features featuresFile
	d.file("features.yaml", b, &features)
	features.validate(d, purpose)
	if len(d.faults) > 0 {
		return nil, d.sorted()
	}
	return &Rulebook{Context: features.Context, Features: features.Features, Crosses: features.Crosses, Bits: features.Bits, Hash: features.Hash}, nil
}
