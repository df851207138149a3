package terminal

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
)

func TestNobodyWatchesFiles(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/out")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	in := strings.NewReader("rows")
	r, p := Read(f, "rows", in, 4)
	if p != nil || r != io.Reader(in) || Start(&bytes.Buffer{}, "work", 3) != nil {
		t.Fatal("somebody is told")
	}
	p.Step("more")
	p.Add(1)
	p.End()
	if info, err := f.Stat(); err != nil || info.Size() > 0 {
		t.Errorf("%v, %v were written", info.Size(), err)
	}
}

// TestLineIsGoneAtTheEnd: it says how far work is, on one line, and leaves none.
func TestLineIsGoneAtTheEnd(t *testing.T) {
	var out bytes.Buffer
	p := start(&out, "first", 4)
	p.Step("second")
	p.Step("third")
	if got := out.String(); !strings.HasSuffix(got, "[============            ]  50 % third") || strings.Contains(got, "\n") {
		t.Errorf("%q", got)
	}
	p.End()
	if got := out.String(); !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("%q", got)
	}
	for p.bytes = true; p.done <= 8; p.Add(3) { // more than was promised
		p.tell()
	}
	out.Reset()
	p.tell()
	if got := out.String(); !strings.Contains(got, "100 %") {
		t.Errorf("%q", got)
	}
}
