package erasure

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/aisle-edge/aisle/agent/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

const (
	magic   = "AISLEERA"
	version = 0
	header  = len(magic) + 4
)

var (
	le         = binary.LittleEndian
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// errList: the list of erasures under way can't be read. Who was to be erased is
// known to those who asked: they must ask again.
var errList = errors.New("erasure: keys/erasures is damaged; ask again for the erasures that were not answered")

func appendList(b []byte, tasks []*task) ([]byte, error) {
	b = le.AppendUint32(append(b, magic...), version)
	for _, t := range tasks {
		for _, m := range t.messages() {
			m.Receipt = t.receipt[:]
			one, err := wire.AppendMessage(nil, m)
			if err != nil {
				return nil, err
			}
			b = append(binary.AppendUvarint(b, uint64(len(one))), one...)
		}
	}
	return le.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

func parseList(b []byte) (tasks []*task, err error) {
	n := len(b) - 4
	if n < header || string(b[:len(magic)]) != magic || le.Uint32(b[len(magic):]) != version || crc32.Checksum(b[:n], castagnoli) != le.Uint32(b[n:]) {
		return nil, errList
	}
	for b = b[header:n]; len(b) > 0; {
		size, k := binary.Uvarint(b)
		if k <= 0 || size > uint64(len(b)-k) {
			return nil, errList
		}
		m := new(wire.Erasure)
		if err := wire.DecodeMessage(b[k:k+int(size)], m); err != nil || len(m.Receipt) != 16 || len(m.Pseudonym) != 16 {
			return nil, errList
		}
		tasks = take(tasks, m)
		b = b[k+int(size):]
	}
	return tasks, nil
}

// take adds a message to the erasure it is of.
func take(tasks []*task, m *wire.Erasure) []*task {
	if n := len(tasks); n == 0 || tasks[n-1].receipt != [16]byte(m.Receipt) {
		tasks = append(tasks, &task{found: newFound(wire.Pseudonym(m.Pseudonym)), receipt: [16]byte(m.Receipt), done: make(chan result, 1)})
	}
	t := tasks[len(tasks)-1]
	for _, id := range m.Subjects {
		t.subjects.add(id)
	}
	for _, id := range m.Decisions {
		t.decisions.add(id)
	}
	for _, id := range m.Events {
		t.events.add(id)
	}
	return tasks
}

func readList(path string) ([]*task, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("read the erasures under way: %w", err)
	}
	if len(bytes.Trim(b, "\x00")) == 0 { // it was being destroyed
		return nil, writeList(path, nil)
	}
	return parseList(b)
}

// writeList replaces the list. What it was is overwritten first where the file goes,
// and else lies in blocks the file system no longer shows.
func writeList(path string, tasks []*task) error {
	if len(tasks) > 0 {
		b, err := appendList(nil, tasks)
		if err != nil {
			return err
		}
		return store.Replace(path, func(f *os.File) error {
			_, err := f.Write(b)
			return err
		})
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(make([]byte, info.Size()), 0)
	}
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil {
		return err
	}
	return store.SyncFolder(filepath.Dir(path))
}
