package wire_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/aisle-edge/aisle/sync/wire"
)

var rewrite = flag.Bool("rewrite", false, "write the golden file of the current version anew")

const golden = "testdata/v0.txt"

// decision has shown positions and contenders of dense columns each.
func decision(shown, contenders, dense int) *wire.Record {
	rows := shown + contenders
	row := make([]float32, dense)
	for i := range row {
		row[i] = float32(i)/8 - 1
	}
	d := &wire.Decision{
		Id: make([]byte, 16), EventId: "7f8de7c5-5d0c-7c1e-8000-0123456789ab", Request: make([]byte, 32),
		Slot: "home_hero", Site: "store-1",
		Versions:  &wire.Versions{Release: 41, ReleaseId: "r", Module: make([]byte, 32), Model: make([]byte, 32), Rulebook: make([]byte, 32)},
		Pseudonym: make([]byte, 16), Session: make([]byte, 16),
		PurposesUsed: []string{string(wire.PersonalisedOffers)},
		Withheld:     []*wire.Withheld{{Field: "taste", Purpose: string(wire.PersonalisedOffers), Why: "not_granted"}},
		Arms:         []*wire.Arm{{Experiment: "loop", Arm: "learned", Share: 0.8}},
		Policy:       &wire.Policy{Kind: "squarecb", Epsilon: 0.1, Gamma: 50, Contenders: 16},
		Candidates:   1000, Allowed: bytes.Repeat([]byte{0xff}, 125), Catalogue: 7,
		Removed: []*wire.Removal{{Rule: "in-stock", Count: 12}},
		Features: &wire.Features{Columns: make([]byte, 8), ContextDense: wire.Pack(nil, row[:1]),
			ContextCategorical: wire.Pack(nil, []uint32{1, 0})},
		FrameShare: 0.01,
	}
	for i := range rows {
		d.Items = append(d.Items, fmt.Sprintf("%014d", i))
		d.Candidate = wire.Pack(d.Candidate, []uint32{uint32(i)})
		d.Mean = wire.Pack(d.Mean, []float64{float64(i) / 7})
		d.Variance = wire.Pack(d.Variance, []float64{0.5})
		d.Features.Dense = wire.Pack(d.Features.Dense, row)
	}
	for range shown {
		d.Shown = append(d.Shown, &wire.Shown{Probability: 0.7, Feasible: 988, Price: &wire.Money{Amount: 399, Currency: "EUR"},
			TaxRate: 0.07, Cost: 210, CostKnown: true, OnHand: 12,
			Hold: &wire.Hold{Id: make([]byte, 16), UntilMs: 1_767_225_900_000, Quantity: 1}})
	}
	return &wire.Record{AtMs: 1_767_225_600_000, Body: &wire.Record_Decision{Decision: d}}
}

