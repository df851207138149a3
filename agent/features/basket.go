package features

import (
	"strings"

	"github.com/aisle-edge/aisle/agent/rules"
)

// Basket appends the places of the items in a request's basket, which its context
// lists as basket: rules.Nowhere for one that the catalogue does not know. Nil if
// the request says nothing of a basket.
func Basket(dst []int32, context Values, v *rules.View) []int32 {
	said := context.find(basketKey)
	switch {
	case said == nil || said.Kind == Number:
		return nil
	case said.Kind == Text:
		return append(dst, placeOf(v, said.Text))
	}
	if dst == nil {
		dst = []int32{}
	}
	for _, id := range said.List {
		dst = append(dst, placeOf(v, id))
	}
	return dst
}

func placeOf(v *rules.View, id string) int32 {
	if place, ok := v.Place(id); ok {
		return int32(place)
	}
	return rules.Nowhere
}

// inBasket is how many items a basket has, or what those cost that are known.
func inBasket(key string, v *rules.View, basket []int32) float64 {
	if key == "size" {
		return float64(len(basket))
	}
	sum := int64(0)
	for _, place := range basket {
		if place != rules.Nowhere {
			sum += v.Gross[place]
		}
	}
	return float64(sum)
}

// department is the one that most items of a basket are of, the first of equals.
func department(v *rules.View, basket []int32) (name string) {
	var room [maxList]string
	all := room[:0]
	for _, place := range basket {
		if of := departmentOf(v, place); of != "" {
			all = append(all, of)
		}
	}
	most := 0
	for i, of := range all {
		n := 0
		for _, other := range all[i:] {
			if other == of {
				n++
			}
		}
		if n > most {
			name, most = of, n
		}
	}
	return name
}

func departmentOf(v *rules.View, place int32) string {
	if place == rules.Nowhere {
		return ""
	}
	name, _, _ := strings.Cut(v.Category.At(int(place)), "/")
	return name
}
