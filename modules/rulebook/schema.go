package rulebook

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"
)

// Schema is the JSON Schema (2020-12) of slots.yaml, rules.yaml or
// features.yaml, or nil for another name. It is made from the structs that Parse
// reads into, so it can't say anything else.
func Schema(file string) []byte {
	t, ok := map[string]reflect.Type{
		"slots.yaml":    reflect.TypeFor[slotsFile](),
		"rules.yaml":    reflect.TypeFor[rulesFile](),
		"features.yaml": reflect.TypeFor[featuresFile](),
	}[file]
	if !ok {
		return nil
	}
	s := schemaOf(t, check{})
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "Aisle " + file + ", version 0"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(err) // maps of texts and numbers
	}
	return append(b, '\n')
}

type schema map[string]any

func schemaOf(t reflect.Type, c check) schema {
	switch {
	case t == reflect.TypeFor[time.Duration]():
		return schema{"type": "string", "pattern": durationPattern}
	case t == reflect.TypeFor[Salt]():
		return schema{"type": "string", "pattern": "^[0-9a-fA-F]{64}$"}
	}
	switch t {
	case reflect.TypeFor[When]():
		return schema{"type": []string{"object", "string"}}
	case reflect.TypeFor[Texts]():
		return textsSchema(schema{"pattern": languagePattern})
	case reflect.TypeFor[RuleTexts]():
		return textsSchema(schema{"enum": ruleTexts()})
	case reflect.TypeFor[VerdictTexts]():
		return textsSchema(schema{"enum": verdictTexts()})
	case reflect.TypeFor[KeptTexts]():
		return textsSchema(schema{"enum": keptTexts()})
	case reflect.TypeFor[UnknownTexts]():
		return textsSchema(schema{"enum": unknownTexts()})
	case reflect.TypeFor[SavedGroup]():
		return schema{"type": []string{"array", "object"}, "items": schema{"type": []string{"string", "number", "boolean", "null"}}}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem(), c)
	case reflect.Struct:
		return objectSchema(t)
	case reflect.Map:
		if t.Elem() == reflect.TypeFor[SavedGroup]() {
			return schema{"type": "object", "propertyNames": schema{"pattern": idPattern}, "additionalProperties": schemaOf(t.Elem(), check{})}
		}
		return schema{"type": "object", "propertyNames": schema{"enum": rewardable()}, "additionalProperties": schemaOf(t.Elem(), check{})}
	case reflect.Array:
		return schema{"type": "array", "items": schemaOf(t.Elem(), check{}), "minItems": t.Len(), "maxItems": t.Len()}
	case reflect.Slice:
		return limited(schema{"type": "array", "items": schemaOf(t.Elem(), check{enum: c.enum})}, c, "minItems", "maxItems")
	case reflect.Int:
		return limited(schema{"type": "integer"}, c, "minimum", "maximum")
	case reflect.Float64:
		return limited(schema{"type": "number"}, c, "minimum", "maximum")
	case reflect.Bool:
		return schema{"type": "boolean"}
	}
	return textSchema(c)
}

func textsSchema(names schema) schema {
	return schema{"type": "object", "propertyNames": names, "additionalProperties": schema{"type": "string", "minLength": 1, "maxLength": 256}}
}

func textSchema(c check) schema {
	s := limited(schema{"type": "string"}, c, "minLength", "maxLength")
	if c.id {
		s["pattern"] = idPattern
	}
	if c.enum != nil {
		s["enum"] = c.enum
	}
	return s
}

func limited(s schema, c check, low, high string) schema {
	for key, limit := range map[string]*float64{low: c.min, high: c.max, "exclusiveMinimum": c.above, "exclusiveMaximum": c.below} {
		if limit != nil {
			s[key] = *limit
		}
	}
	return s
}

func objectSchema(t reflect.Type) schema {
	v := reflect.New(t).Elem()
	setDefaults(v)
	properties, required := schema{}, []string{}
	for i := range t.NumField() {
		key, c := t.Field(i).Tag.Get("yaml"), checkOf(t.Field(i))
		p := schemaOf(t.Field(i).Type, c)
		if f := v.Field(i); f.Kind() != reflect.Struct && !f.IsZero() {
			p["default"] = defaultOf(f)
		}
		properties[key] = p
		if c.required {
			required = append(required, key)
		}
	}
	slices.Sort(required)
	return schema{"type": "object", "additionalProperties": false, "properties": properties, "required": required}
}

func defaultOf(v reflect.Value) any {
	if t, ok := v.Interface().(time.Duration); ok {
		return t.String()
	}
	return v.Interface()
}
