package rulebook

import (
	"errors"
	"reflect"
	"regexp"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

func (d *decoder) scalar(n ast.Node, v reflect.Value, path string, c check) {
	d.text(n, path, func(b []byte) error {
		measure, err := set(v, string(b))
		if err != nil {
			return err
		}
		if t := n.GetToken().Type; v.Kind() != reflect.String && (t == token.SingleQuoteType || t == token.DoubleQuoteType) {
			return errors.New("must stand without quotes")
		}
		if err := c.text(string(b)); err != nil {
			return err
		}
		return c.limit(measure)
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
		if t%time.Millisecond != 0 {
			return 0, errors.New("must be of whole milliseconds: the clock has no finer steps")
		}
		v.SetInt(int64(t))
		return t.Seconds(), nil
	}
	switch v.Kind() {
	case reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil || !whole.MatchString(s) {
			return 0, errors.New("must be a whole number of at most nine digits")
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
