package condition_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The oracle reads a condition anew each time, over what encoding/json makes of
// it, and knows nothing of what is withheld.

func oracle(condition, document any, groups map[string]any) bool {
	for key, arg := range condition.(map[string]any) {
		var holds bool
		switch key {
		case "$and":
			holds = !slices.ContainsFunc(arg.([]any), func(c any) bool { return !oracle(c, document, groups) })
		case "$or", "$nor":
			holds = len(arg.([]any)) == 0 || slices.ContainsFunc(arg.([]any), func(c any) bool { return oracle(c, document, groups) })
			holds = holds == (key == "$or")
		case "$not":
			holds = !oracle(arg, document, groups)
		default:
			holds = oracleValue(arg, oraclePath(document, strings.Split(key, ".")), groups)
		}
		if !holds {
			return false
		}
	}
	return true
}

func oraclePath(v any, steps []string) any {
	for _, step := range steps {
		switch at := v.(type) {
		case map[string]any:
			v = at[step]
		case []any:
			i, err := strconv.Atoi(step)
			if v = nil; err == nil && i < len(at) {
				v = at[i]
			}
			if step == "length" {
				v = float64(len(at))
			}
		default:
			return nil
		}
	}
	return v
}

func oracleOperators(c any) (map[string]any, bool) {
	m, _ := c.(map[string]any)
	for key := range m {
		if key[0] != '$' {
			return m, false
		}
	}
	return m, len(m) > 0
}

func oracleValue(c, v any, groups map[string]any) bool {
	switch c := c.(type) {
	case nil:
		return v == nil
	case bool:
		return v != nil && oracleTruth(v) == c
	case float64:
		return oracleNumber(v) == c
	case string:
		return oracleText(v) == c
	}
	operators, ok := oracleOperators(c)
	if !ok {
		return reflect.DeepEqual(c, v)
	}
	for name, arg := range operators {
		if !oracleOperator(name, v, arg, groups) {
			return false
		}
	}
	return true
}

func oracleScalar(v any) bool {
	k := reflect.ValueOf(v).Kind()
	return k != reflect.Slice && k != reflect.Map
}

func oracleSame(a, b any) bool { return oracleScalar(a) && oracleScalar(b) && a == b }

func oracleIn(v any, set []any, fold bool) bool {
	if list, ok := v.([]any); ok {
		return slices.ContainsFunc(list, func(e any) bool { _, deep := e.([]any); return !deep && oracleIn(e, set, fold) })
	}
	return slices.ContainsFunc(set, func(e any) bool {
		a, aText := v.(string)
		b, bText := e.(string)
		if fold && aText && bText {
			lower := strings.ToLower(a) // unlike EqualFold, as JavaScript has no other fold
			return lower == strings.ToLower(b)
		}
		return oracleSame(v, e)
	})
}

