package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/central/api"
	"github.com/aisle-edge/aisle/central/registry"
	"github.com/aisle-edge/aisle/central/release"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/terminal"
)

func (t *tool) release() *cobra.Command {
	c := &cobra.Command{Use: "release", Short: "Check, propose, publish and roll back what agents run"}
	c.AddCommand(t.check(), t.propose(), t.publish(), t.rollback(), t.list(), t.status())
	return c
}

// folder reads and checks a release folder; faults go to standard output.
func (t *tool) folder(c *cobra.Command, dir string) (*registry.Folder, error) {
	cfg, err := t.load()
	if err != nil {
		return nil, err
	}
	f, err := registry.Check(dir, cfg.Scheme)
	var faults rulebook.Faults
	if !errors.As(err, &faults) {
		return f, terminal.Wrong(err)
	}
	var list []api.Fault
	for _, x := range faults {
		list = append(list, api.Fault{File: x.File, Line: x.Line, Path: x.Path, Problem: x.Problem})
	}
	return nil, t.faults(c, dir, list)
}

func (t *tool) faults(c *cobra.Command, dir string, faults []api.Fault) error {
	err := t.print(c, struct {
		Faults []api.Fault `json:"faults"`
	}{faults}, func(w io.Writer) {
		for _, f := range faults {
			fmt.Fprintln(w, rulebook.Fault{File: f.File, Line: f.Line, Path: f.Path, Problem: f.Problem})
		}
	})
	number := fmt.Sprint(len(faults), " faults")
	if len(faults) == 1 {
		number = "a fault"
	}
	return errors.Join(err, terminal.Wrong(fmt.Errorf("%s has %s; correct what is listed and check again", dir, number)))
}

func (t *tool) check() *cobra.Command {
	return &cobra.Command{
		Use: "check DIR", Short: "Check a release folder, without a running centre", Args: terminal.Words(1, 1, "a folder"),
		Long: "Checks everything that can be known without a network: the files, the models' columns, and that a model of them compiles and runs. Keeps nothing.",
		RunE: func(c *cobra.Command, args []string) error {
			f, err := t.folder(c, args[0])
			if err != nil {
				return err
			}
			cfg, err := t.load()
			if err != nil {
				return err
			}
			made, err := release.Check(f, int64(cfg.Releases.MaxModel))
			if err != nil {
				return terminal.Wrong(err)
			}
			r := api.Describe(made, nil)
			return t.print(c, r, func(w io.Writer) { describe(w, r) })
		},
	}
}

func (t *tool) propose() *cobra.Command {
	var in api.Folder
	var publish bool
	c := &cobra.Command{
		Use: "propose DIR", Short: "Give a release folder to the centre", Args: terminal.Words(1, 1, "a folder"),
		RunE: func(c *cobra.Command, args []string) error {
			f, err := t.folder(c, args[0])
			if err != nil {
				return err
			}
			in.Files = f.Files()
			var made api.Release
			if err := t.call(c.Context(), "POST", "/releases", in, &made); err != nil {
				return err
			}
			if publish {
				if made, err = t.sign(c, made.Counter); err != nil {
					return err
				}
			}
			return t.print(c, made, func(w io.Writer) {
				describe(w, made)
				if !made.Published {
					fmt.Fprintf(w, "publish it with `aisle-central release publish %d`\n", made.Counter)
				}
			})
		},
	}
	c.Flags().StringVar(&in.Note, "note", "", "what it is for, in `WORDS`")
	c.Flags().BoolVar(&publish, "publish", false, "publish it at once")
	return c
}

func (t *tool) publish() *cobra.Command {
	return &cobra.Command{
		Use: "publish [COUNTER]", Short: "Sign a proposal, by default the last, and bring it to the agents", Args: terminal.Words(0, 1, "at most a counter"),
		RunE: func(c *cobra.Command, args []string) error {
			number := uint64(0) // the last
			if len(args) == 1 {
				var err error
				if number, err = counter(args[0]); err != nil {
					return err
				}
			}
			made, err := t.sign(c, number)
			if err != nil {
				return err
			}
			return t.print(c, made, func(w io.Writer) { describe(w, made) })
		},
	}
}

// sign publishes the proposal of a counter, 0 being the last one.
func (t *tool) sign(c *cobra.Command, counter uint64) (made api.Release, err error) {
	err = t.call(c.Context(), "POST", "/releases/publish?counter="+strconv.FormatUint(counter, 10), nil, &made)
	return made, err
}

