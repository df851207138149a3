// Package terminal is what all our commands have in common: how words are run and
// what the exit status says, how results are printed, and how far long work is.
package terminal

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
)

// Watched tells whether somebody sees what is written there.
func Watched(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

// Progress is one line that grows while work goes on, and is gone at its end. A
// nil Progress tells nothing.
type Progress struct {
	out       io.Writer
	what      string
	all, done int64 // all is 0 where nobody knows
	bytes     bool
	told      time.Time
}

// Start begins the line of some work in that many steps; nil where nobody
// watches.
func Start(out io.Writer, what string, steps int64) *Progress {
	if !Watched(out) {
		return nil
	}
	return start(out, what, steps)
}

func start(out io.Writer, what string, steps int64) *Progress {
	p := &Progress{out: out, what: what, all: steps}
	p.tell()
	return p
}

// Read begins the line of work on a file of that size, 0 if nobody knows it, and
// gives the reader to take for it. Progress.End must follow.
func Read(out io.Writer, what string, in io.Reader, size int64) (io.Reader, *Progress) {
	p := Start(out, what, size)
	if p == nil {
		return in, nil
	}
	p.bytes = true
	return &reader{in, p}, p
}

type reader struct {
	in io.Reader
	p  *Progress
}

func (r *reader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	r.p.Add(int64(n))
	return n, err
}

// Step says what comes next, and that the step before it is done.
func (p *Progress) Step(what string) {
	if p != nil {
		p.what = what
		p.done++
		p.tell()
	}
}

// Add says that so much more is done.
func (p *Progress) Add(n int64) {
	if p == nil {
		return
	}
	p.done += n
	if time.Since(p.told) > 100*time.Millisecond {
		p.tell()
	}
}

// End takes the line away.
func (p *Progress) End() {
	if p != nil {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

const width = 24

func (p *Progress) tell() {
	p.told = time.Now()
	done := ""
	if p.all > 0 {
		share := min(p.done, p.all)
		full := int(share * width / p.all)
		done = fmt.Sprintf("[%s%s] %3d %%", strings.Repeat("=", full), strings.Repeat(" ", width-full), 100*share/p.all)
	}
	if p.bytes {
		done += " of " + Bytes(max(p.done, p.all))
	}
	fmt.Fprintf(p.out, "\r\x1b[K%s %s", strings.TrimPrefix(done, " of "), p.what)
}

// Bytes writes a size for people.
func Bytes(n int64) string {
	switch {
	case n < 10<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}
