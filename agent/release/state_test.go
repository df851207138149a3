package release

import (
	"os"
	"testing"
)

// FuzzState reads what may be anything.
func FuzzState(f *testing.F) {
	for _, text := range []string{"", `{"version":0,"bank":"a","provisional":true,"starts":2,"contact_ms":5,"quarantine":[{"counter":1,"model":"00","name":"model/x","why":"y"}]}`, `{"bank":"c"}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err != nil {
			return
		}
		if other(s.Bank) == "" {
			t.Fatalf("bank %q", s.Bank)
		}
		dir := t.TempDir()
		if err := s.write(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := readState(dir); err != nil {
			t.Fatal(err)
		}
	})
}

// The bytes of a state never change for version 0.
func TestStateFormat(t *testing.T) {
	golden, err := os.ReadFile("testdata/v0.state.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := parseState(golden)
	if err != nil || s.Bank != "b" || !s.Provisional || s.Starts != 1 || s.ContactMs != 1767225600000 || !s.bans([32]byte{0xab}) || s.bans([32]byte{}) {
		t.Fatalf("%+v, %v", s, err)
	}
	dir := t.TempDir()
	if err := s.write(dir); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(dir + "/state.json"); err != nil || string(got) != string(golden) {
		t.Errorf("%s, %v", got, err)
	}
}
