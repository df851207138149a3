package rulebook

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/aisle-edge/aisle/modules/rulebook/condition"
)

// Files are the three files as they were written, approved and signed.
type Files struct {
	Slots, Rules, Features []byte

	// Purpose tells whether a text names a purpose. Required.
	Purpose func(string) bool

	// Item writes the id of an item as the catalogue does, or leaves what is none; nil:
	// ids are compared as they are written.
	Item func(string) string
}

// Digest is SHA-256 over the SHA-256 of slots.yaml, rules.yaml and features.yaml
// in this order: one name for all that people decided.
func (f Files) Digest() [sha256.Size]byte {
	var all []byte
	for _, b := range [][]byte{f.Slots, f.Rules, f.Features} {
		sum := sha256.Sum256(b)
		all = append(all, sum[:]...)
	}
	return sha256.Sum256(all)
}

// Rulebook is what the three files say, checked and with defaults filled. It is
// not changed after Parse.
type Rulebook struct {
	Salt       Salt
	Regime     Regime
	Lease      time.Duration // profiles stop so long after consent was confirmed
	Consent    Consent
	MaxOffline time.Duration // scored modules stop after it, then the baseline
	FrameShare float64       // share of decisions that record every allowed candidate
	Slots      []Slot
	Zone       string            // of times in conditions, an IANA name
	Lists      []string          // attributes of items that are lists in conditions
	Groups     condition.Options // that conditions may name
	Rules      []Rule
	Fairness   []Group
	Context    []ContextKey // what requests may say; nil: what features read, of any type
	Features   []Feature
	Crosses    []Cross
	Bits       int  // the hashed table has 2^Bits weights
	Hash       Hash // of categorical values
	Words      []Words
	Digest     [sha256.Size]byte
}

// Slot returns the slot of that id, or nil.
func (r *Rulebook) Slot(id string) *Slot {
	for i := range r.Slots {
		if r.Slots[i].ID == id {
			return &r.Slots[i]
		}
	}
	return nil
}

// Salt keys the seeds of draws. In a file it is 64 hexadecimal digits.
type Salt [32]byte

// UnmarshalText reads the digits.
func (s *Salt) UnmarshalText(b []byte) error {
	if n, err := hex.Decode(s[:], b[:min(len(b), 2*len(s))]); err != nil || n != len(s) || len(b) != 2*n {
		return errors.New("write 64 hexadecimal digits, for instance from `openssl rand -hex 32`")
	}
	return nil
}

// Regime says what a missing consent answer means.
type Regime string

const (
	OptIn  Regime = "opt_in"  // nothing is granted
	OptOut Regime = "opt_out" // what a site may assume until told otherwise
)

// Parse reads and checks the three files. Its error is Faults.
func Parse(f Files) (*Rulebook, error) {
	d := &decoder{}
	var slots slotsFile
	var rules rulesFile
	var features featuresFile
	d.file("features.yaml", f.Features, &features)
	features.validate(d, f.Purpose)
	around := surroundings{purpose: f.Purpose, declared: features.declares, item: f.Item}
	around.speaks = func(tag string) bool { return (&Rulebook{Words: features.Words}).wordsOf(tag, new(Words)) }
	if !d.sound("") {
		around.declared = func(string) bool { return true } // else an echo of faults already told
	}
	d.file("rules.yaml", f.Rules, &rules)
	around.options = rules.groups(d)
	around.options.Form = around.form()
	rules.validate(d, around)
	known := d.sound("")
	d.file("slots.yaml", f.Slots, &slots)
	slots.validate(d, around)
	if known {
		slots.resolve(d, rules.Rules)
	}
	if len(d.faults) > 0 {
		return nil, d.sorted()
	}
	return &Rulebook{
		Salt: slots.Salt, Regime: slots.Regime, Lease: slots.Lease, Consent: slots.Consent, MaxOffline: slots.MaxOffline,
		FrameShare: slots.FrameShare, Slots: slots.Slots, Zone: rules.Zone, Lists: rules.Lists, Groups: around.options, Rules: rules.Rules, Fairness: rules.Fairness,
		Context: features.Context, Features: features.Features, Crosses: features.Crosses, Bits: features.Bits, Hash: features.Hash, Words: features.Words,
		Digest: f.Digest(),
	}, nil
}
