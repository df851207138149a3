package condition

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// numberOf is JavaScript's number of a text, NaN where it is none.
func numberOf(s string) float64 {
	s = strings.TrimSpace(s)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' && strings.IndexByte("xXoObB", s[1]) >= 0 {
		if n, err := strconv.ParseUint(s, 0, 64); err == nil && !strings.Contains(s, "_") {
			return float64(n)
		}
		return math.NaN()
	}
	switch s {
	case "Infinity", "+Infinity":
		return math.Inf(1)
	case "-Infinity":
		return math.Inf(-1)
	}
	if !decimal(s) {
		return math.NaN()
	}
	n, _ := strconv.ParseFloat(s, 64) // out of range is an infinity in both languages
	return n
}

// decimal tells whether s is [sign] digits [. digits] [e [sign] digits], with a
// digit before the exponent.
func decimal(s string) bool {
	s, before := digits(unsigned(s))
	after := 0
	if rest, ok := strings.CutPrefix(s, "."); ok {
		s, after = digits(rest)
	}
	if before+after == 0 {
		return false
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		s, after = digits(unsigned(s[1:]))
		return s == "" && after > 0
	}
	return s == ""
}

func unsigned(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

func digits(s string) (rest string, n int) {
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return s[n:], n
}

// appendNumber appends JavaScript's text of a number.
func appendNumber(dst []byte, x float64) []byte {
	abs := math.Abs(x)
	switch {
	case math.IsInf(x, 0):
		if x < 0 {
			dst = append(dst, '-')
		}
		return append(dst, "Infinity"...)
	case x == 0:
		return append(dst, '0')
	case abs >= 1e-6 && abs < 1e21:
		return strconv.AppendFloat(dst, x, 'f', -1, 64)
	}
	dst = strconv.AppendFloat(dst, x, 'e', -1, 64)
	if i := len(dst) - 2; dst[i] == '0' { // e-07 is written e-7
		dst = slices.Delete(dst, i, i+1)
	}
	return dst
}
