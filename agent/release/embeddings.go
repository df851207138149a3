package release

import (
	"fmt"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/modules/embedding"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/wire"
)

const embeddingsName = modelPrefix + "embeddings" // named so that the online role may refresh it

// embeddings are the vectors of items, nil where there are none.
func (s *source) embeddings() (*embedding.Table, error) {
	b, err := s.read(embeddingsName)
	if err != nil || b == nil {
		return nil, err
	}
	t, err := embedding.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", embeddingsName, err)
	}
	if t.Len() == 0 {
		return nil, nil
	}
	return t, nil
}

// tastes is the field of a person that a slot's lists are mixed by.
func tastes(s *rulebook.Slot) *consent.Declared {
	if s.Mix == nil {
		return nil
	}
	return &consent.Declared{Name: s.Mix.Field(), Purpose: wire.Purpose(s.Mix.Purpose), TTL: s.Mix.TTL}
}
