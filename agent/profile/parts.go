package profile

import (
	"bufio"
	"errors"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"slices"

	"github.com/aisle-edge/aisle/sync/wire"
)

// turn opens the file of an hour for appending behind its last whole part.
func (r *Replay) turn(h int64) error {
	if r.file != nil && r.hour == h {
		return nil
	}
	if err := r.let(); err != nil {
		return err
	}
	f, err := os.OpenFile(r.path(h), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	end, err := scan(f, func([16]byte, wire.Pseudonym, []byte) error { return nil })
	if end == 0 && err == nil {
		end = replayHeader
		_, err = f.WriteAt(le.AppendUint32([]byte(replayMagic), version), 0)
	}
	if err == nil {
		err = f.Truncate(end)
	}
	if err == nil {
		_, err = f.Seek(end, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, f.Close())
	}
	r.file, r.hour = f, h
	return nil
}

// scan calls fn for each whole part and gives the offset behind the last; 0 when
// the file is not one of parts. Its error is fn's.
func scan(from io.Reader, fn func(id [16]byte, who wire.Pseudonym, sealed []byte) error) (end int64, err error) {
	in := bufio.NewReaderSize(from, 64<<10)
	head := make([]byte, replayHeader)
	if _, err := io.ReadFull(in, head); err != nil || string(head[:8]) != replayMagic || le.Uint32(head[8:]) != version {
		return 0, nil
	}
	end, err = scanParts(in, fn)
	return replayHeader + end, err
}

// scanParts is scan of what comes behind the header, or behind a whole part.
func scanParts(in io.Reader, fn func(id [16]byte, who wire.Pseudonym, sealed []byte) error) (end int64, err error) {
	head := make([]byte, partHeader)
	var sealed []byte
	for {
		if _, err := io.ReadFull(in, head); err != nil {
			return end, nil
		}
		n := int(le.Uint32(head))
		if n > maxPart {
			return end, nil
		}
		sealed = slices.Grow(sealed[:0], n)[:n]
		if _, err := io.ReadFull(in, sealed); err != nil {
			return end, nil
		}
		if crc32.Update(crc32.Checksum(head[8:], castagnoli), castagnoli, sealed) != le.Uint32(head[4:]) {
			slog.Warn("a replay part is damaged; those behind it are lost")
			return end, nil
		}
		if err := fn([16]byte(head[8:24]), wire.Pseudonym(head[24:40]), sealed); err != nil {
			return end, err
		}
		end += int64(partHeader + n)
	}
}

// frame fills in the length and the checksum of a part.
func frame(part []byte) {
	le.PutUint32(part, uint32(len(part)-partHeader))
	le.PutUint32(part[4:], crc32.Checksum(part[8:], castagnoli))
}
