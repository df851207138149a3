package segment

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/sync/wire"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

var key = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))

func public() ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

func sign(message []byte) ([]byte, error) { return ed25519.Sign(key, message), nil }

func header(first uint64) *wire.SegmentHeader {
	return &wire.SegmentHeader{Agent: "store-7", Epoch: bytes.Repeat([]byte{0xe1}, 16), First: first, FirstAtMs: 1_700_000_000_000, LastAtMs: 1_700_000_004_000}
}

func some(n int) [][]byte {
	records := make([][]byte, n)
	for i := range records {
		records[i] = fmt.Appendf(nil, "record %d of %d", i, n)
	}
	return records
}

func mustSeal(t testing.TB, h *wire.SegmentHeader, records [][]byte) []byte {
	t.Helper()
	b, err := Seal(h, records, sign)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same opens b and compares it, record by record, with what was sealed.
func same(t testing.TB, b []byte, h *wire.SegmentHeader, records [][]byte) {
	t.Helper()
	s, err := Open(b, public())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(h, s.Header, protocmp.Transform()); d != "" {
		t.Fatal(d)
	}
	seq := h.First
	for got, r := range s.Records() {
		if got != seq || !bytes.Equal(r, records[seq-h.First]) {
			t.Fatalf("record %d is %.40q, wanted %d", got, r, seq)
		}
		seq++
	}
	if seq != h.First+uint64(len(records)) {
		t.Fatalf("%d records, wanted %d", seq-h.First, len(records))
	}
}

func TestWhatIsSealedIsOpened(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		h := header(rapid.Uint64Range(1, 1<<62).Draw(rt, "first"))
		h.Revision = rapid.Uint32().Draw(rt, "revision")
		records := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 400), 1, 200).Draw(rt, "records")
		same(t, mustSeal(t, h, records), h, records)
	})
}

func TestGolden(t *testing.T) {
	name := filepath.Join("testdata", "v0.segment")
	h, records := header(41), some(20)
	if *rewrite {
		if err := os.WriteFile(name, mustSeal(t, h, records), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	// What another release of the compressor makes of it may differ; what is
	// read out of it may not.
	s, err := Open(b, public())
	if err != nil {
		t.Fatal(err)
	}
	h.Last, h.RawBytes, h.Body = 60, s.Header.RawBytes, s.Header.Body
	same(t, b, h, records)
	if id := ID(s.Header); id != "store-7/e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1/41-60" {
		t.Error(id)
	}
}

func TestAlteredIsRefused(t *testing.T) {
	b := mustSeal(t, header(1), some(30))
	for i := range b {
		for bit := range 8 {
			c := bytes.Clone(b)
			c[i] ^= 1 << bit
			if _, err := Open(c, public()); err == nil {
				t.Fatalf("opened with bit %d of byte %d flipped", bit, i)
			}
		}
	}
	for i := range b {
		if _, err := Open(b[:i], public()); err == nil {
			t.Fatalf("opened when cut at %d", i)
		}
	}
	other := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)).Public().(ed25519.PublicKey)
	if _, err := Open(b, other); !errors.Is(err, ErrSignature) {
		t.Errorf("another device's key: %v", err)
	}
	if _, err := Open(b, nil); !errors.Is(err, ErrSignature) {
		t.Errorf("no key: %v", err)
	}
}

// forge signs what the key's owner would never seal.
func forge(h *wire.SegmentHeader, body []byte) []byte {
	head, err := wire.AppendMessage(nil, h)
	if err != nil {
		panic(err)
	}
	b := binary.LittleEndian.AppendUint32([]byte{version}, uint32(len(head)))
	b = append(append(b, head...), body...)
	return append(b, ed25519.Sign(key, b)...)
}

