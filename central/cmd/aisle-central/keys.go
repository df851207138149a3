package main

import (
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/central/rollout"
	"github.com/aisle-edge/aisle/modules/terminal"
)

func (t *tool) keys() *cobra.Command {
	c := &cobra.Command{Use: "keys", Short: "Make, list and rotate the signing keys"}
	c.AddCommand(t.initKeys(), t.listKeys(), t.rotate())
	return c
}

func (t *tool) keyFolder() (string, error) {
	cfg, err := t.load()
	return filepath.Join(cfg.State, "keys"), err
}

func (t *tool) initKeys() *cobra.Command {
	return &cobra.Command{
		Use: "init", Short: "Make a key for each role that has none", Args: terminal.Words(0, 0, "no words"),
		Long: "The first run does so by itself. Whoever keeps the root key elsewhere makes the keys first, runs central once, and moves the file away.",
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := t.keyFolder()
			if err != nil {
				return err
			}
			if err := rollout.CreateKeys(dir); err != nil {
				return fmt.Errorf("make keys: %w", err)
			}
			return t.printKeys(c, dir)
		},
	}
}

func (t *tool) listKeys() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the keys that are here", Args: terminal.Words(0, 0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			dir, err := t.keyFolder()
			if err != nil {
				return err
			}
			return t.printKeys(c, dir)
		},
	}
}

func (t *tool) printKeys(c *cobra.Command, dir string) error {
	keys, err := rollout.Keys(dir)
	if err != nil {
		return err
	}
	return t.print(c, keys, func(w io.Writer) {
		tab := terminal.Table(w, "ROLE", "KEY")
		for _, k := range keys {
			terminal.Row(tab, k.Role, k.ID)
		}
		tab.Flush()
	})
}

func (t *tool) rotate() *cobra.Command {
	return &cobra.Command{
		Use: "rotate ROLE", Short: "Give a role of the running centre a new key: root, targets, refresh, snapshot or timestamp", Args: terminal.Words(1, 1, "a role"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := t.call(c.Context(), "POST", "/keys/"+url.PathEscape(args[0])+"/rotate", nil, nil); err != nil {
				return err
			}
			dir, err := t.keyFolder()
			if err != nil {
				return err
			}
			return t.printKeys(c, dir)
		},
	}
}
