package console

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
	"time"
)

// words are how the page writes numbers and times.
var words = template.FuncMap{
	"count":   count,
	"rate":    func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) },
	"reward":  reward,
	"percent": func(x float64) string { return strconv.FormatFloat(100*x, 'g', 3, 64) + " %" },
	"bytes":   size,
	"age":     age,
	"since":   func(now, t time.Time) string { return age(now.Sub(t).Seconds()) },
	"seconds": func(x *float64) string {
		if x == nil {
			return "never"
		}
		return age(*x)
	},
	"clock": func(t time.Time) string { return t.UTC().Format("15:04:05") },
	"short": func(s string) string { return s[:min(len(s), 12)] },
	"number": func(x float64) string {
		if x == math.Trunc(x) && math.Abs(x) < 1e15 {
			return count(int64(x))
		}
		return strconv.FormatFloat(x, 'g', 4, 64)
	},
}

func reward(x any) string {
	switch v := x.(type) {
	case float64:
		return strconv.FormatFloat(v, 'f', 4, 64)
	case *float64:
		if v != nil {
			return reward(*v)
		}
	}
	return "–"
}

// count writes thousands apart.
func count(n any) string {
	s := fmt.Sprint(n)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	var parts []string
	for len(s) > 3 {
		parts = append([]string{s[len(s)-3:]}, parts...)
		s = s[:len(s)-3]
	}
	return sign + strings.Join(append([]string{s}, parts...), "\u202f")
}

func size(n any) string {
	x, err := strconv.ParseFloat(fmt.Sprint(n), 64)
	if err != nil {
		return "–"
	}
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if x < 1024 || unit == "GiB" {
			return strconv.FormatFloat(x, 'g', 3, 64) + "\u202f" + unit
		}
		x /= 1024
	}
	return ""
}

// age is a span of seconds in the largest unit that tells it.
func age(seconds float64) string {
	d := time.Duration(max(seconds, 0) * float64(time.Second))
	switch {
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + "\u202fs"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + "\u202fmin"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + "\u202fh"
	}
	return strconv.Itoa(int(d.Hours()/24)) + "\u202fdays"
}
