package condition

import "strings"

// appendVersion appends a form of a version by which texts have the order of
// versions: without a leading v and without what follows a plus, numbers padded
// to five places, and a version of three parts above its pre-releases.
func appendVersion(dst []byte, s string) []byte {
	s = strings.TrimPrefix(s, "v")
	if i := strings.IndexByte(s, '+'); i >= 0 {
		s = s[:i]
	}
	parts := 0
	for more := true; more; parts++ {
		part := s
		i := strings.IndexAny(s, "-.")
		if more = i >= 0; more {
			part, s = s[:i], s[i+1:]
		}
		if parts > 0 {
			dst = append(dst, '-')
		}
		dst = appendPart(dst, part)
	}
	if parts == 3 {
		dst = append(dst, "-~"...)
	}
	return dst
}

func appendPart(dst []byte, part string) []byte {
	const places = "     "
	if rest, n := digits(part); rest == "" && n > 0 && n < len(places) {
		dst = append(dst, places[n:]...)
	}
	return append(dst, part...)
}

// version is the text that counts as a value's version.
func (v *Value) version() string {
	switch {
	case v.kind == number:
		return v.text()
	case v.kind == text && v.s != "":
		return v.s
	}
	return "0"
}
