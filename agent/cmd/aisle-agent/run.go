package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/agent"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// load reads the configuration, and sets up the log as it says.
func (g *global) load() (agent.Config, error) {
	c, err := agent.Load(g.config)
	if err != nil {
		return c, terminal.Wrong(fmt.Errorf("%w\ncorrect it, and try it with `aisle-agent check-config`", err))
	}
	return c, nil
}

func (g *global) print(out io.Writer, v any, text string) error {
	if !g.json {
		_, err := fmt.Fprintln(out, text)
		return err
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func runCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use: "run", Short: "Run the node in the foreground", Args: terminal.Words(0, 0, "no words"),
		Long: `Run serves the API until it is interrupted; then it takes no more requests, lets those
in flight end and writes what it holds. The configuration is printed first, without
its secrets. Every value can be given as a variable too: AISLE_HUB_STATUS is hub.status.`,
		Example: "  aisle-agent run --config config.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.load()
			if err != nil {
				return err
			}
			if err := c.CheckFolders(); err != nil {
				return terminal.Wrong(fmt.Errorf("%w\ncorrect it, and try it with `aisle-agent check-config`", err))
			}
			slog.SetDefault(slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: c.LogLevel})))
			go frugal(cmd.Context(), int64(c.Memory))
			var settings []any
			for _, s := range c.Settings() {
				if s[1] != "" && s[1] != "[]" && s[1] != "map[]" {
					settings = append(settings, s[0], s[1])
				}
			}
			slog.Info("configuration", settings...)
			return run(cmd.Context(), c, cmd.OutOrStdout())
		},
	}
}

// maxStarts ends a node that can't be mended by starting again.
const maxStarts = 3

func run(ctx context.Context, c agent.Config, out io.Writer) error {
	for starts := 1; ; starts++ {
		err := runOnce(ctx, c, out)
		if !errors.Is(err, agent.ErrAgain) || starts == maxStarts || ctx.Err() != nil {
			return err
		}
		slog.Error("starting again", "err", err)
	}
}

func runOnce(ctx context.Context, c agent.Config, out io.Writer) error {
	a, err := agent.New(ctx, c, version)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "agent %s of site %s listens on %s\n", a.Identity().Agent, a.Identity().Site, a.URL())
	err = a.Run(ctx)
	return errors.Join(err, a.Close())
}

func checkCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use: "check-config", Short: "Check the configuration, and what it names", Args: terminal.Words(0, 0, "no words"),
		Long:    "Check-config reads the configuration as run does, prints what would be in force, and starts nothing.",
		Example: "  aisle-agent check-config --config config.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.load()
			if err != nil {
				return err
			}
			if err := c.CheckFolders(); err != nil {
				return terminal.Wrong(fmt.Errorf("%w\ncorrect it, and check again", err))
			}
			var text strings.Builder
			values := map[string]string{}
			for _, s := range c.Settings() {
				fmt.Fprintf(&text, "%s: %s\n", s[0], s[1])
				values[s[0]] = s[1]
			}
			return g.print(cmd.OutOrStdout(), values, text.String()+"The configuration is sound.")
		},
	}
}

func versionCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: terminal.Words(0, 0, "no words"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := map[string]string{"version": version}
			if info, ok := debug.ReadBuildInfo(); ok {
				v["go"] = info.GoVersion
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" || s.Key == "GOARCH" || s.Key == "GOOS" {
						v[strings.ToLower(s.Key)] = s.Value
					}
				}
			}
			return g.print(cmd.OutOrStdout(), v, "aisle-agent "+version+" "+v["goos"]+"/"+v["goarch"]+" "+v["go"])
		},
	}
}

func enrolCommand(g *global) *cobra.Command {
	var token, central string
	c := &cobra.Command{
		Use: "enrol", Short: "Join a centre, with a token from `aisle-central enrol AGENT`", Args: terminal.Words(0, 0, "no words"),
		Long: `Enrol makes this node's key, proves it to the centre, and keeps who the node is in the
keys folder. Repeating it with the same token gives the same answer. It needs an
empty state folder, for a node of its own knows people under another secret.`,
		Example: "  aisle-agent enrol --token T --config config.yaml\n  aisle-agent enrol --token T --central http://127.0.0.1:8460",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := g.load()
			if err != nil {
				return err
			}
			if token == "" {
				return terminal.Wrong(errors.New("--token is missing; get one with `aisle-central enrol AGENT`"))
			}
			if central != "" {
				c.Hub.Central = central
			}
			id, err := agent.Enrol(cmd.Context(), c, token)
			if err != nil {
				return err
			}
			return g.print(cmd.OutOrStdout(), map[string]any{"agent": id.Agent, "site": id.Site, "hub": id.Hub},
				fmt.Sprintf("This node is agent %s of site %s; start it with `aisle-agent run`.", id.Agent, id.Site))
		},
	}
	c.Flags().StringVar(&token, "token", os.Getenv("AISLE_TOKEN"), "one-time token (AISLE_TOKEN)")
	c.Flags().StringVar(&central, "central", "", "address of the centre (default hub.central of the configuration)")
	return c
}
