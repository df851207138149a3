package item

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

func jsonRows(r io.Reader) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		in := bufio.NewReaderSize(r, MaxRow)
		for line := 1; ; line++ {
			b, err := readLine(in)
			b = bytes.TrimSpace(bytes.TrimPrefix(b, []byte(byteOrderMark)))
			if len(b) > 0 || err != nil && err != io.EOF {
				if !yield(parseLine(line, b, err)) {
					return
				}
			}
			if err != nil && err != bufio.ErrBufferFull {
				return
			}
		}
	}
}

// readLine returns a line, or ErrBufferFull after it has stepped over one that
// is too long.
func readLine(in *bufio.Reader) ([]byte, error) {
	b, err := in.ReadSlice('\n')
	if err != bufio.ErrBufferFull {
		return b, err
	}
	for err == bufio.ErrBufferFull {
		_, err = in.ReadSlice('\n')
	}
	return nil, bufio.ErrBufferFull
}

func parseLine(line int, b []byte, err error) (row, error) {
	switch {
	case err == bufio.ErrBufferFull:
		return row{}, &RowError{Line: line, Problem: fmt.Sprintf("the line is longer than %d bytes; shorten it", MaxRow)}
	case err != nil && err != io.EOF:
		return row{}, fmt.Errorf("read rows: %w", err)
	case !utf8.Valid(b):
		return row{}, &RowError{Line: line, Problem: "the line is not UTF-8; save the file as UTF-8"}
	}
	r := row{line: line}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return row{}, &RowError{Line: line, Problem: "the line is no JSON object; write one object a line"}
	}
	for dec.More() {
		key, err := dec.Token()
		name, _ := key.(string)
		if err != nil || name == "" || slices.Contains(r.names, name) || len(r.names) == maxColumns {
			return row{}, &RowError{Line: line, Problem: fmt.Sprintf("a name is empty, written twice, no JSON, or the %dth", maxColumns+1)}
		}
		value, err := jsonValue(dec)
		if err != nil {
			return row{}, &RowError{line, name, err.Error()}
		}
		r.names, r.values = append(r.names, name), append(r.values, value)
	}
	if _, err := dec.Token(); err != nil {
		return row{}, &RowError{Line: line, Problem: "the object is not closed; write one object a line"}
	}
	if _, err := dec.Token(); err != io.EOF {
		return row{}, &RowError{Line: line, Problem: "something follows the object; write one object a line"}
	}
	return r, nil
}

// jsonValue is a value as CSV would hold it.
func jsonValue(dec *json.Decoder) (string, error) {
	t, err := dec.Token()
	if err != nil {
		return "", errNoJSON
	}
	switch t := t.(type) {
	case string:
		return t, nil
	case json.Number:
		return t.String(), nil
	case bool:
		return fmt.Sprint(t), nil
	case nil:
		return "", nil
	case json.Delim:
		if t == '[' {
			return jsonList(dec)
		}
	}
	return "", errors.New("write a text, a number, true, false, null or a list of texts; give nested values their own columns")
}

func jsonList(dec *json.Decoder) (string, error) {
	var list []string
	for dec.More() {
		t, err := dec.Token()
		s, ok := t.(string)
		if err != nil || !ok || s == "" || strings.Contains(s, listSeparator) {
			return "", errors.New("a list holds texts that are not empty, without " + listSeparator)
		}
		list = append(list, s)
	}
	if _, err := dec.Token(); err != nil {
		return "", errNoJSON
	}
	return strings.Join(list, listSeparator), nil
}

var errNoJSON = errors.New("is no JSON; quote texts and put a comma between values")
