package subject

import (
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
)

func TestNamesAreSafeTokens(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, ok := range []string{"a", "store-1", "0", long} {
		if _, err := NewNode(ok, ok); err != nil {
			t.Errorf("%q refused: %v", ok, err)
		}
	}
	for _, bad := range []string{"", "*", ">", "a.b", "A", "a b", "a_b", "ä", long + "a", "a\x00", "a\r\nPUB x 0"} {
		if _, err := NewNode("s", bad); !errors.Is(err, ErrName) {
			t.Errorf("agent %q: %v", bad, err)
		}
		if _, err := NewNode(bad, "a"); !errors.Is(err, ErrName) {
			t.Errorf("site %q: %v", bad, err)
		}
	}
}

func TestParsersInvertBuilders(t *testing.T) {
	n, err := NewNode("store-1", "kiosk-7")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{n.Segment(), n.Status()} {
		if got, err := ParseUp(s); got != n || err != nil {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	s, err := n.Action("stock_room")
	if got, function, perr := ParseAction(s); err != nil || perr != nil || got != n || function != "stock_room" {
		t.Errorf("%s: %v %q %v", s, got, function, perr)
	}
	d := sha256.Sum256([]byte("x"))
	if got, i, err := ParseChunk(Chunk(d, 4294967295)); got != d || i != 4294967295 || err != nil {
		t.Errorf("chunk: %x %d %v", got, i, err)
	}
	for _, name := range []string{"1.root.json", "timestamp.json", strings.Repeat("a", 64) + ".release"} {
		s, err := File(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ParseFile(s); got != name || err != nil || strings.Count(s, ".") != 2 {
			t.Errorf("%s: %q %v", s, got, err)
		}
	}
}

func TestParsersRefuseTheRest(t *testing.T) {
	d := strings.Repeat("0a", 32)
	for _, s := range []string{"", "aisle.up.a.b", "aisle.up.a.b.other", "aisle.up.*.b.seg", "aisle.up.a.b.seg.c", "x.up.a.b.seg"} {
		if _, err := ParseUp(s); !errors.Is(err, ErrName) {
			t.Errorf("up %q: %v", s, err)
		}
	}
	for _, s := range []string{"", "aisle.act.a.b", "aisle.act.a.b.*", "aisle.act.a.b.stock-room", "aisle.act.A.b.pricing", "aisle.act.a.b.pricing.c", "aisle.up.a.b.pricing"} {
		if _, _, err := ParseAction(s); !errors.Is(err, ErrName) {
			t.Errorf("action %q: %v", s, err)
		}
	}
	for _, s := range []string{"", "aisle.art.00.1", "aisle.art." + d + ".01", "aisle.art." + d + ".-1", "aisle.art." + d + ".4294967296",
		"aisle.art." + strings.ToUpper(d) + ".1", "aisle.xxx." + d + ".1", "aisle.art." + strings.Repeat("zz", 32) + ".1"} {
		if _, _, err := ParseChunk(s); !errors.Is(err, ErrName) {
			t.Errorf("chunk %q: %v", s, err)
		}
	}
	for _, s := range []string{"", "aisle.trust.", "aisle.trust.a.b", "aisle.trust.A", "aisle.art.a", "a_b"} {
		if _, err := ParseFile(s); !errors.Is(err, ErrName) {
			t.Errorf("file %q: %v", s, err)
		}
	}
	for _, name := range []string{"", "a_b", "../x", "a/b", "a*", strings.Repeat("a", 129)} {
		if _, err := File(name); !errors.Is(err, ErrName) {
			t.Errorf("name %q: %v", name, err)
		}
	}
}
