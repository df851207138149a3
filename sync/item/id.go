package item

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Scheme says what the identifiers of a catalogue are. Its zero value is Own.
type Scheme string

const (
	GTIN Scheme = "gtin"
	Own  Scheme = "own"
)

// ErrID: a text that is no identifier of the scheme. The wrapped message says
// what is wrong.
var ErrID = errors.New("not a valid id")

const maxID = 256

// ID brings a written identifier into the form in which items are compared:
// fourteen digits under GTIN, itself under Own (1 to 256 bytes of printable
// UTF-8 without spaces around). It returns an ErrID otherwise.
func ID(scheme Scheme, s string) (string, error) {
	if scheme == GTIN {
		return gtin(s)
	}
	return own(s)
}

// Form is ID for who names what may not be an item: what is none stays as it is.
func (scheme Scheme) Form(s string) string {
	if scheme != GTIN {
		return s
	}
	if id, err := gtin(s); err == nil {
		return id
	}
	return s
}

func own(s string) (string, error) {
	switch {
	case s == "" || len(s) > maxID:
		return "", fmt.Errorf("%w: write 1 to %d bytes", ErrID, maxID)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "", fmt.Errorf("%w: write printable UTF-8 only", ErrID)
	case s[0] == ' ' || s[len(s)-1] == ' ':
		return "", fmt.Errorf("%w: remove the spaces around it", ErrID)
	}
	return s, nil
}

func gtin(s string) (string, error) {
	if key, ok, err := keyOf(s); err != nil {
		return "", err
	} else if ok {
		return normal(key)
	}
	if len(s) == 8 && s[0] == '0' && digits(s) {
		return normal(expandUPCE(s))
	}
	return normal(s)
}

// normal pads a GTIN of any length to fourteen digits and verifies it.
func normal(s string) (string, error) {
	switch n := len(s); {
	case !digits(s) || n != 8 && n != 12 && n != 13 && n != 14:
		return "", fmt.Errorf("%w: a GTIN has 8, 12, 13 or 14 digits; if these are your own ids, state scheme own", ErrID)
	case checkDigit(s[:n-1]) != s[n-1]:
		return "", fmt.Errorf("%w: the check digit is wrong; read the code again", ErrID)
	}
	return strings.Repeat("0", 14-len(s)) + s, nil
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// checkDigit is the digit that follows s: weights 3 and 1 from the right
// (GS1 General Specifications).
func checkDigit(s string) byte {
	sum := 0
	for i := range len(s) {
		weight := 1 + 2*((len(s)-i)%2)
		sum += weight * int(s[i]-'0')
	}
	return byte('0' + (10-sum%10)%10)
}

// expandUPCE writes the twelve digits that a UPC-E code abbreviates; its sixth
// digit says where the zeros were left out (GS1 General Specifications).
func expandUPCE(s string) string {
	code, check := s[1:7], s[7:]
	switch last := code[5:]; last {
	case "0", "1", "2":
		return s[:1] + code[:2] + last + "0000" + code[2:5] + check
	case "3":
		return s[:1] + code[:3] + "00000" + code[3:5] + check
	case "4":
		return s[:1] + code[:4] + "00000" + code[4:5] + check
	default:
		return s[:1] + code[:5] + "0000" + last + check
	}
}

// StoreLocal tells whether a fourteen-digit GTIN means something only within one
// shop: prefix 02 or 20 to 29, as on weighed goods. A shop's goods may carry
// another's code, so such an id is never one item across shops.
func StoreLocal(gtin string) bool {
	if len(gtin) != 14 || gtin[0] != '0' {
		return false
	}
	prefix := gtin[1:3]
	if strings.HasPrefix(gtin, "000000") { // a GTIN-8
		prefix = gtin[6:8]
	}
	return prefix == "02" || prefix[0] == '2'
}
