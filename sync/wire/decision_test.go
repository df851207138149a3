package wire_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/aisle-edge/aisle/sync/wire"
)

// A decision written by hand is, byte for byte, what the generated codec writes,
// with any of its fields set or not, also with fields that are added later: then
// this test fails until the hand knows them.
func TestDecisionByHand(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 3000 {
		rec := &wire.Record{AtMs: int64(round) - 100}
		d := &wire.Decision{}
		scribble(r, d.ProtoReflect(), round)
		rec.Body = &wire.Record_Decision{Decision: d}
		want, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend([]byte{wire.Version}, rec)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := wire.Append(nil, rec); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("round %d: %v\n%x, want\n%x, for %v", round, err, got, want, rec)
		}
	}
	odd := &wire.Decision{Slot: "s"}
	odd.ProtoReflect().SetUnknown([]byte{0xa0, 0x06, 0x01})
	b, err := wire.Append(nil, &wire.Record{Body: &wire.Record_Decision{Decision: odd}})
	if err != nil || !bytes.HasSuffix(b, []byte{0xa0, 0x06, 0x01}) {
		t.Errorf("a field of a newer format: %x, %v", b, err)
	}
	if b, err := wire.Append([]byte("x"), &wire.Record{Body: &wire.Record_Decision{Decision: &wire.Decision{Items: []string{"\xff"}}}}); err == nil || string(b) != "x" {
		t.Errorf("text that is not UTF-8: %x, %v", b, err)
	}
	if b, err := wire.Append([]byte("x"), &wire.Record{Body: &wire.Record_Decision{Decision: &wire.Decision{Mean: make([]byte, wire.MaxRecord)}}}); err == nil || string(b) != "x" {
		t.Errorf("too long: %d bytes, %v", len(b), err)
	}
}

// scribble sets fields at random, in some rounds all of them.
func scribble(r *rand.Rand, m protoreflect.Message, round int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if round%3 > 0 && r.IntN(2) == 0 {
			continue
		}
		switch {
		case f.IsList():
			list := m.Mutable(f).List()
			for range r.IntN(4) {
				if f.Kind() == protoreflect.MessageKind {
					e := list.NewElement()
					scribble(r, e.Message(), round)
					list.Append(e)
				} else {
					list.Append(scalar(r, f))
				}
			}
		case f.Kind() == protoreflect.MessageKind:
			scribble(r, m.Mutable(f).Message(), round)
		default:
			m.Set(f, scalar(r, f))
		}
	}
}

func scalar(r *rand.Rand, f protoreflect.FieldDescriptor) protoreflect.Value {
	n := []int64{0, 1, -1, 127, 128, math.MaxInt32, math.MinInt32}[r.IntN(7)]
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n&1 == 1)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n & 3))
	case protoreflect.Sint32Kind, protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind:
		return protoreflect.ValueOfInt64(n << 20)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(uint64(n))
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32([]float32{0, float32(math.Copysign(0, -1)), 0.25, float32(math.Inf(1))}[r.IntN(4)])
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64([]float64{0, math.Copysign(0, -1), 0.25, math.Inf(-1)}[r.IntN(4)])
	case protoreflect.StringKind:
		return protoreflect.ValueOfString([]string{"", "a", "é", string(bytes.Repeat([]byte("long "), 60))}[r.IntN(4)])
	}
	return protoreflect.ValueOfBytes([][]byte{nil, {0}, bytes.Repeat([]byte{7}, 200)}[r.IntN(3)])
}
