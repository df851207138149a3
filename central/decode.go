package central

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// decode reads YAML into a struct of structs and values by its yaml tags, and
// returns every fault with its line. The library's own strict decoder stops at
// the first.
func decode(b []byte, into any) error {
	file, err := parser.ParseBytes(b, 0)
	if y := yaml.Error(nil); errors.As(err, &y) && y.GetToken() != nil {
		return fmt.Errorf("line %d: %s", y.GetToken().Position.Line, y.GetMessage())
	}
	if err != nil {
		return err
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil || file.Docs[0].Body.Type() == ast.NullType {
		return nil
	}
	return errors.Join(decodeNode(file.Docs[0].Body, reflect.ValueOf(into).Elem(), "")...)
}

func decodeNode(n ast.Node, v reflect.Value, path string) (faults []error) {
	fault := func(n ast.Node, path, problem string) {
		faults = append(faults, fmt.Errorf("line %d: %s: %s", n.GetToken().Position.Line, path, problem))
	}
	if v.Kind() != reflect.Struct {
		if err := yaml.NodeToValue(n, v.Addr().Interface(), yaml.Strict()); err != nil {
			fault(n, path, problem(err, v))
		}
		return faults
	}
	pairs, ok := n.(ast.MapNode)
	if !ok {
		fault(n, path, "must be a map of keys and values")
		return faults
	}
	var known []string
	for i := range v.NumField() {
		known = append(known, v.Type().Field(i).Tag.Get("yaml"))
	}
	for it := pairs.MapRange(); it.Next(); {
		key := it.Key().GetToken().Value
		at := strings.TrimPrefix(path+"."+key, ".")
		if i := slices.Index(known, key); i < 0 {
			fault(it.Key(), at, "unknown key; use one of "+strings.Join(known, " "))
		} else {
			faults = append(faults, decodeNode(it.Value(), v.Field(i), at)...)
		}
	}
	return faults
}

// problem is what an error of the library says, without its excerpt.
func problem(err error, v reflect.Value) string {
	if _, is := v.Addr().Interface().(*time.Duration); is {
		return "write a time with its unit, such as 15m or 24h"
	}
	if y := yaml.Error(nil); errors.As(err, &y) {
		return y.GetMessage()
	}
	return err.Error()
}
