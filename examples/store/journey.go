package store

import (
	"context"
	"errors"
	"strings"

	"github.com/aisle-edge/aisle/central/api"
)

// Forecast is what was predicted of baskets.
type Forecast struct{}

func (f *Forecast) write(b *strings.Builder) {}
func (f *Forecast) told() api.Told           { return api.Told{} }

func replay(ctx context.Context, o Options) error { return errors.New("not yet") }
