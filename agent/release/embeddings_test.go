package release_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aisle-edge/aisle/agent/internal/nodetest"
	"github.com/aisle-edge/aisle/agent/release"
	"github.com/aisle-edge/aisle/modules/embedding"
)

// A release runs with its vectors or without any, and not with what is no table.
func TestVectorsOfARelease(t *testing.T) {
	n := nodetest.New(t, nodetest.Options{})
	slot := strings.Replace(nodetest.Slot, "count: 3", "count: 3\n    mix: {source: profile.bought, purpose: personalised_offers}", 1)
	files := nodetest.Files(t, nodetest.Slots(slot), "version: 0\nrules: []\n", nodetest.Features, nil)
	table, err := embedding.New(1, []uint64{7}, []int8{127})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file []byte
		want int
	}{"none": {nil, 0}, "empty": {new(embedding.Table).Append(nil), 0}, "one": {table.Append(nil), 1}} {
		if files["model/embeddings"] = c.file; c.file == nil {
			delete(files, "model/embeddings")
		}
		n.Use(files)
		a := n.Releases.Active()
		if got := a.Embeddings; (got == nil) != (c.want == 0) || got != nil && got.Len() != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if d := a.Slot("hero").Tastes; d == nil || d.Name != "bought" || a.Profile[len(a.Profile)-1] != *d {
			t.Errorf("%s: the field is declared as %v", name, d)
		}
	}
	files["model/embeddings"] = []byte{0, 1}
	if err := n.Releases.Use(files); !errors.Is(err, release.ErrRelease) || !errors.Is(err, embedding.ErrMalformed) || !strings.Contains(err.Error(), "model/embeddings") {
		t.Error(err)
	}
	if n.Releases.Active() == nil {
		t.Error("what ran does not go on")
	}
}
