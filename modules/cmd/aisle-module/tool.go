package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/modules/terminal"
)

// tool is what the flags of all commands say.
type tool struct{ json bool }

// print writes a result, as JSON or in words.
func (t *tool) print(c *cobra.Command, v any, inWords func(io.Writer)) error {
	return terminal.Print(c, t.json, v, inWords)
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
		return nil, terminal.Wrongf("%s is a folder; name a file in it", name)
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

func unreadable(err error) error { return terminal.Wrongf("%w; name a file that can be read", err) }

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
		return terminal.Wrongf("where to? add -o FILE; see `%s --help`", c.CommandPath())
	}
	return nil
}
