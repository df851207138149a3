package central

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/sync/artifact"
	"github.com/aisle-edge/aisle/sync/item"
)

// basketsFile is what was imported, in the state folder: training.ReadBaskets reads it.
const basketsFile = "baskets.csv"

// ImportBaskets makes these the baskets that the centre knows from before its ledger,
// with the next release or refresh, whether it runs now or not.
func ImportBaskets(c Config, in *training.Imported) error {
	if err := os.MkdirAll(c.State, 0o700); err != nil {
		return err
	}
	return artifact.Replace(filepath.Join(c.State, basketsFile), in.CSV())
}

// imported keeps the baskets that were imported until there are others.
type imported struct {
	// immutable after making
	path   string
	scheme item.Scheme
	log    *slog.Logger

	mu     sync.Mutex // guards the rest
	at     time.Time
	size   int64
	groups [][]uint64
}

// baskets reads them where they changed. What can't be read is told, and those of
// before go on.
func (i *imported) baskets() [][]uint64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	if err := i.refresh(); err != nil {
		i.log.Error("read the imported baskets; import them again", "error", err)
	}
	return i.groups
}

func (i *imported) refresh() error {
	info, err := os.Stat(i.path)
	if errors.Is(err, fs.ErrNotExist) {
		i.groups, i.at, i.size = nil, time.Time{}, 0
		return nil
	}
	if err != nil || info.ModTime().Equal(i.at) && info.Size() == i.size {
		return err
	}
	f, err := os.Open(i.path)
	if err != nil {
		return err
	}
	defer f.Close()
	in, err := training.ReadBaskets(f, i.scheme, "basket", "item")
	if err != nil {
		return fmt.Errorf("%s: %w", basketsFile, err)
	}
	i.groups, i.at, i.size = in.Groups, info.ModTime(), info.Size()
	return nil
}
