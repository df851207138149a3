package console

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aisle-edge/aisle/central/api"
)

// chart is reward by arm over time, as SVG needs it, in units of its view box.
type chart struct {
	Slot   api.Slot
	Width  float64
	Height float64
	Ticks  []tick // of the reward
	From   string // how long ago the left edge is
	Lines  []line
}

type tick struct {
	Y     float64
	Label string
}

// line is one arm: its mean, the band of its interval, and its name at the end.
type line struct {
	Arm    api.Arm
	Points string // of a polyline
	Band   string // of a polygon
	EndX   float64
	EndY   float64
	LabelY float64
}

const (
	chartWidth  = 720.0
	chartHeight = 220.0
	left, right = 46.0, 92.0 // room for labels
	top, bottom = 10.0, 18.0
	lineHeight  = 15.0
)

// draw makes the chart of a slot. A slot without history has no lines.
func draw(s api.Slot, now time.Time) chart {
	c := chart{Slot: s, Width: chartWidth, Height: chartHeight}
	if len(s.History) < 2 {
		return c
	}
	first, last := s.History[0].At, s.History[len(s.History)-1].At
	c.From = age(now.Sub(first).Seconds())
	low, high := bounds(s)
	x := func(t time.Time) float64 {
		return left + (chartWidth-left-right)*t.Sub(first).Seconds()/math.Max(last.Sub(first).Seconds(), 1)
	}
	y := func(r float64) float64 {
		share := min(max((r-low)/(high-low), 0), 1)
		return chartHeight - bottom - (chartHeight-top-bottom)*share
	}
	for _, r := range ticks(low, high) {
		c.Ticks = append(c.Ticks, tick{y(r), fmt.Sprintf("%.3g", r+0)}) // -0 is written 0
	}
	for i, arm := range s.Arms {
		if l, ok := trace(s.History, i, x, y); ok {
			l.Arm = arm
			c.Lines = append(c.Lines, l)
		}
	}
	spread(c.Lines)
	return c
}

// trace follows arm i through the points that know it.
func trace(history []api.Point, i int, x func(time.Time) float64, y func(float64) float64) (l line, ok bool) {
	var points, above, below []string
	at := func(px, r float64) string { return fmt.Sprintf("%.1f,%.1f", px, y(r)) }
	for _, p := range history {
		if i >= len(p.Arms) || p.Arms[i].Low == nil {
			continue
		}
		a, px := p.Arms[i], x(p.At)
		points = append(points, at(px, a.Mean))
		above = append(above, at(px, *a.High))
		below = append([]string{at(px, *a.Low)}, below...)
		l.EndX, l.EndY = px, y(a.Mean)
	}
	l.Points = strings.Join(points, " ")
	l.Band = strings.Join(append(above, below...), " ")
	l.LabelY = l.EndY
	return l, len(points) > 1
}

// bounds are the rewards that the chart spans: the intervals as they are now,
// and the means as they were. Early intervals are far wider and run out of it.
func bounds(s api.Slot) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, a := range s.Arms {
		if a.Low != nil {
			low, high = min(low, *a.Low), max(high, *a.High)
		}
	}
	for _, p := range s.History[len(s.History)/8:] {
		for _, a := range p.Arms {
			if a.Low != nil {
				low, high = min(low, a.Mean), max(high, a.Mean)
			}
		}
	}
	if !(high > low) {
		return 0, 1
	}
	margin := (high - low) / 10
	return low - margin, high + margin
}

// ticks are round values between low and high, four or so.
func ticks(low, high float64) (out []float64) {
	step := math.Pow(10, math.Floor(math.Log10((high-low)/2)))
	for _, more := range []float64{2, 2.5, 2} {
		if (high-low)/step > 5 {
			step *= more
		}
	}
	for n := math.Ceil(low / step); n*step <= high; n++ {
		out = append(out, n*step)
	}
	return out
}

// spread moves names apart that would lie on each other.
func spread(lines []line) {
	order := make([]*line, len(lines))
	for i := range lines {
		order[i] = &lines[i]
	}
	for i := range order { // by height; there are a handful
		for k := i; k > 0 && order[k].LabelY < order[k-1].LabelY; k-- {
			order[k], order[k-1] = order[k-1], order[k]
		}
	}
	for i := 1; i < len(order); i++ {
		order[i].LabelY = max(order[i].LabelY, order[i-1].LabelY+lineHeight)
	}
	for i, limit := len(order)-1, chartHeight-bottom; i >= 0; i-- {
		order[i].LabelY = min(order[i].LabelY, limit)
		limit = order[i].LabelY - lineHeight
	}
}
