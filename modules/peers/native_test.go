package peers

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// native makes a racer of a program of testdata/native: it computes once and
// writes its answer to a file, then reads how many times to do it again and
// answers with the nanoseconds that this took. One that lacks something says so
// instead.
func native(tb testing.TB, name, source string, input []byte, arguments ...string) racer {
	tb.Helper()
	program, missing := compiled(tb, source)
	if missing != "" {
		return racer{name: name, missing: missing}
	}
	dir := tb.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, input, 0o644); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{in, out}, arguments...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	orders, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		orders.Close()
		io.Copy(io.Discard, answers)
		cmd.Wait()
	})
	lines := bufio.NewReader(answers)
	line, err := lines.ReadString('\n')
	if err != nil {
		cmd.Wait()
		tb.Fatalf("%s: %v %s", name, err, &complaint)
	}
	if line != "ready\n" {
		return racer{name: name, missing: strings.TrimSpace(line)}
	}
	return racer{name: name,
		run: func(times int) time.Duration {
			var ns int64
			if _, err := fmt.Fprintln(orders, times); err != nil {
				tb.Fatal(err)
			}
			if _, err := fmt.Fscanln(lines, &ns); err != nil {
				tb.Fatalf("%s: %v %s", name, err, &complaint)
			}
			return time.Duration(ns)
		},
		answer: func() []float64 { return floats(tb, out) },
	}
}

func floats(tb testing.TB, file string) []float64 {
	tb.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	narrow := make([]float32, len(b)/4)
	if _, err := binary.Decode(b, binary.LittleEndian, narrow); err != nil {
		tb.Fatal(err)
	}
	return widened(narrow)
}

func widened(narrow []float32) []float64 {
	wide := make([]float64, len(narrow))
	for i, v := range narrow {
		wide[i] = float64(v)
	}
	return wide
}

// encoded is all of them one after the other, little-endian.
func encoded(tb testing.TB, values ...any) []byte {
	tb.Helper()
	var b []byte
	for _, v := range values {
		var err error
		if b, err = binary.Append(b, binary.LittleEndian, v); err != nil {
			tb.Fatal(err)
		}
	}
	return b
}

// compiled is a program of testdata/native, or what is missing to have it.
func compiled(tb testing.TB, source string) (program, missing string) {
	tb.Helper()
	if runtime.GOARCH != "amd64" || runtime.GOOS != "linux" {
		return "", "the C peers are written for AVX2 on Linux"
	}
	clang, err := exec.LookPath("clang")
	if err != nil {
		return "", "clang is missing (Debian package clang)"
	}
	program = filepath.Join(tb.TempDir(), source)
	out, err := exec.Command(clang, "-O3", "-mavx2", "-mfma", "-Wall", "-Werror", "-o", program,
		filepath.Join("testdata", "native", source+".c"), "-ldl").CombinedOutput()
	if err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	return program, ""
}
