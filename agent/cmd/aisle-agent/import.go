package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/modules/terminal"
)

// kinds are what can be imported.
var kinds = []string{"items", "stock", "profiles", "offers"}

func importCommand(g *global) *cobra.Command {
	var url string
	c := &cobra.Command{
		Use: "import items|stock|profiles|offers FILE", Short: "Bring rows into the running agent", Args: terminal.Words(2, 2, "what is brought, and a file"), ValidArgs: kinds,
		Long: `Import reads CSV (.csv) or NDJSON (.ndjson, .jsonl), - for CSV from standard input,
and sends it to the agent that runs. Rows that are refused are listed, and the
others are kept; the exit code is then 1. Offers are taken all or none, and by a
node of its own only.`,
		Example: "  aisle-agent import items items.csv\n  aisle-agent import stock - < counts.csv",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := g.speaker(url)
			if err != nil {
				return err
			}
			return importFile(cmd, g, s, args[0], args[1])
		},
	}
	agentFlag(c, &url)
	return c
}

// formats are the media types by ending.
var formats = map[string]string{".csv": "text/csv", ".ndjson": "application/x-ndjson", ".jsonl": "application/x-ndjson", "": "text/csv"}

func importFile(cmd *cobra.Command, g *global, s *speaker, kind, name string) error {
	if !strings.Contains(" "+strings.Join(kinds, " ")+" ", " "+kind+" ") {
		return terminal.Wrong(fmt.Errorf("can't import %q; use one of %s", kind, strings.Join(kinds, ", ")))
	}
	format, ok := formats[strings.ToLower(filepath.Ext(name))]
	if !ok {
		return terminal.Wrong(fmt.Errorf("%s: use a name that ends in .csv, .ndjson or .jsonl", name))
	}
	in, size := io.Reader(cmd.InOrStdin()), int64(0)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return terminal.Wrong(fmt.Errorf("%w; name a file that can be read, or - for standard input", err))
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in = f
	}
	in, p := terminal.Read(cmd.ErrOrStderr(), kind, in, size)
	var report localapi.Report
	err := s.ask(cmd.Context(), http.MethodPut, "/v1/"+kind, format, in, &report)
	p.End()
	if err != nil {
		return refusedImport(cmd.ErrOrStderr(), err)
	}
	text := fmt.Sprintf("%s: %d taken, %d known already, %d refused", kind, report.Accepted, report.Duplicate, report.Refused)
	if err := g.print(cmd.OutOrStdout(), report, text); err != nil {
		return err
	}
	if report.Refused == 0 {
		return nil
	}
	listFaults(cmd.ErrOrStderr(), report.Faults)
	return fmt.Errorf("%d rows were refused; correct them and import them again", report.Refused)
}

// refusedImport tells a refusal of the input from a failure of the work.
func refusedImport(out io.Writer, err error) error {
	var d *localapi.Details
	if !errors.As(err, &d) {
		return err
	}
	listFaults(out, d.Faults)
	if d.Status < http.StatusInternalServerError && d.Status != http.StatusForbidden {
		return terminal.Wrong(d)
	}
	return d
}

func listFaults(out io.Writer, faults []localapi.Fault) {
	for _, f := range faults {
		fmt.Fprintf(out, "line %d: %s\n", f.Line, strings.TrimPrefix(f.Path+": "+f.Problem, ": "))
	}
}
