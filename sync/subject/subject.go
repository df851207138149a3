// Package subject builds and parses every subject, stream and inbox name in
// one place, so that what a node may say and what the hub lets it say cannot
// drift apart.
//
//	aisle.up.<site>.<agent>.seg     a sealed segment of an agent's log
//	aisle.up.<site>.<agent>.status  an agent's account of itself, kept nowhere
//	aisle.act.<site>.<agent>.<function>  an approved action for a function of the site
//	aisle.mark.<agent>              how far its log is in the ledger
//	aisle.art.<sha256>.<n>          chunk n of an artifact, digest in hex
//	aisle.trust.<file>              a trust file, '.' written as '_'
//
// Agent names are unique in a fleet. No subject carries a value of a person.
// Parsers return ErrName for whatever the builders cannot have made.
package subject

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrName is returned for a name or subject outside the grammar above.
var ErrName = errors.New("subject: malformed name")

// Stream is the name of a JetStream stream.
type Stream string

const (
	// Up keeps segments until they are in the ledger.
	Up Stream = "AISLE_UP"
	// Actions keeps approved actions for whoever carries them out, a day.
	Actions Stream = "AISLE_ACTIONS"
	// Artifacts keeps chunks of artifacts, one message a subject.
	Artifacts Stream = "AISLE_ARTIFACTS"
	// Trust keeps trust files, the last of each name.
	Trust Stream = "AISLE_TRUST"
	// Marks keeps the last mark of each agent.
	Marks Stream = "AISLE_MARKS"
)

// Statuses matches the statuses of all agents.
const Statuses = "aisle.up.*.*.status"

// Subjects is the filter of what the stream keeps.
func (s Stream) Subjects() string {
	switch s {
	case Up:
		return "aisle.up.*.*.seg"
	case Actions:
		return "aisle.act.*.*.*"
	case Artifacts:
		return "aisle.art.*.*"
	case Trust:
		return "aisle.trust.*"
	default:
		return "aisle.mark.*"
	}
}

// Get is where to ask for the last message the stream keeps under a subject.
func (s Stream) Get(subject string) string {
	return "$JS.API.DIRECT.GET." + string(s) + "." + subject
}

// Node is an agent at its site, its names known to be safe as tokens.
type Node struct{ site, agent string }

// NewNode checks that both names are [a-z0-9-]{1,64}.
func NewNode(site, agent string) (Node, error) {
	for _, name := range []string{site, agent} {
		if !token(name, "-") || len(name) > 64 {
			return Node{}, fmt.Errorf("%w: %.80q is not [a-z0-9-]{1,64}", ErrName, name)
		}
	}
	return Node{site, agent}, nil
}

// Site names the store or place, Agent the node itself.
func (n Node) Site() string  { return n.site }
func (n Node) Agent() string { return n.agent }

// Segment is where the node publishes segments.
func (n Node) Segment() string { return n.up("seg") }

// Status is where the node publishes its status.
func (n Node) Status() string { return n.up("status") }

// Action is where the node publishes actions for a function, [a-z0-9_]{1,64}.
func (n Node) Action(function string) (string, error) {
	if !token(function, "_") || len(function) > 64 {
		return "", fmt.Errorf("%w: function %.80q", ErrName, function)
	}
	return "aisle.act." + n.site + "." + n.agent + "." + function, nil
}

// Actions matches where the node publishes actions.
func (n Node) Actions() string { return "aisle.act." + n.site + "." + n.agent + ".*" }

// ParseAction is the inverse of Action.
func ParseAction(subject string) (n Node, function string, err error) {
	p := strings.Split(subject, ".")
	if len(p) != 5 || p[0] != "aisle" || p[1] != "act" {
		return Node{}, "", malformed(subject)
	}
	if n, err = NewNode(p[2], p[3]); err != nil {
		return Node{}, "", err
	}
	if _, err := n.Action(p[4]); err != nil {
		return Node{}, "", err
	}
	return n, p[4], nil
}

func (n Node) up(kind string) string { return "aisle.up." + n.site + "." + n.agent + "." + kind }

// Mark is where the node's mark is published.
func (n Node) Mark() string { return "aisle.mark." + n.agent }

// Inbox is the prefix of the node's replies, without its final dot.
func (n Node) Inbox() string { return "_INBOX_" + n.agent }

// ParseUp reads whose segment or status a subject is.
func ParseUp(subject string) (Node, error) {
	p := strings.Split(subject, ".")
	if len(p) != 5 || p[0] != "aisle" || p[1] != "up" || (p[4] != "seg" && p[4] != "status") {
		return Node{}, malformed(subject)
	}
	return NewNode(p[2], p[3])
}

// Chunk is where chunk i of an artifact lies.
func Chunk(digest [32]byte, i uint32) string {
	return "aisle.art." + hex.EncodeToString(digest[:]) + "." + strconv.FormatUint(uint64(i), 10)
}

// ParseChunk is the inverse of Chunk.
func ParseChunk(subject string) (digest [32]byte, i uint32, err error) {
	p := strings.Split(subject, ".")
	if len(p) != 4 || len(p[2]) != 64 {
		return digest, 0, malformed(subject)
	}
	n, nerr := strconv.ParseUint(p[3], 10, 32)
	_, herr := hex.Decode(digest[:], []byte(p[2]))
	if nerr != nil || herr != nil || Chunk(digest, uint32(n)) != subject {
		return [32]byte{}, 0, malformed(subject)
	}
	return digest, uint32(n), nil
}

// File is where the trust file of a name lies. Names are [a-z0-9.-]{1,128}.
func File(name string) (string, error) {
	if !token(name, ".-") || len(name) > 128 {
		return "", fmt.Errorf("%w: trust file %.80q", ErrName, name)
	}
	return "aisle.trust." + strings.ReplaceAll(name, ".", "_"), nil
}

// ParseFile is the inverse of File.
func ParseFile(subject string) (name string, err error) {
	rest, found := strings.CutPrefix(subject, "aisle.trust.")
	name = strings.ReplaceAll(rest, "_", ".")
	if back, err := File(name); !found || err != nil || back != subject {
		return "", malformed(subject)
	}
	return name, nil
}

// token tells whether s is made of [a-z0-9] and the characters of more only.
func token(s, more string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(more, c) < 0 {
			return false
		}
	}
	return s != ""
}

func malformed(subject string) error { return fmt.Errorf("%w: %.120q", ErrName, subject) }
