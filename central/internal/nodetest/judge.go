package nodetest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/aisle-edge/aisle/central/ledger"
	"github.com/aisle-edge/aisle/central/store"
	"github.com/aisle-edge/aisle/sync/wire"
)

// Judge reads the ledger of a centre that does not run, row by row, and says
// what is wrong with it: every record that a node was told is in the ledger must
// be there, no record may be there twice or be another than the node's, and no
// outcome may count twice.
func Judge(ctx context.Context, state string, nodes ...*Node) error {
	db, err := store.Open(state, nil, ledger.Schema)
	if err != nil {
		return err
	}
	defer db.Close()
	l, err := ledger.Open(ctx, filepath.Join(state, "ledger"), db)
	if err != nil {
		return err
	}
	files, err := l.Files(ctx, 0)
	if err != nil {
		return err
	}
	type place struct {
		agent string
		epoch [16]byte
		seq   uint64
	}
	seen := make(map[place][]byte)
	counted := make(map[string]bool)
	var wrong []error
	for _, f := range files {
		err := l.Read(ctx, f, func(_ int64, r *ledger.Row) error {
			at := place{r.Agent, r.Epoch, r.Seq}
			if _, twice := seen[at]; twice {
				wrong = append(wrong, fmt.Errorf("%s: record %d is there twice", r.Agent, r.Seq))
			}
			seen[at] = append([]byte{}, r.Record...)
			if record, err := wire.Decode(r.Record); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: record %d: %w", r.Agent, r.Seq, err))
			} else if o := record.GetOutcome(); o != nil && !r.Duplicate {
				if counted[o.Id] {
					wrong = append(wrong, fmt.Errorf("%s: the outcome of record %d counts twice", r.Agent, r.Seq))
				}
				counted[o.Id] = true
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	found := 0
	for _, n := range nodes {
		known := n.known()
		for seq := uint64(1); seq <= uint64(len(known)); seq++ {
			b, there := seen[place{n.Name, n.Epoch, seq}]
			switch {
			case there && string(b) != string(known[seq-1]):
				wrong = append(wrong, fmt.Errorf("%s: record %d is another than was sent", n.Name, seq))
			case there:
				found++
			case seq <= n.Confirmed():
				wrong = append(wrong, fmt.Errorf("%s: record %d is missing, and the node was told that it is there", n.Name, seq))
			}
		}
	}
	if found != len(seen) {
		wrong = append(wrong, fmt.Errorf("%d records in the ledger are nobody's", len(seen)-found))
	}
	return errors.Join(wrong[:min(len(wrong), 20)]...)
}
