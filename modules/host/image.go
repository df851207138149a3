package host

import (
	"github.com/tetratelabs/wazero/api"
)

// image is what each score of a foreign module begins from: its state right after
// _initialize, aisle_model and room for a frame. It does not change.
type image struct {
	memory    []byte
	variables []uint64
	at        uint32 // of the frame's room
	room      int
}

// prepare asks for room for a frame of so many bytes. A module that has none may
// have some for fewer rows.
func (in *Instance) prepare(size int) error {
	if err := in.grow(size); err != nil && in.broken {
		return err
	}
	return nil
}

// picture takes the image of an instance that nobody has borrowed yet.
func (in *Instance) picture() *image {
	b, _ := in.memory.Read(0, in.memory.Size())
	i := &image{memory: append([]byte(nil), b...), at: in.at, room: in.room}
	for _, v := range in.variables {
		i.variables = append(i.variables, v.Get())
	}
	return i
}

// restore makes the instance what the image shows. It can't where the memory is
// larger, which a module could tell, or where a call failed.
func (in *Instance) restore(i *image) bool {
	if in.broken || in.memory.Size() > uint32(len(i.memory)) {
		return false
	}
	if less := uint32(len(i.memory)) - in.memory.Size(); less > 0 {
		if _, ok := in.memory.Grow(less >> pageShift); !ok {
			return false
		}
	}
	in.memory.Write(0, i.memory)
	for k, v := range in.variables {
		v.Set(i.variables[k])
	}
	in.at, in.room, in.began, in.tag = i.at, i.room, false, nil
	return true
}

const pageShift = 16

// variablesOf finds the exports that meter.Expose gave a module's variables.
func variablesOf(guest api.Module, names []string) (out []api.MutableGlobal) {
	for _, name := range names {
		out = append(out, guest.ExportedGlobal(name).(api.MutableGlobal))
	}
	return out
}