// samples has one message of each kind that is stored or sent.
func samples() map[string]proto.Message {
	person := bytes.Repeat([]byte{0xa1}, 16)
	id := bytes.Repeat([]byte{0x01}, 16)
	eur := &wire.Money{Amount: 399, Currency: "EUR"}
	const at = 1_767_225_600_000
	return map[string]proto.Message{
		"decision":   decision(2, 3, 4),
		"activation": &wire.Record{AtMs: at, Body: &wire.Record_Activation{Activation: &wire.Activation{Decision: id, EventId: "e1"}}},
		"outcome": &wire.Record{AtMs: at, Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: "o1", EventId: "e1", Decision: id,
			Slot: "home_hero", Item: "04006381333931", Type: wire.OutcomeType_OUTCOME_PURCHASE, Quantity: 2, Value: 1, Money: eur,
			HappenedMs: at - 5, JoinedBy: "basket", Pseudonym: person, Basket: id, ConsentVersion: 7}}},
		"consent": &wire.Record{AtMs: at, Body: &wire.Record_Consent{Consent: &wire.Consent{Pseudonym: person, Version: 7,
			Purposes: []string{"measurement", "sensitive:health"}, MarketingObjection: true, Source: "local",
			Evidence: &wire.Evidence{Text: make([]byte, 32), Place: "kiosk-1", AtMs: at}, ConfirmedMs: at}}},
		"stock count": &wire.Record{AtMs: at, Body: &wire.Record_StockCount{StockCount: &wire.StockCount{Item: "a", OnHand: -1, AsOfMs: at}}},
		"stock move":  &wire.Record{AtMs: at, Body: &wire.Record_StockMove{StockMove: &wire.StockMove{Id: "m1", Item: "a", Delta: -2, HappenedMs: at}}},
		"item": &wire.Record{AtMs: at, Body: &wire.Record_Item{Item: &wire.Item{Id: "04006381333931", Scheme: "gtin", Title: "Marker",
			Brand: "B", Category: "office/pens", Price: eur, TaxRate: 0.19, Cost: 150, CostKnown: true, Stock: -3, StockKnown: true,
			Status: "active", Attributes: map[string]string{"colour": "yellow", "animal": "ox", "wet": ""}, Source: "hub"}}},
		"profile":  &wire.Record{AtMs: at, Body: &wire.Record_Profile{Profile: &wire.Profile{Pseudonym: person, Version: 3, Body: []byte{9, 8, 7}, Source: "local"}}},
		"hold end": &wire.Record{AtMs: at, Body: &wire.Record_HoldEnd{HoldEnd: &wire.HoldEnd{Hold: id, Taken: true}}},
		"drop":     &wire.Record{AtMs: at, Body: &wire.Record_Drop{Drop: &wire.Drop{Class: "decision", Why: "full", Count: 12, Pass: 0.25}}},
		"tick":     &wire.Record{AtMs: at, Body: &wire.Record_Tick{Tick: &wire.Tick{}}},
		"header": &wire.SegmentHeader{Agent: "agent-1", Epoch: id, First: 1, Last: 900, RawBytes: 70_000, Body: make([]byte, 32),
			FirstAtMs: at, LastAtMs: at + 5_000},
		"mark": &wire.Mark{Agent: "agent-1", Epoch: id, Committed: 900},
		"erasure": &wire.Record{AtMs: at, Body: &wire.Record_Erasure{Erasure: &wire.Erasure{Receipt: id, Tombstone: id, Version: 7, Pseudonym: id,
			Subjects: [][]byte{id}, Decisions: [][]byte{id}, Events: [][]byte{id}}}},
		"action update": &wire.Record{AtMs: at, Body: &wire.Record_ActionUpdate{ActionUpdate: &wire.ActionUpdate{Decision: id, Position: 1, Plan: 2,
			State: wire.ActionState_ACTION_FAILED, By: "stock-room", Why: "status_404", Item: "a", Quantity: 2, Price: eur}}},
		"action": &wire.Action{Id: append(id[:16:16], 1, 2), EventId: "e1", Slot: "home_hero", Item: "a", Function: "stock_room", Kind: "pick", Quantity: 1,
			Price: eur, CreatedMs: at, DueMs: at + 1_800_000, Approval: true, State: wire.ActionState_ACTION_PROPOSED, ChangedMs: at},
		"prepared": &wire.Prepared{EventId: "e1", Slot: "home_hero", Items: []string{"a"}, Prices: []*wire.Money{eur}, Quantities: []uint32{1},
			Plans: []*wire.Plan{{Function: "service", Kind: "assist", When: wire.OutcomeType_OUTCOME_CLICK, Approval: true, TtlMs: 1_800_000}}, Made: []byte{0, 0}},
		"erased": &wire.Record{AtMs: at, Body: &wire.Record_Erased{Erased: &wire.Erased{Kind: 2, Slot: "home_hero"}}},
		"fairness": &wire.Record{AtMs: at, Body: &wire.Record_Fairness{Fairness: &wire.Fairness{Slot: "home_hero", Group: "local", Rulebook: make([]byte, 32), FromMs: at, UntilMs: at + 1,
			GroupSide: &wire.Side{Decisions: 100, Shown: 20, Exposure: 11.5, Due: 30, Depth: 0.125, Broken: 1}, Rest: &wire.Side{Decisions: 100},
			Unfair: []*wire.Unfair{{Measure: "exposure", Cause: "scores", SinceMs: at}}}}},
		"release": &wire.Release{Counter: 41, Id: "r", CreatedMs: at, MinCounter: 40,
			Artifacts: []*wire.Artifact{{Name: "slots.yaml", Digest: make([]byte, 32), Size: 812}},
			Scorers:   []*wire.Scorer{{Model: "model/home_hero", Emitter: "linear-0", Module: make([]byte, 32)}}},
		"offer": &wire.Offer{Id: "o", Title: "Spring", Kind: "category", Target: "office", Slot: "home_hero", Percent: 10, StartsMs: at, EndsMs: at + 1, Priority: -1, Status: "approved"},
		"status": &wire.Status{Agent: "agent-1", Site: "store-1", Release: 41, LogRecords: 9, Dropped: map[string]uint64{"b": 2, "a": 1},
			Epoch: id, Sequence: 901, AtMs: at, Alarms: []string{"a"}},
	}
}

