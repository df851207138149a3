package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// tool is what the flags of all commands say.
type tool struct{ json bool }

// print writes a result, as JSON or in words.
func (t *tool) print(c *cobra.Command, v any, inWords func(io.Writer)) error {
	if !t.json {
		inWords(c.OutOrStdout())
		return nil
	}
	e := json.NewEncoder(c.OutOrStdout())
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// oneLine is an error without what libraries wrap over lines.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func table(w io.Writer, heads ...any) *tabwriter.Writer {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row(t, heads...)
	return t
}

// row writes a line of a table.
func row(w io.Writer, cells ...any) {
	for i, c := range cells {
		end := "\t"
		if i == len(cells)-1 {
			end = "\n"
		}
		fmt.Fprint(w, c, end)
	}
}

// read is what a file of at most max bytes holds. Only where it can't be read are the
// words wrong.
func read(name string, max int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return nil, wrongf("%s is a folder; name a file in it", name)
	}
	b, err := io.ReadAll(io.LimitReader(f, max+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case int64(len(b)) > max:
		return nil, fmt.Errorf("%s has more than %d MiB; no such file is that large", name, max>>20)
	case len(b) == 0:
		return nil, fmt.Errorf("%s is empty; make it again", name)
	}
	return b, nil
}

func unreadable(err error) error { return wrongf("%w; name a file that can be read", err) }

// write makes a file whole or not at all. What is no file, a device or a pipe, is
// written to.
func write(name string, b []byte) (err error) {
	defer func() {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = fmt.Errorf("can't write %s: %w; name another file with -o", name, path.Err)
		}
	}()
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, b, 0o644)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".aisle-module-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

// outFlag is the file that a command writes.
func outFlag(c *cobra.Command, out *string, what string) {
	c.Flags().StringVarP(out, "out", "o", "", "write "+what+" to `FILE`")
}

func needsOut(c *cobra.Command, out string) error {
	if out == "" {
		return wrongf("where to? add -o FILE; see `%s --help`", c.CommandPath())
	}
	return nil
}
