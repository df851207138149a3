package peers

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/dmitryikh/leaves"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/modelfile"
	"github.com/aisle-edge/aisle/modules/modelfile/lightgbm"
	"github.com/aisle-edge/aisle/modules/modelfile/xgboost"
)

// forests are the boosted trees, each library with the file that it reads and we
// with the same. Every call takes the next rows of a pool; we copy them into the
// frame, as a request does, where the others read them in place. One row of many
// goes ways that a processor can't guess; one that comes again and again goes ways
// that it has learnt.
func forests() []contest {
	var all []contest
	for _, c := range []struct {
		name       string
		pool, rows int
	}{{"trees-1-again", 1, 1}, {"trees-1", 250, 1}, {"trees-100", 4000, 100}, {"trees-1000", 4000, 1000}} {
		all = append(all,
			contest{c.name + "/leaves", func(tb testing.TB) []racer {
				file := lightgbmFile(forest())
				return []racer{ourForest(tb, c.pool, c.rows, file, lightgbm.Read), leavesForest(tb, c.pool, c.rows, file)}
			}, 1e-9},
			contest{c.name + "/xgboost", func(tb testing.TB) []racer {
				file := xgboostFile(tb, forest())
				return []racer{ourForest(tb, c.pool, c.rows, file, xgboost.Read), xgboostForest(tb, c.pool, c.rows, file)}
			}, 1e-6})
	}
	return all
}

type reader func(io.Reader, modelfile.Options) (*modelfile.Model, error)

func ourForest(tb testing.TB, pool, rows int, file []byte, read reader) racer {
	tb.Helper()
	model, err := read(bytes.NewReader(file), modelfile.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	module, _ := admitted(tb, model.Scorer)
	in, f := framed(tb, module, model.Scorer.FrameShape(), rows)
	blocks, at := laidOut(tb, f.Shape(), randomRows(3, pool), rows), 0
	return clocked("ours", func() {
		copy(f.Blocks(0, abi.Blocks(rows)), blocks[at])
		at = (at + 1) % len(blocks)
		if err := in.Score(); err != nil {
			tb.Fatal(err)
		}
	}, func() []float64 { return answers(f) })
}

// laidOut is the pool as frames of so many rows hold it, one after the other.
func laidOut(tb testing.TB, s abi.Shape, x []float32, rows int) [][]byte {
	tb.Helper()
	var all [][]byte
	for ; len(x) > 0; x = x[rows*forestColumns:] {
		f, err := abi.New(s, rows)
		if err != nil {
			tb.Fatal(err)
		}
		for r := range rows {
			for c := range forestColumns {
				f.Dense(r/abi.BlockRows, c)[r%abi.BlockRows] = x[r*forestColumns+c]
			}
		}
		all = append(all, f.Blocks(0, abi.Blocks(rows)))
	}
	return all
}

func leavesForest(tb testing.TB, pool, rows int, file []byte) racer {
	tb.Helper()
	model, err := leaves.LGEnsembleFromReader(bufio.NewReader(bytes.NewReader(file)), false)
	if err != nil {
		tb.Fatal(err)
	}
	x, at := widened(randomRows(3, pool)), 0
	out := make([]float64, rows)
	return clocked("leaves", func() {
		next := x[at*forestColumns:][:rows*forestColumns]
		at = (at + rows) % pool
		if rows == 1 {
			out[0] = model.PredictSingle(next, 0)
		} else if err := model.PredictDense(next, rows, forestColumns, out, 0, 1); err != nil {
			tb.Fatal(err)
		}
	}, func() []float64 { return out })
}

func xgboostForest(tb testing.TB, pool, rows int, file []byte) racer {
	tb.Helper()
	model := filepath.Join(tb.TempDir(), "model.json")
	if err := os.WriteFile(model, file, 0o644); err != nil {
		tb.Fatal(err)
	}
	return native(tb, "xgboost", "xgboost", encoded(tb, randomRows(3, pool)),
		"libxgboost.so.0", model, strconv.Itoa(pool), strconv.Itoa(rows), strconv.Itoa(forestColumns))
}
