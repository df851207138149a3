package item

import (
	"fmt"
	"net/url"
	"strings"
)

// keyOf takes the GTIN out of a GS1 Digital Link or an element string; ok is
// false when s is neither.
func keyOf(s string) (key string, ok bool, err error) {
	switch {
	case strings.Contains(s, "://"):
		key, err = keyOfLink(s)
	case strings.HasPrefix(s, "("):
		key, err = keyOfBracketed(s)
	case strings.HasPrefix(s, "]"):
		key, err = keyOfScan(s)
	case len(s) > 14 && predefined(s) > 0:
		key, err = keyOfElements(s)
	default:
		return "", false, nil
	}
	return key, true, err
}

// keyOfLink reads a GS1 Digital Link URI: the path segment after 01, on whatever
// domain and under whatever path (GS1 Digital Link Standard: URI Syntax).
func keyOfLink(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%w: a GS1 Digital Link starts with https://", ErrID)
	}
	segments := strings.Split(u.Path, "/")
	for i, s := range segments[:len(segments)-1] {
		if s == "01" && digits(segments[i+1]) {
			return segments[i+1], nil
		}
	}
	return "", fmt.Errorf("%w: this link has no /01/ followed by a GTIN", ErrID)
}

// keyOfBracketed reads an element string as people write it: (01)…(17)….
func keyOfBracketed(s string) (string, error) {
	for rest := s; rest != ""; {
		ai, value, ok := strings.Cut(rest[1:], ")")
		if !ok || !digits(ai) {
			break
		}
		end := strings.IndexByte(value, '(')
		if end < 0 {
			end = len(value)
		}
		if ai == "01" {
			return value[:end], elementLength(value[:end])
		}
		rest = value[end:]
	}
	return "", errNoElement
}

// symbologies of GS1 element strings: GS1-128, DataBar, DataMatrix, QR, DotCode.
const symbologies = "]C1]e0]d2]Q3]J1"

func keyOfScan(s string) (string, error) {
	if at := strings.Index(symbologies, s[:min(3, len(s))]); len(s) < 3 || at%3 != 0 {
		return "", fmt.Errorf("%w: this symbol is no GS1 element string; scan the plain code", ErrID)
	}
	return keyOfElements(s[3:])
}

// keyOfElements reads an element string as scanners send it: elements of known
// length follow each other, others end with a group separator.
func keyOfElements(s string) (string, error) {
	const separator = "\x1d"
	for s = strings.TrimPrefix(s, separator); s != ""; s = strings.TrimPrefix(s, separator) {
		n := predefined(s)
		switch {
		case n > len(s):
			return "", errNoElement
		case strings.HasPrefix(s, "01"):
			return s[2:n], elementLength(s[2:n])
		case n > 0:
			s = s[n:]
		default:
			_, s, _ = strings.Cut(s, separator)
		}
	}
	return "", errNoElement
}

// predefined is the length, with its identifier, of an element whose length is
// fixed by the first two digits, or 0 (GS1 General Specifications).
func predefined(s string) int {
	if len(s) < 2 || !digits(s[:2]) {
		return 0
	}
	switch ai := s[:2]; {
	case ai == "00":
		return 20
	case ai == "01" || ai == "02" || ai == "03":
		return 16
	case ai == "04":
		return 18
	case ai >= "11" && ai <= "19":
		return 8
	case ai == "20":
		return 4
	case ai >= "31" && ai <= "36":
		return 10
	case ai == "41":
		return 16
	}
	return 0
}

// elementLength: in an element string a GTIN always has fourteen digits.
func elementLength(key string) error {
	if len(key) != 14 {
		return fmt.Errorf("%w: element (01) has fourteen digits", ErrID)
	}
	return nil
}

var errNoElement = fmt.Errorf("%w: this element string has no (01) with fourteen digits", ErrID)
