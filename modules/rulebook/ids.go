package rulebook

// Ids of items are written by people as they stand on a package, in thirteen digits
// or eight, and by the catalogue in one form. What is no id is left as it is: a
// caller's own actions may have any.

// identify writes the ids that a slot names as the catalogue does.
func (a *surroundings) identify(s *Slot) {
	if a.item == nil {
		return
	}
	for i, id := range s.Source.Items {
		s.Source.Items[i] = a.item(id)
	}
	for i := range s.Pins {
		s.Pins[i].Item = a.item(s.Pins[i].Item)
	}
}

// both are ids as they are written, which a caller's actions may have, and as the
// catalogue does.
func (a *surroundings) both(ids []string) []string {
	if a.item == nil {
		return ids
	}
	for _, id := range ids[:len(ids):len(ids)] {
		if form := a.item(id); form != id {
			ids = append(ids, form)
		}
	}
	return ids
}

// form writes what conditions compare ids of items with as the catalogue does.
func (a *surroundings) form() func(path, text string) string {
	if a.item == nil {
		return nil
	}
	return func(path, text string) string {
		if path == "item.id" || path == "basket" || path == "context.basket" {
			return a.item(text)
		}
		return text
	}
}
