package condition

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

const (
	maxPattern      = 256
	maxInstructions = 1000
)

// pattern compiles a regular expression whose memory and time are bounded.
func pattern(s string, insensitive bool) (*regexp.Regexp, error) {
	if len(s) > maxPattern {
		return nil, fmt.Errorf("is a pattern of more than %d bytes", maxPattern)
	}
	parsed, err := syntax.Parse(s, syntax.Perl)
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		return nil, fmt.Errorf("is no RE2 pattern: %s", wrong.Code)
	}
	if err != nil {
		return nil, fmt.Errorf("is no RE2 pattern: %w", err)
	}
	if instructions(parsed) > maxInstructions {
		return nil, fmt.Errorf("is a pattern of more than %d instructions; repeat less", maxInstructions)
	}
	if insensitive {
		s = "(?i)" + s
	}
	return regexp.Compile(s)
}

// instructions is about how many a pattern has with its repetitions written out.
func instructions(r *syntax.Regexp) int {
	n := 1 + len(r.Rune)
	if r.Op == syntax.OpCharClass {
		n = 1
	}
	for _, sub := range r.Sub {
		n += instructions(sub)
	}
	if r.Op == syntax.OpRepeat {
		n *= max(r.Min, r.Max, 1)
	}
	return n
}
