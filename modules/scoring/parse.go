package scoring

// Parse reads the bytes of a model of any family, which their magic tells, or
// returns ErrModel.
func Parse(b []byte) (Model, error) {
	if len(b) < len(magic) {
		return nil, ErrModel
	}
	switch string(b[:len(magic)]) {
	case magic:
		return parsed(Decode(b))
	case magicLinUCB:
		return parsed(DecodeLinUCB(b))
	case magicFactor:
		return parsed(DecodeFactor(b))
	case treesMagic:
		return parsed(DecodeTrees(b))
	}
	return nil, ErrModel
}

// parsed keeps a nil pointer from becoming a model.
func parsed[M Model](m M, err error) (Model, error) {
	if err != nil {
		return nil, err
	}
	return m, nil
}
