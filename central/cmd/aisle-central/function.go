package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/nats-io/nkeys"
	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/modules/terminal"
)

func (t *tool) function() *cobra.Command {
	c := &cobra.Command{Use: "function", Short: "Let functions of sites take their actions at the hub"}
	c.AddCommand(t.admit(), t.functions(), t.dismiss())
	return c
}

func (t *tool) admit() *cobra.Command {
	var seed string
	c := &cobra.Command{
		Use: "add SITE FUNCTION --seed FILE", Short: "Give a function a key to the actions of its site, and to nothing else", Args: terminal.Words(2, 2, "a site and a function (stock_room, pricing, fulfilment, service)"),
		Long: "Reads the key from FILE, or makes one there (readable by its owner alone). Only the public half goes to the centre. A function has one key: another one takes its place.",
		RunE: func(c *cobra.Command, args []string) error {
			if seed == "" {
				return terminal.Wrong(errors.New("the key's file is missing; add --seed FILE"))
			}
			public, err := keyIn(seed)
			if err != nil {
				return terminal.Wrong(err)
			}
			var made api.Function
			if err := t.call(c.Context(), "PUT", functionPath(args), api.Admission{PublicKey: public}, &made); err != nil {
				return err
			}
			return t.print(c, made, func(w io.Writer) {
				fmt.Fprintf(w, "%s of %s may take its actions:\n", made.Function, made.Site)
				fmt.Fprintf(w, "  hub %s, key %s, stream %s, consumer %s\n", made.Hub, seed, made.Stream, made.Consumer)
				fmt.Fprintf(w, "  in the client: JetStream prefix %s, inbox prefix %s\n", made.Prefix, made.Inbox)
			})
		},
	}
	c.Flags().StringVar(&seed, "seed", "", "the `FILE` of the key's seed, made if it is not there")
	return c
}

func functionPath(args []string) string {
	return "/functions/" + url.PathEscape(args[0]) + "/" + url.PathEscape(args[1])
}

// keyIn is the public key of the seed in a file, which it makes where there is none.
func keyIn(path string) (public string, err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = freshSeed(path)
	}
	if err != nil {
		return "", err
	}
	key, err := nkeys.ParseDecoratedNKey(b)
	if err == nil {
		public, err = key.PublicKey()
	}
	if err != nil || !nkeys.IsValidPublicUserKey(public) {
		return "", fmt.Errorf("%s holds no seed of a user (nkeys, SU…); name a file that is not there, and one is made", path)
	}
	return public, nil
}

func freshSeed(path string) ([]byte, error) {
	key, err := nkeys.CreateUser()
	if err != nil {
		return nil, err
	}
	seed, err := key.Seed()
	if err != nil {
		return nil, err
	}
	return seed, os.WriteFile(path, append(seed[:len(seed):len(seed)], '\n'), 0o600)
}

func (t *tool) functions() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the functions that have a key", Args: terminal.Words(0, 0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			var list []api.Function
			if err := t.call(c.Context(), "GET", "/functions", nil, &list); err != nil {
				return err
			}
			return t.print(c, list, func(w io.Writer) {
				table := terminal.Table(w, "SITE", "FUNCTION", "CONSUMER", "SINCE", "KEY")
				for _, f := range list {
					terminal.Row(table, f.Site, f.Function, f.Consumer, f.Since.Format(time.RFC3339), f.PublicKey)
				}
				table.Flush()
			})
		},
	}
}

func (t *tool) dismiss() *cobra.Command {
	return &cobra.Command{
		Use: "revoke SITE FUNCTION", Short: "Make the key of a function worthless, at once", Args: terminal.Words(2, 2, "a site and a function"),
		RunE: func(c *cobra.Command, args []string) error {
			return t.call(c.Context(), "DELETE", functionPath(args), nil, nil)
		},
	}
}