// TestSignedLiesAreRefused: a device whose key was taken can seal what it
// likes; it must not cost the hub more than an error.
func TestSignedLiesAreRefused(t *testing.T) {
	b := mustSeal(t, header(1), some(3))
	s, err := Open(b, public())
	if err != nil {
		t.Fatal(err)
	}
	body := b[prefix+binary.LittleEndian.Uint32(b[1:]) : len(b)-ed25519.SignatureSize]
	lies := map[string]func(h *wire.SegmentHeader){
		"no agent":         func(h *wire.SegmentHeader) { h.Agent = "" },
		"short epoch":      func(h *wire.SegmentHeader) { h.Epoch = h.Epoch[:8] },
		"zero first":       func(h *wire.SegmentHeader) { h.First, h.Last = 0, 2 },
		"one record more":  func(h *wire.SegmentHeader) { h.Last++ },
		"one record less":  func(h *wire.SegmentHeader) { h.Last-- },
		"backwards":        func(h *wire.SegmentHeader) { h.First, h.Last = 3, 1 },
		"endless":          func(h *wire.SegmentHeader) { h.Last = 1 << 63 },
		"another body":     func(h *wire.SegmentHeader) { h.Body[0]++ },
		"a byte more":      func(h *wire.SegmentHeader) { h.RawBytes++ },
		"a byte less":      func(h *wire.SegmentHeader) { h.RawBytes-- },
		"claims gigabytes": func(h *wire.SegmentHeader) { h.RawBytes = 1 << 31 },
	}
	for name, lie := range lies {
		h := proto.Clone(s.Header).(*wire.SegmentHeader)
		lie(h)
		if _, err := Open(forge(h, body), public()); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBombIsNotUnpacked(t *testing.T) {
	bomb, err := Pack(make([]byte, MaxArtifact))
	if err != nil {
		t.Fatal(err)
	}
	if len(bomb) > 100<<10 {
		t.Fatalf("the bomb has %d bytes, too many to be one", len(bomb))
	}
	for _, size := range []int64{0, 1, 1 << 20, MaxArtifact - 1, MaxArtifact + 1, -1, 1 << 62} {
		if _, err := Unpack(bomb, size); err == nil {
			t.Errorf("unpacked 64 MiB where %d were expected", size)
		}
	}
	// A frame that states less than it unpacks to.
	liar := bytes.Clone(bomb)
	binary.LittleEndian.PutUint32(liar[5:], 1<<20)
	if _, err := Unpack(liar, 1<<20); !errors.Is(err, ErrMalformed) {
		t.Errorf("a frame that lies about its size: %v", err)
	}
	// Two frames: the first as stated, the second the bomb.
	first, _ := Pack([]byte("harmless"))
	if _, err := Unpack(append(first, bomb...), 8); !errors.Is(err, ErrMalformed) {
		t.Errorf("a second frame: %v", err)
	}
	if b, err := Unpack(bomb, MaxArtifact); err != nil || len(b) != MaxArtifact {
		t.Errorf("an honest artifact of that size: %d bytes, %v", len(b), err)
	}
	if _, err := Pack(make([]byte, MaxArtifact+1)); !errors.Is(err, ErrArtifact) {
		t.Errorf("a larger one: %v", err)
	}
}

func TestPackUnpack(t *testing.T) {
	random := make([]byte, 300<<10)
	rand.NewChaCha8([32]byte{}).Read(random)
	for _, b := range [][]byte{{}, {0}, []byte("text"), bytes.Repeat([]byte("row "), 1<<20), random} {
		p, err := Pack(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unpack(p, int64(len(b)))
		if err != nil || !bytes.Equal(got, b) {
			t.Errorf("%d bytes came back as %d: %v", len(b), len(got), err)
		}
	}
}

// TestLargestRecordFits: the log takes records of 255 KiB, so each must fit
// into a segment of its own, incompressible and under the longest names.
func TestLargestRecordFits(t *testing.T) {
	record := make([]byte, 255<<10)
	rand.NewChaCha8([32]byte{}).Read(record)
	h := header(1<<62 - 1)
	h.Agent, h.Revision = string(bytes.Repeat([]byte("a"), 64)), 1<<32-1
	b := mustSeal(t, h, [][]byte{record})
	same(t, b, h, [][]byte{record})
	if _, err := Seal(h, [][]byte{record, record}, sign); !errors.Is(err, ErrTooLarge) {
		t.Errorf("two of them: %v", err)
	}
	if _, err := Seal(h, [][]byte{make([]byte, maxRaw)}, sign); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a compressible giant: %v", err)
	}
	for _, records := range [][][]byte{nil, {{}}} {
		if _, err := Seal(h, records, sign); !errors.Is(err, ErrMalformed) {
			t.Errorf("nothing to seal: %v", err)
		}
	}
}

// FuzzOpen signs whatever comes, so that the fuzzer gets behind the signature.
func FuzzOpen(f *testing.F) {
	b := mustSeal(f, header(1), some(5))
	f.Add(b[:len(b)-ed25519.SignatureSize])
	f.Add([]byte{0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := Open(append(b[:len(b):len(b)], ed25519.Sign(key, b)...), public())
		if err != nil {
			return
		}
		records := uint64(0)
		for range s.Records() {
			records++
		}
		if records != s.Header.Last-s.Header.First+1 {
			t.Fatalf("%d records in %d-%d", records, s.Header.First, s.Header.Last)
		}
	})
}

func FuzzUnpack(f *testing.F) {
	p, _ := Pack([]byte("an artifact"))
	f.Add(p, int64(11))
	f.Fuzz(func(t *testing.T, b []byte, size int64) {
		if size > 1<<20 {
			size %= 1 << 20
		}
		if out, err := Unpack(b, size); err == nil && int64(len(out)) != size {
			t.Fatalf("%d bytes, not %d", len(out), size)
		}
	})
}

// events are records as a loop makes them: ids at random, the rest alike.
func events(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	records := make([][]byte, n)
	for i := range records {
		id := make([]byte, 16)
		binary.LittleEndian.PutUint64(id, r.Uint64())
		binary.LittleEndian.PutUint64(id[8:], r.Uint64())
		b, err := wire.Append(nil, &wire.Record{AtMs: 1_700_000_000_000 + int64(i), Body: &wire.Record_Outcome{Outcome: &wire.Outcome{
			Id: fmt.Sprintf("till-3-%d", i), Decision: id, Slot: "home_hero", Item: fmt.Sprintf("0400000000%04d", r.IntN(2000)),
			Type: wire.OutcomeType_OUTCOME_PURCHASE, Quantity: 1, Money: &wire.Money{Amount: int64(r.IntN(2000)), Currency: "EUR"}, JoinedBy: "event"}}})
		if err != nil {
			panic(err)
		}
		records[i] = b
	}
	return records
}

func BenchmarkSeal(b *testing.B) {
	records, h := events(3000), header(1)
	size := 0
	for b.Loop() {
		size = len(mustSeal(b, h, records))
	}
	b.ReportMetric(float64(size)/float64(len(records)), "bytes/event")
	b.ReportMetric(float64(len(records)*b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkOpen(b *testing.B) {
	records := events(3000)
	sealed := mustSeal(b, header(1), records)
	n := 0
	for b.Loop() {
		s, err := Open(sealed, public())
		if err != nil {
			b.Fatal(err)
		}
		for range s.Records() {
			n++
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
}

// TestResealed: other records stand in the place of some, under the same sequences,
// in a segment that is signed like any other; nothing to change is no new revision.
func TestResealed(t *testing.T) {
	records := some(50)
	h := header(7)
	sealed := mustSeal(t, h, records)
	id := ID(h)
	if _, again, err := Reseal(sealed, func(uint64, []byte) []byte { return nil }, sign); again != nil || err != nil {
		t.Errorf("%d bytes, %v", len(again), err)
	}
	h, resealed, err := Reseal(sealed, func(seq uint64, r []byte) []byte {
		if seq%2 == 0 {
			records[seq-7] = []byte("other")
			return []byte("other")
		}
		return nil
	}, sign)
	if err != nil || ID(h) != id+".1" {
		t.Fatal(ID(h), err)
	}
	same(t, resealed, h, records)
	sealed[len(sealed)-ed25519.SignatureSize-1] ^= 1
	if _, _, err := Reseal(sealed, func(uint64, []byte) []byte { return nil }, sign); !errors.Is(err, ErrMalformed) {
		t.Error("a damaged segment was resealed:", err)
	}
}
