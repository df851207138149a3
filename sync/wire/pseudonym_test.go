package wire_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/sync/wire"
)

func TestPseudonymIsHMAC(t *testing.T) {
	for _, secret := range []string{"", "s", strings.Repeat("k", 32), strings.Repeat("k", 64), strings.Repeat("k", 65)} {
		for _, id := range []string{"", "42", strings.Repeat("i", 256), strings.Repeat("i", 1000)} {
			mac := hmac.New(sha256.New, []byte(secret))
			fmt.Fprintf(mac, "session\x00%s", id)
			got := wire.Pseudonymise([]byte(secret), wire.Session, id)
			if want := mac.Sum(nil)[:16]; string(got[:]) != string(want) {
				t.Errorf("secret of %d, id of %d bytes: %x, want %x", len(secret), len(id), got, want)
			}
		}
	}
}

func TestPseudonymOfKindsDiffer(t *testing.T) {
	seen := map[wire.Pseudonym]bool{}
	for _, kind := range []wire.Kind{wire.Person, wire.Session, wire.Basket, wire.Household} {
		seen[wire.Pseudonymise([]byte("secret"), kind, "42")] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d pseudonyms of four kinds", len(seen))
	}
}

func TestPseudonymDoesNotAllocate(t *testing.T) {
	secret, id := make([]byte, 32), strings.Repeat("i", 256)
	if n := testing.AllocsPerRun(100, func() { wire.Pseudonymise(secret, wire.Person, id) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPseudonymise(b *testing.B) {
	secret := make([]byte, 32)
	b.ReportAllocs()
	for b.Loop() {
		wire.Pseudonymise(secret, wire.Person, "customer-0012345678")
	}
}

func TestPurposes(t *testing.T) {
	for s, want := range map[string]bool{
		"measurement": true, "personalised_offers": true, "sensitive:health": true, "sensitive:a-b_1": true,
		"": false, "Measurement": false, "personalized_offers": false, "sensitive:": false, "sensitive:Health": false,
		"sensitive:a b": false, "sensitive:" + strings.Repeat("x", 65): false, " measurement": false,
	} {
		p, err := wire.ParsePurpose(s)
		if (err == nil) != want || want && string(p) != s {
			t.Errorf("%q: %q, %v", s, p, err)
		}
	}
}
