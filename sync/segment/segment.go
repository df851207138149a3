package segment

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"github.com/aisle-edge/aisle/sync/wire"
)

// MaxBytes is the length of the largest segment, everything included.
const MaxBytes = 256 << 10

const (
	version   = 0
	prefix    = 5       // version and length of the header
	maxHeader = 1 << 10 // of the encoded header
	maxRaw    = 4 << 20 // of the unpacked body
)

var (
	// ErrVersion: the first byte names a format this build does not read.
	ErrVersion = errors.New("segment: unknown format version; update this program")
	// ErrSignature: not signed with this key, or altered since.
	ErrSignature = errors.New("segment: signature does not match the device's key")
	// ErrMalformed: the bytes are not a segment.
	ErrMalformed = errors.New("segment: malformed")
	// ErrTooLarge: the records don't fit; seal fewer of them.
	ErrTooLarge = errors.New("segment: records do not fit into 256 KiB")
	// ErrArtifact: an artifact larger than MaxArtifact.
	ErrArtifact = errors.New("segment: artifact larger than 64 MiB")
)

// Signer returns the Ed25519 signature of message under the device key.
type Signer func(message []byte) ([]byte, error)

// Segment is one that was opened: verified and unpacked.
type Segment struct {
	Header *wire.SegmentHeader
	raw    []byte
}

// Seal packs records, of which the first has the sequence h.First. The caller
// fills in agent, epoch, first, the two times and the revision; Seal the rest
// of h. It returns ErrTooLarge when the records don't fit, which one record of
// up to 255 KiB always does.
func Seal(h *wire.SegmentHeader, records [][]byte, sign Signer) ([]byte, error) {
	raw, err := join(records)
	if err != nil {
		return nil, err
	}
	body := encoder.EncodeAll(raw, nil)
	digest := sha256.Sum256(body)
	h.Last = h.First + uint64(len(records)) - 1
	h.RawBytes = uint32(len(raw))
	h.Body = digest[:]
	if err := check(h); err != nil {
		return nil, err
	}
	head, err := wire.AppendMessage(nil, h)
	if err != nil {
		return nil, fmt.Errorf("seal segment %s: %w", ID(h), err)
	}
	n := prefix + len(head) + len(body) + ed25519.SignatureSize
	if n > MaxBytes {
		return nil, ErrTooLarge
	}
	b := append(make([]byte, 0, n), version)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(head)))
	b = append(append(b, head...), body...)
	signature, err := sign(b)
	if err != nil {
		return nil, fmt.Errorf("sign segment %s: %w", ID(h), err)
	}
	if len(signature) != ed25519.SignatureSize {
		return nil, fmt.Errorf("sign segment %s: %w", ID(h), ErrSignature)
	}
	return append(b, signature...), nil
}

// Reseal makes a sealed segment's next revision, with other records in the place of
// some: change gives what is to stand there, nil for what stands there. The result
// is nil when nothing changes. Whoever calls it vouches for the segment: its
// signature is not verified, and the new one may be of another key.
func Reseal(sealed []byte, change func(seq uint64, record []byte) []byte, sign Signer) (*wire.SegmentHeader, []byte, error) {
	s, err := parse(sealed)
	if err != nil {
		return nil, nil, err
	}
	var records [][]byte
	changed := false
	for seq, record := range s.Records() {
		if other := change(seq, record); other != nil {
			record, changed = other, true
		}
		records = append(records, record)
	}
	if !changed {
		return s.Header, nil, nil
	}
	s.Header.Revision++
	resealed, err := Seal(s.Header, records, sign)
	return s.Header, resealed, err
}

// join lays records out as the body does.
func join(records [][]byte) ([]byte, error) {
	n := 0
	for _, r := range records {
		if len(r) == 0 {
			return nil, fmt.Errorf("%w: empty record", ErrMalformed)
		}
		if n += len(r) + binary.MaxVarintLen32; n > maxRaw {
			return nil, ErrTooLarge
		}
	}
	raw := make([]byte, 0, n)
	for _, r := range records {
		raw = append(binary.AppendUvarint(raw, uint64(len(r))), r...)
	}
	return raw, nil
}

