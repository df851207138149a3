package agent

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decode reads YAML into a struct by its yaml tags and returns every fault. The
// library's own strict decoder stops at the first.
func decode(b []byte, into any) []error {
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return []error{plain(err)}
	}
	var faults []error
	for _, doc := range file.Docs {
		if doc.Body != nil && doc.Body.Type() != ast.NullType {
			faults = append(faults, decodeInto(doc.Body, reflect.ValueOf(into).Elem(), "")...)
		}
	}
	return faults
}

func decodeInto(n ast.Node, v reflect.Value, path string) (faults []error) {
	line := n.GetToken().Position.Line
	if v.Kind() != reflect.Struct {
		if err := yaml.NodeToValue(n, v.Addr().Interface(), yaml.Strict()); err != nil {
			return []error{fmt.Errorf("line %d: %s: %w", line, path, plain(err))}
		}
		return nil
	}
	pairs, ok := n.(ast.MapNode)
	if !ok {
		return []error{fmt.Errorf("line %d: %s must be a map of keys and values", line, path)}
	}
	known := keys(v.Type())
	for it := pairs.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		at := strings.TrimPrefix(path+"."+key, ".")
		if i := slices.Index(known, key); i >= 0 {
			faults = append(faults, decodeInto(it.Value(), v.Field(i), at)...)
		} else {
			faults = append(faults, fmt.Errorf("line %d: %s: unknown key; use one of %s", it.Key().GetToken().Position.Line, at, strings.Join(known, " ")))
		}
	}
	return faults
}

func keys(t reflect.Type) []string {
	list := make([]string, t.NumField())
	for i := range list {
		list[i] = t.Field(i).Tag.Get("yaml")
	}
	return list
}

// plain is what an error of the library says, without the excerpt.
func plain(err error) error {
	var e yaml.Error
	if errors.As(err, &e) {
		if t := e.GetToken(); t != nil {
			return fmt.Errorf("line %d: %s", t.Position.Line, e.GetMessage())
		}
		return errors.New(e.GetMessage())
	}
	return err
}

// Settings are the names and values of a configuration, without its secrets.
func (c Config) Settings() [][2]string { return settings(reflect.ValueOf(c), "") }

func settings(v reflect.Value, path string) (list [][2]string) {
	for i, key := range keys(v.Type()) {
		at, field := strings.TrimPrefix(path+"."+key, "."), v.Field(i)
		switch {
		case v.Type().Field(i).Tag.Get("print") == "withheld":
			list = append(list, [2]string{at, map[bool]string{true: "", false: "(set)"}[field.IsZero()]})
		case field.Kind() == reflect.Struct:
			list = append(list, settings(field, at)...)
		default:
			list = append(list, [2]string{at, fmt.Sprint(field.Interface())})
		}
	}
	return list
}
