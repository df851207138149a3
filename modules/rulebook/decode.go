package rulebook

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// decoder reads YAML into structs by their yaml and check tags and gathers every
// fault. The library's own strict decoder stops at the first.
type decoder struct {
	name   string                    // of the file being read or checked
	lines  map[string]map[string]int // file, path: where it was written
	faults Faults
}

// defaulter is a struct that starts from other than zero values.
type defaulter interface{ defaults() }

func (d *decoder) file(name string, b []byte, into any) {
	d.name = name
	if d.lines == nil {
		d.lines = map[string]map[string]int{}
	}
	d.lines[name] = map[string]int{}
	body, err := parse(b)
	if err != nil {
		d.faults = append(d.faults, Fault{name, err.Line, "", err.Problem})
	}
	setDefaults(reflect.ValueOf(into).Elem())
	if body != nil {
		d.value(body, reflect.ValueOf(into).Elem(), "", check{})
	}
}

func (d *decoder) value(n ast.Node, v reflect.Value, path string, c check) {
	d.lines[d.name][path] = n.GetToken().Position.Line
	if w, ok := v.Addr().Interface().(*When); ok {
		d.when(n, w, path)
		return
	}
	if g, ok := v.Addr().Interface().(*SavedGroup); ok {
		g.Said = d.said(n, path)
		return
	}
	if n.Type() == ast.NullType {
		d.fault(path, "has no value; give it one or remove it")
		return
	}
	if text, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, path, text.UnmarshalText)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		setDefaults(v.Elem())
		d.value(n, v.Elem(), path, c)
	case reflect.Struct:
		d.object(n, v, path)
	case reflect.Map:
		d.dictionary(n, v, path)
	case reflect.Slice, reflect.Array:
		d.list(n, v, path, c)
	default:
		d.scalar(n, v, path, c)
	}
}

func setDefaults(v reflect.Value) {
	if def, ok := v.Addr().Interface().(defaulter); ok {
		def.defaults()
	}
	if v.Kind() != reflect.Struct {
		return
	}
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Struct {
			setDefaults(f)
		}
	}
}

// pairs yields the keys of a map that are plain texts; it is false for another
// node.
func (d *decoder) pairs(n ast.Node, path string, yield func(key string, n ast.Node)) bool {
	m, ok := n.(ast.MapNode)
	if !ok {
		d.fault(path, "must be a map of keys and values")
		return false
	}
	for it := m.MapRange(); it.Next(); {
		key, ok := it.Key().(*ast.StringNode)
		if !ok {
			d.fault(path, "has a key that is no plain text")
			continue
		}
		yield(key.Value, it.Value())
	}
	return true
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func (d *decoder) object(n ast.Node, v reflect.Value, path string) {
	known := keys(v.Interface())
	ok := d.pairs(n, path, func(key string, n ast.Node) {
		i := slices.Index(known, key)
		if i < 0 {
			d.lines[d.name][join(path, key)] = n.GetToken().Position.Line
			d.fault(join(path, key), "unknown key; use one of "+strings.Join(known, " "))
			return
		}
		d.value(n, v.Field(i), join(path, key), checkOf(v.Type().Field(i)))
	})
	for i, key := range known {
		if ok && checkOf(v.Type().Field(i)).required && !d.given(join(path, key)) {
			d.fault(join(path, key), "is missing")
		}
	}
}

// keys are the keys of a struct in their order.
func keys(v any) []string {
	t := reflect.TypeOf(v)
	list := make([]string, t.NumField())
	for i := range list {
		list[i] = t.Field(i).Tag.Get("yaml")
	}
	return list
}

// given tells whether path was written in the present file.
func (d *decoder) given(path string) bool { return d.lines[d.name][path] > 0 }

func (d *decoder) dictionary(n ast.Node, v reflect.Value, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	d.pairs(n, path, func(key string, n ast.Node) {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(n, e, join(path, key), check{})
		v.SetMapIndex(reflect.ValueOf(key), e)
	})
}

func (d *decoder) list(n ast.Node, v reflect.Value, path string, c check) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		d.fault(path, "must be a list")
		return
	}
	if v.Kind() == reflect.Array {
		if len(seq.Values) != v.Len() {
			d.fault(path, fmt.Sprintf("must have %d values", v.Len()))
			return
		}
	} else {
		if err := c.limit(float64(len(seq.Values))); err != nil {
			d.fault(path, "its number of entries "+err.Error())
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values)))
	}
	for i, e := range seq.Values {
		setDefaults(v.Index(i))
		d.value(e, v.Index(i), fmt.Sprintf("%s[%d]", path, i), check{enum: c.enum})
	}
}
