package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/central"
	"github.com/aisle-edge/aisle/central/release"
	"github.com/aisle-edge/aisle/central/training"
	"github.com/aisle-edge/aisle/modules/terminal"
	"github.com/aisle-edge/aisle/modules/together"
)

// placed says what came of an import.
type placed struct {
	Rows     int             `json:"rows"`
	Refused  int             `json:"refused"`
	Baskets  int             `json:"baskets"`
	Kept     int             `json:"kept"` // with more than one item
	Items    int             `json:"items"`
	Together int             `json:"togetherBytes"`
	Vectors  int             `json:"vectors"` // items that have one
	Bytes    int             `json:"vectorBytes"`
	Sanity   training.Recall `json:"sanity"`
}

func (t *tool) baskets() *cobra.Command {
	var basket, id string
	var dry bool
	c := &cobra.Command{
		Use: "baskets FILE", Short: "Import a till's baskets: what goes together, from the first day", Args: terminal.Words(1, 1, "a CSV file, or - for standard input"),
		Long: "Reads CSV with a header line, a row for each item of a basket, in the order of time, and learns what is bought together (pair.basket_fit) and where items lie (mix, diversity): in the next release or refresh, before what the ledger says. " +
			"Only items and which were together are kept, of the newest 50,000 baskets; another import takes its place. Prints sizes, and of how many baskets the item left out was among ten that were named from the rest.",
		RunE: func(c *cobra.Command, args []string) error {
			cfg, err := t.load()
			if err != nil {
				return err
			}
			from := c.InOrStdin()
			if args[0] != "-" {
				f, err := os.Open(args[0])
				if err != nil {
					return terminal.Wrong(err)
				}
				defer f.Close()
				from = f
			}
			in, err := training.ReadBaskets(from, cfg.Scheme, basket, id)
			if err != nil {
				return terminal.Wrong(fmt.Errorf("%s: %w", args[0], err))
			}
			if len(in.Groups) == 0 {
				return terminal.Wrong(fmt.Errorf("%s: of %d rows, %d were refused, and no basket has two items; are ids of the scheme %s, and --basket and --item right?", args[0], in.Rows, in.Refused, cfg.Scheme))
			}
			if !dry {
				if err := central.ImportBaskets(cfg, in); err != nil {
					return fmt.Errorf("keep the baskets: %w", err)
				}
			}
			p := place(in)
			return t.print(c, p, p.write)
		},
	}
	c.Flags().StringVar(&basket, "basket", "basket", "the `COLUMN` of what tells baskets apart")
	c.Flags().StringVar(&id, "item", "item", "the `COLUMN` of item ids")
	c.Flags().BoolVar(&dry, "dry-run", false, "only print; keep nothing")
	return c
}

func place(in *training.Imported) placed {
	pairs, table := together.Count(slices.Values(in.Groups), together.MaxNear, release.LeastTogether), training.Embed(in.Groups)
	return placed{
		Rows: in.Rows, Refused: in.Refused, Baskets: in.Baskets, Kept: len(in.Groups), Items: in.Items,
		Together: len(pairs.Append(nil)), Vectors: table.Len(), Bytes: len(table.Append(nil)),
		Sanity: training.Sanity(in.Groups, release.LeastTogether),
	}
}

func (p *placed) write(w io.Writer) {
	fmt.Fprintf(w, "%d rows, %d refused: %d baskets of %d items; %d with more than one item are kept\n", p.Rows, p.Refused, p.Baskets, p.Items, p.Kept)
	fmt.Fprintf(w, "model/together.bin %d bytes, model/embeddings %d bytes for %d items\n", p.Together, p.Bytes, p.Vectors)
	s := p.Sanity
	fmt.Fprintf(w, "of %d newer baskets the item left out was among ten of %d: together %d, vectors %d, popularity %d\n", s.Baskets, s.Named, s.Together, s.Vectors, s.Popularity)
}
