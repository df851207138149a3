package store

import (
	"context"
	"errors"
	"fmt"
)

// Schema is the tables of one package. Steps are only ever appended to: step i
// brings version i to i+1. Tables carry the schema's name as their prefix.
type Schema struct {
	Name  string
	Steps []string
}

var own = Schema{Name: "audit", Steps: []string{`
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL
);`}}

// migrate brings all schemas up in one transaction: a crash leaves the file as
// it was.
func (db *DB) migrate(schemas []Schema) error {
	return db.Update(context.Background(), func(tx *Tx) error {
		if _, err := tx.Exec(`CREATE TABLE IF NOT EXISTS schema (name TEXT PRIMARY KEY, version INTEGER NOT NULL)`); err != nil {
			return err
		}
		for _, s := range schemas {
			if err := tx.migrate(s); err != nil {
				return fmt.Errorf("migrate %s: %w", s.Name, err)
			}
		}
		return nil
	})
}

func (tx *Tx) migrate(s Schema) error {
	var version int
	err := tx.One(`SELECT version FROM schema WHERE name = ?`, s.Name).Scan(&version)
	if err != nil && !errors.Is(err, ErrNone) {
		return err
	}
	if version > len(s.Steps) {
		return ErrNewer
	}
	for _, step := range s.Steps[version:] {
		if _, err := tx.Exec(step); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`INSERT INTO schema (name, version) VALUES (?, ?)
		ON CONFLICT (name) DO UPDATE SET version = excluded.version`, s.Name, len(s.Steps))
	return err
}
