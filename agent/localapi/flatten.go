package localapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/aisle-edge/aisle/agent/features"
)

// maxFeatures bounds what one list of features may come to, flattened.
const maxFeatures = 256

// flatten makes values of nested features: {"user":{"age":3}} is user.age.
func flatten(all []json.RawMessage) (values features.Values, err error) {
	for _, raw := range all {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var one any
		if err := d.Decode(&one); err != nil {
			return nil, refuse(malformed, "send one well-formed JSON value")
		}
		if _, ok := one.(map[string]any); !ok && one != nil {
			return nil, refuse(invalid, "features are a list of objects")
		}
		values = flattenInto(values, "", one)
	}
	if len(values) > maxFeatures {
		return nil, refuse(invalid, fmt.Sprintf("send at most %d features of the context, and of each action", maxFeatures))
	}
	return values, nil
}

func flattenInto(values features.Values, name string, one any) features.Values {
	value := features.Value{Name: name}
	switch one := one.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(one)) { // in order, so that a repeat looks the same
			values = flattenInto(values, joined(name, key), one[key])
		}
		return values
	case []any:
		value.Kind = features.List
		for _, part := range one {
			switch part.(type) {
			case map[string]any, []any:
				values = flattenInto(values, name, part)
			default:
				value.List = append(value.List, fmt.Sprint(part))
			}
		}
		if len(value.List) == 0 {
			return values
		}
	case json.Number:
		x, err := one.Float64()
		if err != nil {
			return values
		}
		value.Kind, value.Number = features.Number, x
	case bool:
		value.Kind, value.Text = features.Text, strconv.FormatBool(one)
	case string:
		value.Kind, value.Text = features.Text, one
	default: // null says nothing
		return values
	}
	return append(values, value)
}

func joined(name, key string) string {
	if name == "" {
		return key
	}
	return name + "." + key
}