// counter reads that of a release.
func counter(word string) (uint64, error) {
	n, err := strconv.ParseUint(word, 10, 64)
	if err != nil || n == 0 {
		return 0, terminal.Wrong(fmt.Errorf("%q is no counter; see `aisle-central release list`", word))
	}
	return n, nil
}

func (t *tool) rollback() *cobra.Command {
	var in api.Rollback
	c := &cobra.Command{
		Use: "rollback COUNTER", Short: "Publish again what an earlier release named, under a new counter", Args: terminal.Words(1, 1, "the counter of an earlier release"),
		Long: "Counters never fall: the content of the earlier release gets a new one, and no agent goes back behind it by itself. Models are not refreshed until the next folder is published.",
		RunE: func(c *cobra.Command, args []string) (err error) {
			if in.Counter, err = counter(args[0]); err != nil {
				return err
			}
			var made api.Release
			if err := t.call(c.Context(), "POST", "/releases/rollback", in, &made); err != nil {
				return err
			}
			return t.print(c, made, func(w io.Writer) { describe(w, made) })
		},
	}
	c.Flags().StringVar(&in.Note, "note", "", "why, in `WORDS`")
	return c
}

func (t *tool) list() *cobra.Command {
	limit := 20
	c := &cobra.Command{
		Use: "list", Short: "List what was published and what is proposed, newest first", Args: terminal.Words(0, 0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			var list []api.Release
			if err := t.call(c.Context(), "GET", "/releases?limit="+strconv.Itoa(limit), nil, &list); err != nil {
				return err
			}
			return t.print(c, list, func(w io.Writer) { releases(w, list) })
		},
	}
	c.Flags().IntVar(&limit, "limit", limit, "at most so many")
	return c
}

func (t *tool) status() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Say which release is out and which each agent runs", Args: terminal.Words(0, 0, "no words"),
		RunE: func(c *cobra.Command, _ []string) error {
			var o api.Overview
			if err := t.call(c.Context(), "GET", "/overview", nil, &o); err != nil {
				return err
			}
			status := struct {
				Release *api.Release `json:"release"`
				Refresh api.Refresh  `json:"refresh"`
				Agents  []api.Agent  `json:"agents"`
			}{o.Release, o.Refresh, o.Agents}
			return t.print(c, status, func(w io.Writer) {
				if o.Release == nil {
					fmt.Fprintln(w, "no release is out; make one with `aisle-central release propose DIR --publish`")
				} else {
					describe(w, *o.Release)
				}
				fleet(w, o)
			})
		},
	}
}

// describe writes one release.
func describe(w io.Writer, r api.Release) {
	what := "sound"
	switch {
	case r.Published:
		what = fmt.Sprintf("%d %s", r.Counter, r.Kind)
	case r.Counter != 0:
		what = fmt.Sprintf("%d proposed", r.Counter)
	}
	var size uint64
	for _, a := range r.Artifacts {
		size += a.Size
	}
	fmt.Fprintf(w, "%s, made %s, %d artifacts, %d bytes\n", what, r.CreatedAt.Format(time.RFC3339), len(r.Artifacts), size)
	for _, l := range r.Looks {
		look(w, l)
	}
}

// look writes what models may look at of persons, and what else is other than it
// was.
func look(w io.Writer, l api.Look) {
	if l.Purpose == "" && l.Was == "" {
		return
	}
	fmt.Fprintf(w, "models may look at %s: %s", l.Feature, l.Source)
	if l.Purpose != "" {
		fmt.Fprintf(w, " of persons who grant %s", l.Purpose)
	}
	if l.Was != "" {
		fmt.Fprintf(w, ", which was %s", l.Was)
	}
	fmt.Fprintln(w)
}

func releases(w io.Writer, list []api.Release) {
	t := terminal.Table(w, "COUNTER", "KIND", "MADE", "LEARNED UP TO", "RUN BY", "NOTE")
	for _, r := range list {
		kind := r.Kind
		if !r.Published {
			kind = "proposed"
		}
		var learned []string
		for _, m := range r.Models {
			learned = append(learned, fmt.Sprintf("%s: decision %d", m.Model, m.Decisions))
		}
		terminal.Row(t, r.Counter, kind, r.CreatedAt.Format(time.RFC3339), strings.Join(learned, ", "), strings.Join(r.Agents, " "), r.Note)
	}
	t.Flush()
}
