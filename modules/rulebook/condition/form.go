package condition

// form writes the texts that nodes compare with as form does; a pattern, an order
// and a version stay as they are.
func form(nodes []node, as func(text string) string) {
	for i := range nodes {
		n := &nodes[i]
		n.text = formed(n.op, n.text, as)
		n.value = n.value.formed(n.op, as)
		if n.set != nil {
			n.set = n.set.formed(as)
		}
		form(n.kids, as)
	}
}

func formed(o op, text string, as func(string) string) string {
	if o == opText || o == opFolded {
		return as(text)
	}
	return text
}

// formed is the value that an operator compares with; lists are not changed, for a
// group may be compared with elsewhere.
func (v Value) formed(o op, as func(string) string) Value {
	switch {
	case o != opSame && o != opIdentical:
	case v.kind == text:
		return Text(as(v.s))
	case v.kind == list:
		all := make([]Value, v.len())
		for i := range all {
			all[i] = v.at(i).formed(o, as)
		}
		return List(all)
	}
	return v
}

func (s *set) formed(as func(string) string) *set {
	to := *s
	to.texts = make(map[string]struct{}, len(s.texts))
	for text := range s.texts {
		to.texts[as(text)] = struct{}{}
	}
	return &to
}

// formAll writes what the values of paths are compared with as Options.Form does.
func (c *compiler) formAll(nodes []node) {
	for i := range nodes {
		if n := &nodes[i]; n.op == opField {
			path := c.paths[n.path]
			form(n.kids, func(text string) string { return c.Form(path, text) })
		} else {
			c.formAll(n.kids)
		}
	}
}