func oracleOperator(name string, v, arg any, groups map[string]any) bool {
	list, isList := v.([]any)
	args, argList := arg.([]any)
	switch name {
	case "$eq":
		return oracleSame(v, arg)
	case "$ne":
		return !oracleSame(v, arg)
	case "$lt":
		return oracleOrder(v, arg, func(c int) bool { return c < 0 })
	case "$lte":
		return oracleOrder(v, arg, func(c int) bool { return c <= 0 })
	case "$gt":
		return oracleOrder(v, arg, func(c int) bool { return c > 0 })
	case "$gte":
		return oracleOrder(v, arg, func(c int) bool { return c >= 0 })
	case "$veq":
		return oracleVersion(v) == oracleVersion(arg)
	case "$vne":
		return oracleVersion(v) != oracleVersion(arg)
	case "$vlt":
		return oracleVersion(v) < oracleVersion(arg)
	case "$vlte":
		return oracleVersion(v) <= oracleVersion(arg)
	case "$vgt":
		return oracleVersion(v) > oracleVersion(arg)
	case "$vgte":
		return oracleVersion(v) >= oracleVersion(arg)
	case "$in", "$ini":
		return argList && oracleIn(v, args, name == "$ini")
	case "$nin", "$nini":
		return argList && !oracleIn(v, args, name == "$nini")
	case "$inGroup", "$notInGroup":
		set, _ := groups[arg.(string)].([]any)
		return oracleIn(v, set, false) == (name == "$inGroup")
	case "$all":
		return isList && argList && !slices.ContainsFunc(args, func(want any) bool {
			return !slices.ContainsFunc(list, func(e any) bool { return oracleValue(want, e, groups) })
		})
	case "$elemMatch":
		return slices.ContainsFunc(list, func(e any) bool {
			if _, ok := oracleOperators(arg); ok {
				return e != nil && oracleValue(arg, e, groups)
			}
			return e != nil && oracle(arg, e, groups)
		})
	case "$size":
		return isList && oracleValue(arg, float64(len(list)), groups)
	case "$regex", "$regexi":
		p, text := arg.(string), oracleText(v)
		if name == "$regexi" {
			p = "(?i)" + p
		}
		re, err := regexp.Compile(p)
		return err == nil && re.MatchString(text)
	case "$exists":
		return (v != nil) == oracleTruth(arg)
	case "$type":
		names := map[reflect.Kind]string{reflect.Invalid: "null", reflect.Bool: "boolean", reflect.Float64: "number",
			reflect.String: "string", reflect.Slice: "array", reflect.Map: "object"}
		return arg == names[reflect.ValueOf(v).Kind()]
	case "$not":
		return !oracleValue(arg, v, groups)
	}
	return false
}

func oracleTruth(v any) bool {
	return v != nil && v != false && v != 0.0 && v != ""
}

func oracleText(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case float64:
		b, err := json.Marshal(v) // writes numbers as JavaScript does
		if err != nil {
			panic(err)
		}
		return string(b)
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			if e != nil {
				parts[i] = oracleText(e)
			}
		}
		return strings.Join(parts, ",")
	case map[string]any:
		return "[object Object]"
	}
	return fmt.Sprint(v)
}

var oracleDecimal = regexp.MustCompile(`^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$`)

func oracleNumber(v any) float64 {
	switch v := v.(type) {
	case nil:
		return 0
	case float64:
		return v
	case bool:
		if v {
			return 1
		}
		return 0
	}
	s := strings.TrimSpace(oracleText(v))
	switch {
	case s == "":
		return 0
	case oracleDecimal.MatchString(s):
		n, err := strconv.ParseFloat(s, 64)
		if err != nil && !math.IsInf(n, 0) {
			panic(err)
		}
		return n
	case strings.HasPrefix(s, "0x"):
		if n, err := strconv.ParseUint(s[2:], 16, 64); err == nil {
			return float64(n)
		}
	}
	return math.NaN()
}

func oracleOrder(v, arg any, is func(int) bool) bool {
	_, number := arg.(float64)
	if _, text := v.(string); !number && (text || !oracleScalar(v)) {
		return is(strings.Compare(oracleText(v), oracleText(arg)))
	}
	a, b := oracleNumber(v), oracleNumber(arg)
	switch {
	case a < b:
		return is(-1)
	case a > b:
		return is(1)
	}
	return a == b && is(0)
}

var (
	oracleRest  = regexp.MustCompile(`^v|\+.*$`)
	oracleSplit = regexp.MustCompile(`[-.]`)
)

func oracleVersion(v any) string {
	s := "0"
	switch v := v.(type) {
	case string:
		if v != "" {
			s = v
		}
	case float64:
		s = oracleText(v)
	}
	parts := oracleSplit.Split(oracleRest.ReplaceAllString(s, ""), -1)
	if len(parts) == 3 {
		parts = append(parts, "~")
	}
	for i, p := range parts {
		if strings.Trim(p, "0123456789") == "" && p != "" {
			parts[i] = fmt.Sprintf("%5s", p)
		}
	}
	return strings.Join(parts, "-")
}
