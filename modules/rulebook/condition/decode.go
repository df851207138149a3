package condition

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

const (
	maxBytes  = 32 << 10
	maxDepth  = 32
	maxValues = 4096
)

// Decode is the value that a JSON text says, within the limits of a condition.
// A key that an object has twice is refused.
func Decode(b []byte) (Value, error) {
	switch {
	case len(b) > maxBytes:
		return Value{}, fmt.Errorf("is larger than %d bytes", maxBytes)
	case !utf8.Valid(b):
		return Value{}, errors.New("is not UTF-8")
	}
	d := reader{json: json.NewDecoder(bytes.NewReader(b))}
	v, err := d.value(0)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return Value{}, errors.New("is not whole: the JSON ends too early")
	}
	if err != nil {
		return Value{}, fmt.Errorf("is not read as JSON: %w", err)
	}
	if _, err := d.json.Token(); err != io.EOF {
		return Value{}, errors.New("has something after the JSON value; remove it")
	}
	return v, nil
}

type reader struct {
	json   *json.Decoder
	values int
}

func (d *reader) value(depth int) (Value, error) {
	if err := within(depth, &d.values); err != nil {
		return Value{}, err
	}
	t, err := d.json.Token()
	if err != nil {
		return Value{}, err
	}
	switch t := t.(type) {
	case bool:
		return Bool(t), nil
	case float64:
		return Number(t), nil
	case string:
		return Text(t), nil
	case json.Delim:
		if t == '{' {
			return d.object(depth)
		}
		return d.list(depth)
	}
	return Value{}, nil
}

// within counts one more value at a depth.
func within(depth int, values *int) error {
	*values++
	switch {
	case depth > maxDepth:
		return fmt.Errorf("nests deeper than %d levels", maxDepth)
	case *values > maxValues:
		return fmt.Errorf("has more than %d values; put long lists into groups", maxValues)
	}
	return nil
}

func (d *reader) list(depth int) (Value, error) {
	v := Value{kind: list}
	for d.json.More() {
		e, err := d.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		v.list = append(v.list, e)
	}
	_, err := d.json.Token()
	return v, err
}

func (d *reader) object(depth int) (Value, error) {
	v := Value{kind: object}
	for d.json.More() {
		key, err := d.json.Token()
		if err != nil {
			return Value{}, err
		}
		e, err := d.value(depth + 1)
		if err != nil {
			return Value{}, err
		}
		if slices.Contains(v.texts, key.(string)) {
			return Value{}, fmt.Errorf("%.64q is there twice", key)
		}
		v.texts, v.list = append(v.texts, key.(string)), append(v.list, e)
	}
	_, err := d.json.Token()
	return v, err
}