// One message has one encoding, and what version 0 wrote is read for ever.
func TestGoldenVersion0(t *testing.T) {
	if *rewrite {
		var out strings.Builder
		for _, kind := range slices.Sorted(maps.Keys(samples())) {
			b, err := wire.AppendMessage(nil, samples()[kind])
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s: %x\n", kind, b)
		}
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	left := samples()
	for line := range strings.Lines(string(file)) {
		kind, digits, _ := strings.Cut(strings.TrimSpace(line), ": ")
		want, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatal(err)
		}
		m := left[kind]
		delete(left, kind)
		if got, err := wire.AppendMessage(nil, m); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: encoded as %x, %v", kind, got, err)
		}
		back := m.ProtoReflect().New().Interface()
		if err := wire.DecodeMessage(want, back); err != nil {
			t.Errorf("%s: %v", kind, err)
		} else if diff := cmp.Diff(m, back, protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", kind, diff)
		}
	}
	if len(left) > 0 {
		t.Errorf("not in %s: %v", golden, slices.Collect(maps.Keys(left)))
	}
}

func TestRecordRoundTrip(t *testing.T) {
	prefix := []byte("before")
	for kind, m := range samples() {
		r, ok := m.(*wire.Record)
		if !ok {
			continue
		}
		b, err := wire.Append(prefix, r)
		if err != nil || !bytes.HasPrefix(b, prefix) {
			t.Fatalf("%s: %q, %v", kind, b, err)
		}
		got, err := wire.Decode(b[len(prefix):])
		if err != nil || !proto.Equal(got, r) {
			t.Errorf("%s: got %v, %v", kind, got, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	tick, _ := wire.Append(nil, &wire.Record{Body: &wire.Record_Tick{Tick: &wire.Tick{}}})
	newer := bytes.Clone(tick)
	newer[0] = 1
	deep := bytes.Repeat([]byte{0xa3, 0x06}, 100_000) // unknown fields, one in the other
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"empty":             {nil, wire.ErrSize},
		"too long":          {make([]byte, wire.MaxRecord+1), wire.ErrSize},
		"version":           {newer, wire.ErrVersion},
		"no body":           {[]byte{0}, wire.ErrKind},
		"newer body":        {[]byte{0, 0xa2, 0x06, 0}, wire.ErrKind}, // field 100
		"cut":               {tick[:len(tick)-1], wire.ErrMalformed},
		"length past end":   {[]byte{0, 0x12, 0xff, 0xff, 0x03, 1}, wire.ErrMalformed},
		"nested too deep":   {append([]byte{0}, deep...), wire.ErrMalformed},
		"text is not UTF-8": {[]byte{0, 0x12, 3, 0x12, 1, 0xff}, wire.ErrMalformed},
	} {
		if r, err := wire.Decode(c.b); !errors.Is(err, c.want) || r != nil {
			t.Errorf("%s: got %v, %v; want %v", name, r, err, c.want)
		}
	}

	before := []byte("before")
	outcome := func(id string) *wire.Record {
		return &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: id}}}
	}
	for name, c := range map[string]struct {
		r    *wire.Record
		want error
	}{
		"too long": {outcome(strings.Repeat("x", wire.MaxRecord)), wire.ErrSize},
		"no body":  {&wire.Record{AtMs: 1}, wire.ErrKind},
		"no UTF-8": {outcome("\xff"), wire.ErrMalformed},
	} {
		if b, err := wire.Append(before, c.r); !errors.Is(err, c.want) || string(b) != "before" {
			t.Errorf("%s: got %q, %v; want %v", name, b, err, c.want)
		}
	}

	// The longest that is taken is also read.
	const frame = 1 + 1 + 3 + 1 + 3 // version, outcome and its length, id and its length
	b, err := wire.Append(nil, outcome(strings.Repeat("x", wire.MaxRecord-frame)))
	if err != nil || len(b) != wire.MaxRecord {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	if _, err := wire.Decode(b); err != nil {
		t.Error(err)
	}
}

// No value of a record is ever part of an error.
func TestErrorsHoldNoValue(t *testing.T) {
	const value = "planted"
	_, err := wire.Append(nil, &wire.Record{Body: &wire.Record_Outcome{Outcome: &wire.Outcome{Id: value + "\xff"}}})
	if err == nil || strings.Contains(err.Error(), value) {
		t.Error(err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range samples() {
		b, err := wire.AppendMessage(nil, m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := wire.Decode(b)
		if err != nil {
			return
		}
		again, err := wire.Append(nil, r)
		if err != nil {
			t.Fatal(err)
		}
		back, err := wire.Decode(again)
		if err != nil || !proto.Equal(back, r) {
			t.Fatalf("%v is read back as %v, %v", r, back, err)
		}
	})
}

func BenchmarkAppendDecision(b *testing.B) {
	r := decision(3, 16, 32)
	buf, err := wire.Append(nil, r)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = wire.Append(buf[:0], r)
	}
}

func BenchmarkDecodeDecision(b *testing.B) {
	buf, err := wire.Append(nil, decision(3, 16, 32))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.Decode(buf); err != nil {
			b.Fatal(err)
		}
	}
}
