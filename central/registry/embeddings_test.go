package registry

import (
	"bytes"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/trust"
)

// TestVectorsAreReleasedWhereTheyAreNeeded: a folder whose slots ask for them has
// them in every release, empty at first, and the online role may renew them; no other
// folder does.
func TestVectorsAreReleasedWhereTheyAreNeeded(t *testing.T) {
	f, err := Check(folder(t, [3]string{"slots.yaml", "source: {offers: true}", "source: {offers: true}\n    diversity: {mmr: 0.7}"}), item.Own)
	if err != nil {
		t.Fatal(err)
	}
	full, err := f.Assemble(Header{Counter: 1}, Learned{})
	if err != nil {
		t.Fatal(err)
	}
	if none, err := embedding.Parse(full.Artifacts["model/embeddings"]); err != nil || none.Len() != 0 {
		t.Errorf("before anything was bought: %v", err)
	}
	table, err := embedding.New(1, []uint64{7}, []int8{127})
	if err != nil {
		t.Fatal(err)
	}
	next, err := f.Assemble(Header{Counter: 2}, Learned{Embeddings: table})
	if err != nil {
		t.Fatal(err)
	}
	if err := trust.OnlyModels(full.Release, next.Release); err != nil || !bytes.Equal(next.Artifacts["model/embeddings"], table.Append(nil)) {
		t.Errorf("no refresh, or other vectors: %v", err)
	}
	plain, err := checked(t).Assemble(Header{Counter: 1}, Learned{Embeddings: table})
	if err != nil || plain.Artifacts["model/embeddings"] != nil {
		t.Errorf("vectors that nothing needs are released; %v", err)
	}
	_, err = Check(folder(t, [3]string{"slots.yaml", "model: common", "model: embeddings"}), item.Own)
	if err == nil || !strings.Contains(err.Error(), "embeddings is the name of the vectors of items; choose another") {
		t.Error(err)
	}
}
