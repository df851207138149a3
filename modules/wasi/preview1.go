package wasi

import "github.com/aisle-edge/aisle/modules/internal/wasm"

// Error numbers of WASI.
const (
	success = 0
	badf    = 8  // no such file descriptor
	inval   = 28 // no such clock, nothing to wait for
	spipe   = 70 // not to be sought in
)

// preview1 is all of wasi_snapshot_preview1, by its published document.
var preview1 = map[string]shim{
	"args_get":          {"ii:i", "", answer(success)},
	"args_sizes_get":    {"ii:i", "", none},
	"environ_get":       {"ii:i", "", answer(success)},
	"environ_sizes_get": {"ii:i", "", none},

	"clock_res_get":  {"ii:i", "", clock(1, 1)},
	"clock_time_get": {"ili:i", "", clock(2, Time)},
	"poll_oneoff":    {"iiii:i", "", poll},
	"proc_exit":      {"i:", "", trap},
	"proc_raise":     {"i:i", "", trap},
	"random_get":     {"ii:i", "l", random},
	"sched_yield":    {":i", "", answer(success)},

	"fd_advise":             {"illi:i", "", answer(badf)},
	"fd_allocate":           {"ill:i", "", answer(badf)},
	"fd_close":              {"i:i", "", standard(success)},
	"fd_datasync":           {"i:i", "", answer(badf)},
	"fd_fdstat_get":         {"ii:i", "", describe},
	"fd_fdstat_set_flags":   {"ii:i", "", standard(success)},
	"fd_fdstat_set_rights":  {"ill:i", "", standard(success)},
	"fd_filestat_get":       {"ii:i", "", answer(badf)},
	"fd_filestat_set_size":  {"il:i", "", answer(badf)},
	"fd_filestat_set_times": {"illi:i", "", answer(badf)},
	"fd_pread":              {"iiili:i", "", answer(badf)},
	"fd_prestat_dir_name":   {"iii:i", "", answer(badf)},
	"fd_prestat_get":        {"ii:i", "", answer(badf)},
	"fd_pwrite":             {"iiili:i", "", answer(badf)},
	"fd_read":               {"iiii:i", "", read},
	"fd_readdir":            {"iiili:i", "", answer(badf)},
	"fd_renumber":           {"ii:i", "", answer(badf)},
	"fd_seek":               {"ilii:i", "", standard(spipe)},
	"fd_sync":               {"i:i", "", answer(badf)},
	"fd_tell":               {"ii:i", "", standard(spipe)},
	"fd_write":              {"iiii:i", "i", write},

	"path_create_directory":   {"iii:i", "", answer(badf)},
	"path_filestat_get":       {"iiiii:i", "", answer(badf)},
	"path_filestat_set_times": {"iiiilli:i", "", answer(badf)},
	"path_link":               {"iiiiiii:i", "", answer(badf)},
	"path_open":               {"iiiiillii:i", "", answer(badf)},
	"path_readlink":           {"iiiiii:i", "", answer(badf)},
	"path_remove_directory":   {"iii:i", "", answer(badf)},
	"path_rename":             {"iiiiii:i", "", answer(badf)},
	"path_symlink":            {"iiiii:i", "", answer(badf)},
	"path_unlink_file":        {"iii:i", "", answer(badf)},

	"sock_accept":   {"iii:i", "", answer(badf)},
	"sock_recv":     {"iiiiii:i", "", answer(badf)},
	"sock_send":     {"iiiii:i", "", answer(badf)},
	"sock_shutdown": {"ii:i", "", answer(badf)},
}

func answer(errno int32) func(*writer) {
	return func(w *writer) { w.I32(errno) }
}

// standard answers for the three standard descriptors; there are no others.
func standard(errno int32) func(*writer) {
	return func(w *writer) {
		w.refuse(badf, 0, 0, 3)
		w.I32(errno)
	}
}

func trap(w *writer) { w.Op(wasm.Unreachable) }

// none tells a count of 0 and a size of 0.
func none(w *writer) {
	w.word(0, 0)
	w.word(1, 0)
	w.I32(success)
}

func clock(to int, nanoseconds int64) func(*writer) {
	return func(w *writer) {
		w.refuse(inval, 0, 0, 4)
		w.long(to, 0, nanoseconds)
		w.I32(success)
	}
}

// describe tells of a terminal that can be read and written.
func describe(w *writer) {
	const terminal, readWrite = 2, 1<<1 | 1<<6
	w.refuse(badf, 0, 0, 3)
	w.long(1, 0, terminal)
	w.long(1, 8, readWrite)
	w.long(1, 16, 0)
	w.I32(success)
}

func read(w *writer) {
	w.refuse(badf, 0, 0, 1)
	w.word(3, 0)
	w.I32(success)
}

// write adds up the lengths of the vectors and looks at nothing else.
func write(w *writer) {
	const vectors, count = 1, 2
	w.refuse(badf, 0, 1, 3)
	w.while(count, func() {
		w.local(w.scratch)
		w.local(vectors)
		w.Mem(wasm.I32Load, 4)
		w.Op(wasm.I32Add)
		w.Index(wasm.LocalSet, w.scratch)
		w.step(vectors, 8)
		w.step(count, -1)
	})
	w.local(3)
	w.local(w.scratch)
	w.Mem(wasm.I32Store, 0)
	w.I32(success)
}

// poll reports the first subscription alone, as a host may: a clock has rung, a
// descriptor is bad.
func poll(w *writer) {
	const from, to = 0, 1
	w.refuse(inval, 2, 1, -1)
	w.long(to, 8, 0)
	w.long(to, 16, 0)
	w.long(to, 24, 0)
	w.local(to)
	w.local(from)
	w.Mem(i64Load, 0) // user data
	w.Mem(i64Store, 0)
	w.local(to)
	w.kind()
	w.I32(16)
	w.Op(wasm.I32Shl)
	w.I32(badf)
	w.I32(success)
	w.kind()
	w.Op(wasm.Select, i32Or)
	w.Mem(wasm.I32Store, 8) // error, and what the event is of
	w.word(3, 1)
	w.I32(success)
}

// kind pushes what a subscription waits for: 0 is a clock.
func (w *writer) kind() {
	w.local(0)
	w.Mem(wasm.I32Load8U, 8)
}

// random writes eight bytes at a time, the last ones one by one.
func random(w *writer) {
	const to, left = 0, 1
	number := w.scratch
	w.while(left, func() {
		w.random(number)
		w.local(left)
		w.I32(8)
		w.Op(i32GeU)
		w.Begin(wasm.If)
		w.put(i64Store, to, number)
		w.step(to, 8)
		w.step(left, -8)
		w.Op(wasm.Else)
		w.put(i64Store8, to, number)
		w.step(to, 1)
		w.step(left, -1)
		w.Op(wasm.End)
	})
	w.I32(success)
}

func (w *writer) put(op wasm.Op, to, value int) {
	w.local(to)
	w.local(value)
	w.Mem(op, 0)
}
