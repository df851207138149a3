package loop

// Kill kills an agent by its place, or the centre as the one after the last, and
// says which it was.
func Kill(l *Loop, i int) string {
	c := l.children()[i]
	c.kill()
	return c.name
}

// Revive starts it again, where Run does not.
func Revive(l *Loop, i int) error { return l.children()[i].start() }
