package meter

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// weave writes a function's code with its charges. With a depth above 0 it takes
// that at its entry and gives it back at its end, which a return branches to.
func (w *rewriter) weave(f *function, depth uint32) []byte {
	out := append([]byte(nil), f.code[:f.head]...)
	at := f.head
	for _, e := range f.edits {
		out = append(out, f.code[at:e.at]...)
		at = e.end
		switch {
		case e.kind == editReturn && depth == 0:
			out = append(out, byte(wasm.Return))
		case e.kind == editPick:
			out = append(out, picked(e.value).Bytes()...)
		case e.kind == editOrder:
			out = append(out, ordered(wasm.Op(e.value)).Bytes()...)
		case e.kind != editCharge:
			out = wasm.AppendU32(append(out, editOps[e.kind]), uint32(e.value))
		case e.value == 0:
			out = w.entry(out, f, depth)
		case f.parts[e.value].pays:
			out = append(out, charge(w.fuel(), chargeCost+uint32(f.parts[e.value].cost)).Bytes()...)
		}
	}
	out = append(out, f.code[at:]...)
	if depth > 0 {
		out = append(out, give(w.depth(), depth).Bytes()...)
		out = append(out, byte(wasm.End))
	}
	return out
}

var editOps = [...]byte{editCall: byte(wasm.Call), editRefer: byte(wasm.RefFunc), editReturn: byte(wasm.Br)}

func (w *rewriter) entry(out []byte, f *function, depth uint32) []byte {
	n := chargeCost + uint32(f.parts[0].cost)
	if depth == 0 {
		return append(out, charge(w.fuel(), n).Bytes()...)
	}
	n += takeCost + giveCost + cost(wasm.Block) + cost(wasm.End)
	out = append(out, charge(w.fuel(), n).Bytes()...)
	out = append(out, take(w.depth(), depth).Bytes()...)
	out = append(out, byte(wasm.Block))
	return append(out, w.blockType(w.types[f.typ])...)
}

// blockType is the type of a block that gives what a function gives.
func (w *rewriter) blockType(s signature) []byte {
	switch len(s.out) {
	case 0:
		return []byte{emptyBlock}
	case 1:
		return []byte{byte(s.out[0])}
	}
	return wasm.AppendS64(nil, int64(w.typeOf(signature{out: s.out})))
}
