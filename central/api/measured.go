package api

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// maxMeasured is how many measurements are kept, and keepMeasured for how long.
const (
	maxMeasured  = 32
	keepMeasured = time.Hour
)

// Measured keeps what was measured outside, the last of each name, in memory.
// The zero value is empty.
type Measured struct {
	mu   sync.Mutex // guards last
	last map[string]Measurement
}

// Put keeps a measurement in place of the last of its name. It is false when
// there are too many names.
func (m *Measured) Put(x Measurement) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last == nil {
		m.last = make(map[string]Measurement)
	}
	m.expire(x.At)
	if _, known := m.last[x.Name]; !known && len(m.last) == maxMeasured {
		return false
	}
	m.last[x.Name] = x
	return true
}

// List is what was told within the last hour, by name.
func (m *Measured) List(now time.Time) []Measurement {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.expire(now)
	list := make([]Measurement, 0, len(m.last))
	for _, x := range m.last {
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b Measurement) int { return cmp.Compare(a.Name, b.Name) })
	return list
}

func (m *Measured) expire(now time.Time) {
	for name, x := range m.last {
		if now.Sub(x.At) > keepMeasured {
			delete(m.last, name)
		}
	}
}
