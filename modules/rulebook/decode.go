package rulebook

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const maxFile = 128 << 10

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

func parse(b []byte) (ast.Node, *Fault) {
	switch {
	case len(b) > maxFile:
		return nil, &Fault{Problem: fmt.Sprintf("is larger than %d bytes", maxFile)}
	case !utf8.Valid(b):
		return nil, &Fault{Problem: "is not UTF-8"}
	}
	tokens := lexer.Tokenize(string(b))
	if err := plain(tokens); err != nil {
		return nil, err
	}
	f, err := parser.Parse(tokens, 0)
	var syntax *yaml.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, &Fault{Line: syntax.GetToken().Position.Line, Problem: syntax.GetMessage()}
	case err != nil:
		return nil, &Fault{Problem: err.Error()}
	case len(f.Docs) != 1 || f.Docs[0].Body == nil:
		return nil, &Fault{Problem: "must hold one document"}
	}
	return f.Docs[0].Body, nil
}

// plain refuses what the format does without before the parser sees it: it also
// keeps the parser from nesting deeply, where its time grows with the square.
func plain(tokens token.Tokens) *Fault {
	const deepest = 12
	open, run := 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.DirectiveType:
			return &Fault{Line: t.Position.Line, Problem: "write it out: anchors, aliases, tags and directives are not read"}
		case token.SequenceStartType, token.MappingStartType:
			open++
		case token.SequenceEndType, token.MappingEndType:
			open--
		case token.SequenceEntryType, token.MappingKeyType:
			run++
		default:
			run = 0
		}
		if max(open, run) > deepest {
			return &Fault{Line: t.Position.Line, Problem: "nests too deeply"}
		}
	}
	return nil
}

func (d *decoder) value(n ast.Node, v reflect.Value, path string, c check) {
	d.lines[d.name][path] = n.GetToken().Position.Line
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

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string, c check) {
	d.text(n, path, func(b []byte) error {
		measure, err := set(v, string(b))
		switch t := n.GetToken().Type; {
		case err != nil:
			return err
		case v.Kind() != reflect.String && (t == token.SingleQuoteType || t == token.DoubleQuoteType):
			return errors.New("must stand without quotes")
		}
		return errors.Join(c.text(string(b)), c.limit(measure))
	})
}

func (d *decoder) text(n ast.Node, path string, set func([]byte) error) {
	var s string
	switch n := n.(type) {
	case *ast.StringNode:
		s = n.Value
	case *ast.LiteralNode:
		s = n.Value.Value
	case ast.ScalarNode: // a number or boolean, as it was written
		s = n.GetToken().Value
	default:
		d.fault(path, "must be a single value")
		return
	}
	if err := set([]byte(s)); err != nil {
		d.fault(path, err.Error())
	}
}

var (
	whole  = regexp.MustCompile(`^-?(0|[1-9][0-9]{0,8})$`)
	number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	period = regexp.MustCompile(durationPattern)
)

const durationPattern = `^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`

// set parses s into v and returns what limits are about: the number itself, the
// length of a text, the seconds of a duration.
func set(v reflect.Value, s string) (measure float64, err error) {
	if v.Type() == reflect.TypeFor[time.Duration]() {
		t, err := time.ParseDuration(s)
		if err != nil || !period.MatchString(s) {
			return 0, errors.New("must be a duration such as 90s, 30m or 168h")
		}
		v.SetInt(int64(t))
		return t.Seconds(), nil
	}
	switch v.Kind() {
	case reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil || !whole.MatchString(s) {
			return 0, errors.New("must be a whole number")
		}
		v.SetInt(int64(n))
		return float64(n), nil
	case reflect.Float64:
		x, err := strconv.ParseFloat(s, 64)
		if err != nil || !number.MatchString(s) {
			return 0, errors.New("must be a number")
		}
		v.SetFloat(x)
		return x, nil
	case reflect.Bool:
		v.SetBool(s == "true")
		if s != "true" && s != "false" {
			return 0, errors.New("must be true or false")
		}
		return 0, nil
	}
	v.SetString(s)
	return float64(len(s)), nil
}
