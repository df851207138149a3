package peers

import (
	"context"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	extism "github.com/extism/go-sdk"

	"github.com/aisle-edge/aisle/modules/abi"
	"github.com/aisle-edge/aisle/modules/peers/scorer"
	"github.com/aisle-edge/aisle/modules/scoring"
)

// calls are ways to ask code of somebody else for 100 scores: candidates of 32
// columns are in place on all sides, a user of 32 goes in, the scores come out.
func calls() []contest {
	return []contest{{"call-100x32", func(tb testing.TB) []racer {
		return []racer{ourCall(tb), goPlugin(tb), extismPlugin(tb)}
	}, 1e-5}}
}

const callRows, callColumns = 100, 32

// callNumbers are the weights of candidates and user, and the candidates: what
// the guests of testdata make by the same rule.
func callNumbers() (w, v, x []float32) {
	n := uint32(1)
	make := func(size int) []float32 {
		var values []float32
		for range size {
			n = n*1664525 + 1013904223
			values = append(values, float32(n>>16)/32768-1)
		}
		return values
	}
	return make(callColumns), make(callColumns), make(callRows * callColumns)
}

// user is another one each call.
func user(call int) []float32 {
	u := make([]float32, callColumns)
	for i := range u {
		u[i] = float32((call+i)%7) - 3
	}
	return u
}

// users are made before anybody is timed.
func users() [][]float32 {
	var all [][]float32
	for call := range 7 {
		all = append(all, user(call))
	}
	return all
}

func ourCall(tb testing.TB) racer {
	tb.Helper()
	s := scoring.Shape{Frame: abi.Shape{ContextDense: callColumns, Dense: callColumns, Heads: 1}}
	l, err := scoring.New(s)
	if err != nil {
		tb.Fatal(err)
	}
	w, v, x := callNumbers()
	for c := range callColumns {
		l.Heads[0].Mean[s.Weight(c)] = v[c]
		l.Heads[0].Mean[s.Weight(callColumns+c)] = w[c]
	}
	m, _ := admitted(tb, l)
	in, err := m.Borrow()
	if err != nil {
		tb.Fatal(err)
	}
	tag := new(int) // stands for the candidates
	f, _, err := in.FrameOf(tag, s.Frame, callRows)
	if err != nil {
		tb.Fatal(err)
	}
	for r := range callRows {
		for c := range callColumns {
			f.Dense(r/abi.BlockRows, c)[r%abi.BlockRows] = x[r*callColumns+c]
		}
	}
	in.Return()
	all, call := users(), 0
	scores := make([]float64, callRows)
	return clocked("ours", func() {
		in, err := m.Borrow()
		if err != nil {
			tb.Fatal(err)
		}
		f, had, err := in.FrameOf(tag, s.Frame, callRows)
		if err != nil || had != any(tag) {
			tb.Fatal("the candidates are gone", err)
		}
		copy(f.ContextDense(), all[call%len(all)])
		call++
		if err := in.Score(); err != nil {
			tb.Fatal(err)
		}
		copy(scores, f.Mean(0))
		in.Return()
	}, func() []float64 { return scores })
}

func goPlugin(tb testing.TB) racer {
	tb.Helper()
	ctx := context.Background()
	file := filepath.Join(tb.TempDir(), "plugin.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", file, "./scorer/plugin")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	p, err := scorer.NewScorerPlugin(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	plugin, err := p.Load(ctx, file)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { plugin.Close(ctx) })
	all, call := users(), 0
	var scores []float32
	return clocked("goplugin", func() {
		reply, err := plugin.Score(ctx, &scorer.Request{User: all[call%len(all)]})
		if err != nil {
			tb.Fatal(err)
		}
		call++
		scores = reply.Scores
	}, func() []float64 { return widened(scores) })
}

func extismPlugin(tb testing.TB) racer {
	tb.Helper()
	clang, err := exec.LookPath("clang")
	if err == nil {
		_, err = exec.LookPath("wasm-ld")
	}
	if err != nil {
		return racer{name: "extism", missing: "clang or wasm-ld is missing (Debian packages clang and lld)"}
	}
	file := filepath.Join(tb.TempDir(), "plugin.wasm")
	out, err := exec.Command(clang, "--target=wasm32-unknown-unknown", "-nostdlib", "-O3", "-msimd128", "-Wall", "-Werror",
		"-Wl,--no-entry", "-o", file, "testdata/extism/plugin.c").CombinedOutput()
	if err != nil {
		tb.Fatalf("%v\n%s", err, out)
	}
	ctx := context.Background()
	plugin, err := extism.NewPlugin(ctx, extism.Manifest{Wasm: []extism.Wasm{extism.WasmFile{Path: file}}}, extism.PluginConfig{}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { plugin.Close(ctx) })
	all, call := users(), 0
	scores := make([]float32, callRows)
	return clocked("extism", func() {
		in := make([]byte, 0, 4*callColumns)
		in, _ = binary.Append(in, binary.LittleEndian, all[call%len(all)])
		call++
		_, reply, err := plugin.Call("score", in)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := binary.Decode(reply, binary.LittleEndian, scores); err != nil {
			tb.Fatal(err)
		}
	}, func() []float64 { return widened(scores) })
}