// Open verifies and unpacks a segment of the device with this key. The result
// shares no memory with b.
func Open(b []byte, key ed25519.PublicKey) (*Segment, error) {
	signed, signature, err := split(b)
	if err != nil {
		return nil, err
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, signed, signature) {
		return nil, ErrSignature
	}
	return parse(b)
}

// split takes the signature off.
func split(b []byte) (signed, signature []byte, err error) {
	if len(b) < prefix+ed25519.SignatureSize || len(b) > MaxBytes {
		return nil, nil, fmt.Errorf("%w: %d bytes", ErrMalformed, len(b))
	}
	if b[0] != version {
		return nil, nil, ErrVersion
	}
	n := len(b) - ed25519.SignatureSize
	return b[:n], b[n:], nil
}

// parse unpacks a segment of which the signature counts no more.
func parse(b []byte) (*Segment, error) {
	signed, _, err := split(b)
	if err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(signed[1:])
	if n > maxHeader || int(n) > len(signed)-prefix {
		return nil, fmt.Errorf("%w: header of %d bytes", ErrMalformed, n)
	}
	h := new(wire.SegmentHeader)
	if err := wire.DecodeMessage(signed[prefix:prefix+n], h); err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrMalformed, err)
	}
	s := &Segment{Header: h}
	if err := s.unpack(signed[prefix+n:]); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Segment) unpack(body []byte) error {
	if err := check(s.Header); err != nil {
		return err
	}
	if digest := sha256.Sum256(body); !bytes.Equal(digest[:], s.Header.Body) {
		return fmt.Errorf("%w: body is not the header's", ErrMalformed)
	}
	raw, err := unpack(body, int(s.Header.RawBytes))
	if err != nil {
		return err
	}
	s.raw = raw
	return s.count()
}

// check tells whether a header can be that of a segment.
func check(h *wire.SegmentHeader) error {
	switch {
	case h.Agent == "" || len(h.Agent) > 64 || len(h.Epoch) != 16:
		return fmt.Errorf("%w: header names no log", ErrMalformed)
	case h.First == 0 || h.Last < h.First || h.Last-h.First >= maxRaw/2:
		return fmt.Errorf("%w: header names no range", ErrMalformed)
	case h.RawBytes > maxRaw:
		return fmt.Errorf("%w: body of %d bytes", ErrMalformed, h.RawBytes)
	}
	return nil
}

// count walks over the body and compares it with the header's range.
func (s *Segment) count() error {
	records := uint64(0)
	for raw := s.raw; len(raw) > 0; records++ {
		n, k := binary.Uvarint(raw)
		if k <= 0 || n == 0 || n > uint64(len(raw)-k) {
			return fmt.Errorf("%w: record %d of the body", ErrMalformed, records)
		}
		raw = raw[k+int(n):]
	}
	if records != s.Header.Last-s.Header.First+1 {
		return fmt.Errorf("%w: %d records in a range of %d", ErrMalformed, records, s.Header.Last-s.Header.First+1)
	}
	return nil
}

// Records gives each record with its sequence, in order. The payloads are parts
// of the segment's memory and must not be changed.
func (s *Segment) Records() iter.Seq2[uint64, []byte] {
	return func(yield func(uint64, []byte) bool) {
		seq := s.Header.First
		for raw := s.raw; len(raw) > 0; seq++ {
			n, k := binary.Uvarint(raw)
			end := k + int(n)
			if !yield(seq, raw[k:end:end]) {
				return
			}
			raw = raw[end:]
		}
	}
}

// ID names a sealed segment for ever: agent/epoch/first-last, and the revision
// when it was sealed again.
func ID(h *wire.SegmentHeader) string {
	id := fmt.Sprintf("%s/%x/%d-%d", h.Agent, h.Epoch, h.First, h.Last)
	if h.Revision > 0 {
		id += fmt.Sprintf(".%d", h.Revision)
	}
	return id
}
