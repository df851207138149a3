package rulebook

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// check is what a field's check tag demands. Limits are about a number, the
// length of a text or list, or the seconds of a duration.
type check struct {
	required               bool
	id                     bool
	enum                   []string // of a text, or of each text of a list
	min, max, above, below *float64
}

const idPattern = `^[a-z0-9][a-z0-9_.-]{0,63}$`

var idText = regexp.MustCompile(idPattern)

// fieldOf is the field of a struct that a key is read into.
func fieldOf(v any, key string) (reflect.StructField, bool) {
	t := reflect.TypeOf(v)
	return t.FieldByNameFunc(func(name string) bool {
		f, _ := t.FieldByName(name)
		return f.Tag.Get("yaml") == key
	})
}

func checkOf(f reflect.StructField) check {
	var c check
	for word := range strings.SplitSeq(f.Tag.Get("check"), ",") {
		name, value, _ := strings.Cut(word, "=")
		limit, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "required":
			c.required = true
		case "id":
			c.id = true
		case "enum":
			c.enum = strings.Split(value, "|")
		case "min":
			c.min = &limit
		case "max":
			c.max = &limit
		case "above":
			c.above = &limit
		case "below":
			c.below = &limit
		}
	}
	return c
}

func (c check) text(s string) error {
	switch {
	case c.id && !idText.MatchString(s):
		return errors.New("must be 1 to 64 of a-z 0-9 _ . -, not starting with a sign")
	case c.enum != nil && !slices.Contains(c.enum, s):
		return errors.New("must be one of " + strings.Join(c.enum, ", "))
	}
	return nil
}

func (c check) limit(x float64) error {
	switch {
	case c.min != nil && x < *c.min:
		return fmt.Errorf("must be at least %v", *c.min)
	case c.max != nil && x > *c.max:
		return fmt.Errorf("must be at most %v", *c.max)
	case c.above != nil && x <= *c.above:
		return fmt.Errorf("must be above %v", *c.above)
	case c.below != nil && x >= *c.below:
		return fmt.Errorf("must be below %v", *c.below)
	}
	return nil
}
