package scoring

import "strings"

// Hasher turns the values of one column into ids.
type Hasher struct {
	hash    Hash
	feature string // of "feature=value"

	// Of a feature as Vowpal Wabbit names it; seed is its namespace's hash.
	named  bool
	all    bool // digits are hashed like other names
	seed   uint32
	prefix string // what stands before the value
}

// How the hash of a column begins that Vowpal Wabbit hashes; what follows is
// NAMESPACE^PREFIX, for values that it knows as PREFIX with the value behind it.
const (
	HashVW    = "vw:"     // a name of digits is its own number, as by default
	HashVWAll = "vw-all:" // all names are hashed: its --hash all
)

// Named tells a hash that says what is hashed, whatever the column is called.
func Named(hash string) bool {
	return strings.HasPrefix(hash, HashVW) || strings.HasPrefix(hash, HashVWAll)
}

// ParseHasher returns the hasher of that name, of a column of a feature, or
// ErrHash. Names are those of ParseHash, and HashVW or HashVWAll with a name of
// Vowpal Wabbit's behind it.
func ParseHasher(name, feature string) (Hasher, error) {
	rest, named := strings.CutPrefix(name, HashVW)
	all := false
	if !named {
		rest, named = strings.CutPrefix(name, HashVWAll)
		all = true
	}
	if !named {
		hash, err := ParseHash(name)
		return Hasher{hash: hash, feature: feature}, err
	}
	namespace, prefix, ok := strings.Cut(rest, "^")
	if !ok {
		return Hasher{}, ErrHash
	}
	h := Hasher{hash: VW, named: true, all: all, prefix: prefix}
	if namespace != "" {
		h.seed = h.token("", namespace)
	}
	return h, nil
}

// Kind is the hash that ids are made by.
func (h Hasher) Kind() Hash { return h.hash }

// ID is the id of a value. It is never 0, which means missing: Vowpal Wabbit's 0
// gets its highest bit set, which no table and no cross looks at.
func (h Hasher) ID(value string) uint32 {
	if !h.named {
		return h.hash.ID(h.feature, value)
	}
	if id := h.token(h.prefix, value); id != 0 {
		return id
	}
	return 1 << 31
}

// token is the hash of a name in a namespace.
func (h Hasher) token(prefix, value string) uint32 {
	var room [128]byte
	b := append(append(room[:0], prefix...), value...)
	if h.all {
		return murmur(b, h.seed)
	}
	var number uint32
	for _, c := range b {
		if c < '0' || c > '9' {
			return murmur(b, h.seed)
		}
		number = 10*number + uint32(c-'0')
	}
	return number + h.seed
}
