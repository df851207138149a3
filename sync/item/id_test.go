package item_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aisle-edge/aisle/sync/item"
)

func TestGTIN(t *testing.T) {
	for s, want := range map[string]string{
		"96385074":       "00000096385074", // GTIN-8
		"042100005264":   "00042100005264", // GTIN-12
		"4006381333931":  "04006381333931", // GTIN-13
		"04006381333931": "04006381333931",
		"10614141000415": "10614141000415", // a case of the item

		// UPC-E by its last digit: 0 to 2, 3, 4, 5 to 9.
		"04252614": "00042100005264",
		"01201303": "00012000000133",
		"01278907": "00012000007897",
		"01234531": "00012300000451",
		"01234543": "00012340000053",
		"01234565": "00012345000065",

		"https://id.gs1.org/01/09506000134352":                            "09506000134352",
		"https://example.com/some/path/01/9506000134352/10/AB%2F1?17=261": "09506000134352",
		"http://example.com:8080/01/96385074":                             "00000096385074",

		"(01)09506000134352(17)261231(10)AB-1": "09506000134352",
		"(10)X01(01)09506000134352":            "09506000134352",
		"0109506000134352":                     "09506000134352",
		"]C1010950600013435217261231":          "09506000134352",
		"]d2\x1d0109506000134352":              "09506000134352",
		"]Q317261231" + "0109506000134352":     "09506000134352",
		"]e010AB-1\x1d0109506000134352":        "09506000134352",
		"]C13103001750" + "0109506000134352":   "09506000134352",
	} {
		got, err := item.ID(item.GTIN, s)
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", s, got, err, want)
		}
		if again, err := item.ID(item.GTIN, got); err != nil || again != got {
			t.Errorf("%q again: %q, %v", got, again, err)
		}
	}
}

func TestNoGTIN(t *testing.T) {
	for _, s := range []string{
		"", " ", "4006381333930", "96385075", "1234567", "123456789", "400638133393l", "4006381333931 ", "-4006381333931",
		"٤٠٠٦٣٨١٣٣٣٩٣١", "04252615", "00000000000001",
		"https://id.gs1.org/00/106141412345678908", "https://id.gs1.org/01", "https://id.gs1.org/01/", "https://id.gs1.org/01/123", "ftp://x/01/96385074",
		"https://[", "(01)9506000134352", "(01", "()", "(10)AB", "(x1)1", "]", "]C", "]C1", "]1]01", "]C101", "]E04006381333931", "]C10195060001343520",
		"0109506000134351", "1726123", strings.Repeat("1", 1<<16),
	} {
		if got, err := item.ID(item.GTIN, s); !errors.Is(err, item.ErrID) || got != "" {
			t.Errorf("%.40q is taken as %q, %v", s, got, err)
		}
	}
}

// Eight digits that pass as a GTIN stay what they are in a catalogue of own ids.
func TestSchemeIsNeverGuessed(t *testing.T) {
	for _, s := range []string{"96385074", "4006381333931", "sku 12/ä", "https://id.gs1.org/01/09506000134352"} {
		if got, err := item.ID(item.Own, s); err != nil || got != s {
			t.Errorf("%q became %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", " a", "a ", "a\nb", "a\x00", "\xff", strings.Repeat("x", 257)} {
		if got, err := item.ID(item.Own, s); !errors.Is(err, item.ErrID) {
			t.Errorf("%.40q is taken as %q, %v", s, got, err)
		}
	}
}

// The check digit finds every single wrong digit.
func TestCheckDigitFindsOneWrongDigit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{11, 12, 13}).Draw(t, "n")
		body := rapid.StringMatching(fmt.Sprintf(`[0-9]{%d}`, n)).Draw(t, "body")
		valid := ""
		for check := range 10 {
			s := body + fmt.Sprint(check)
			if _, err := item.ID(item.GTIN, s); err == nil {
				if valid != "" {
					t.Fatalf("both %s and %s pass", valid, s)
				}
				valid = s
			}
		}
		if valid == "" {
			t.Fatalf("no check digit passes for %s", body)
		}
		at, by := rapid.IntRange(0, n).Draw(t, "at"), rapid.IntRange(1, 9).Draw(t, "by")
		wrong := []byte(valid)
		wrong[at] = '0' + (wrong[at]-'0'+byte(by))%10
		if _, err := item.ID(item.GTIN, string(wrong)); err == nil {
			t.Fatalf("%s passes beside %s", wrong, valid)
		}
	})
}

func TestStoreLocal(t *testing.T) {
	for s, want := range map[string]bool{
		"02012345678901": true,  // 201…: GTIN-13
		"02912345678901": true,  // 291…
		"00212345678901": true,  // 02…: a GTIN-12 of number system 2
		"00000020123451": true,  // 20…: GTIN-8
		"03012345678901": false, // 301…
		"00112345678901": false,
		"12012345678901": false, // a case: no store-local code
		"00000096385074": false,
		"":               false,
	} {
		if got := item.StoreLocal(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func FuzzID(f *testing.F) {
	for _, s := range []string{"04252614", "https://id.gs1.org/01/09506000134352", "(01)09506000134352(17)261231", "]C1010950600013435217261231"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := item.ID(item.GTIN, s)
		if err != nil {
			if !errors.Is(err, item.ErrID) || id != "" {
				t.Fatalf("%q, %v", id, err)
			}
			return
		}
		if again, err := item.ID(item.GTIN, id); len(id) != 14 || again != id || err != nil {
			t.Fatalf("%q became %q, then %q, %v", s, id, again, err)
		}
	})
}
