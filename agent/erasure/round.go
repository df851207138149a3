package erasure

import (
	"bytes"
	"slices"
)

// round is the erasures that are done together.
type round []*task

// each does something for every one of them, until that fails.
func (tasks round) each(do func(t *task) error) error {
	for _, t := range tasks {
		if err := do(t); err != nil {
			return err
		}
	}
	return nil
}

// has tells whether a pseudonym is of one of them.
func (tasks round) has(who []byte) bool {
	return slices.ContainsFunc(tasks, func(t *task) bool { return bytes.Equal(t.who[:], who) })
}

// find is what is theirs of the records that scan shows, twice: first what names
// them, then who shares that, and what belongs to what nobody shares.
func (tasks round) find(scan func(look func(record []byte)) error) ([]found, error) {
	all := make([]found, len(tasks))
	shares := make([]sharing, len(tasks))
	for i, t := range tasks {
		all[i] = t.found.clone()
		shares[i] = sharing{found: &all[i], erased: tasks.has, shared: set{}, anonymous: map[[16]byte][]ids{}}
	}
	err := scan(func(record []byte) {
		for i := range all {
			all[i].name(record)
		}
	})
	if err != nil {
		return nil, err
	}
	err = scan(func(record []byte) {
		r := identify(record)
		for i := range shares {
			shares[i].look(record, &r)
		}
	})
	for i := range shares {
		shares[i].settle()
	}
	return all, err
}

// tombstone is what takes the place of a record of somebody in the round, nil for
// others'; mine is told for everybody whose it is.
func (tasks round) tombstone(record []byte, mine func(*task)) (other []byte) {
	r := identify(record)
	for _, t := range tasks {
		if b := t.tombstone(record, &r); b != nil {
			other = b
			mine(t)
		}
	}
	return other
}
