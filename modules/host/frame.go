package host

import "github.com/aisle-edge/aisle/modules/abi"

// Frame begins a frame of the shape in the module's memory. The view is valid
// until the next call of Frame or Return; what it holds of an earlier frame is
// not cleared. ErrRoom means that the module can't take that many rows.
func (in *Instance) Frame(s abi.Shape, rows int) (*abi.Frame, error) {
	f, _, err := in.FrameOf(nil, s, rows)
	return f, err
}

// FrameOf is Frame for rows that several calls have in common, which tag stands
// for. It gives the tag of the last frame of this instance, if that was of the
// same shape and number of rows: what was written into it is there still.
func (in *Instance) FrameOf(tag any, s abi.Shape, rows int) (f *abi.Frame, had any, err error) {
	if in.module.keeps && in.frame.Shape() == s && in.frame.Rows() == rows {
		had = in.tag
	}
	in.tag = nil
	if f, err = in.begin(s, rows); err != nil {
		return nil, nil, err
	}
	in.tag = tag
	return f, had, nil
}

func (in *Instance) begin(s abi.Shape, rows int) (*abi.Frame, error) {
	if in.began && in.frame.Shape() == s && in.frame.Rows() == rows && in.memory.Size() == in.size {
		copy(in.frame.Bytes(), in.header[:]) // a guest may have written over it
		return &in.frame, nil
	}
	in.began = false
	if s.Validate() != nil || rows < 0 || rows > abi.MaxRows {
		return nil, abi.ErrShape
	}
	size := s.Size(rows)
	if size > in.room {
		if err := in.grow(size); err != nil {
			return nil, err
		}
	}
	b, ok := in.memory.Read(in.at, uint32(size))
	if !ok {
		return nil, ErrRoom
	}
	f, err := abi.Init(b, s, rows)
	if err != nil {
		return nil, err
	}
	in.frame, in.size, in.began = f, in.memory.Size(), true
	copy(in.header[:], f.Bytes())
	return &in.frame, nil
}

func (in *Instance) grow(size int) error {
	in.room = 0
	at, err := in.call(in.module.fuel, in.alloc, uint64(size))
	if err != nil {
		return err
	}
	if at == 0 || at%16 != 0 {
		return ErrRoom
	}
	in.at, in.room = at, size
	return nil
}

// follow takes the view anew if the memory grew under the call: it may have moved.
func (in *Instance) follow() error {
	if in.memory.Size() == in.size {
		return nil
	}
	_, err := in.begin(in.frame.Shape(), in.frame.Rows())
	return err
}
