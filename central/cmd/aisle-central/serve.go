package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/central"
	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/modules/terminal"
)

func (t *tool) run() *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run the centre until it is told to stop", Args: terminal.Words(0, 0, "no words"),
		RunE: func(c *cobra.Command, _ []string) (err error) {
			cfg, err := t.load()
			if err != nil {
				return err
			}
			log := slog.New(handler(c.ErrOrStderr(), cfg.LogLevel))
			centre, err := central.New(c.Context(), cfg, terminal.Version(), log)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, centre.Close()) }()
			out := c.OutOrStdout()
			fmt.Fprintln(out, "console", centre.URL())
			fmt.Fprintln(out, "hub", centre.HubURL())
			if link := centre.Welcome(); link != "" {
				fmt.Fprintln(out, "sign in once, within a quarter of an hour:", link)
			}
			return centre.Run(c.Context())
		},
	}
}

// handler writes for a person on a terminal, and JSON otherwise.
func handler(w io.Writer, level slog.Level) slog.Handler {
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly})
	}
	return slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level})
}

func (t *tool) enrol() *cobra.Command {
	in := api.Invitation{}
	valid := time.Hour
	c := &cobra.Command{
		Use: "enrol AGENT --site SITE", Short: "Print a token with which one agent may join, once", Args: terminal.Words(1, 1, "the agent's name"),
		RunE: func(c *cobra.Command, args []string) error {
			if in.Site == "" {
				return terminal.Wrong(errors.New("the site is missing; add --site SITE"))
			}
			if valid < time.Minute {
				return terminal.Wrong(errors.New("a token is good for a minute at least; write --for 1m or more"))
			}
			in.Agent, in.Minutes = args[0], int(valid.Minutes())
			var token api.Token
			if err := t.call(c.Context(), "POST", "/tokens", in, &token); err != nil {
				return err
			}
			return t.print(c, token, func(w io.Writer) { fmt.Fprintln(w, token.Token) })
		},
	}
	c.Flags().StringVar(&in.Site, "site", "", "the `SITE` that the agent stands at")
	c.Flags().DurationVar(&valid, "for", valid, "how long the token may be used, in whole minutes")
	return c
}

func (t *tool) revoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke AGENT", Short: "Make every key of an agent worthless, at once", Args: terminal.Words(1, 1, "the agent's name"),
		RunE: func(c *cobra.Command, args []string) error {
			return t.call(c.Context(), "POST", "/agents/"+url.PathEscape(args[0])+"/revoke", nil, nil)
		},
	}
}

func (t *tool) link() *cobra.Command {
	return &cobra.Command{
		Use: "link", Short: "Print a one-time link that signs a browser in to the console", Args: terminal.Words(0, 0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := t.load()
			if err != nil {
				return err
			}
			var made api.Link
			if err := t.call(c.Context(), "POST", "/links", nil, &made); err != nil {
				return err
			}
			url := "http://" + cfg.Address + made.Path
			return t.print(c, struct {
				URL string `json:"url"`
			}{url}, func(w io.Writer) { fmt.Fprintln(w, url) })
		},
	}
}
