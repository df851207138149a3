package inject

import (
	"html/template"
	"strings"
	"testing"
)

func TestFragment(t *testing.T) {
	got := string(Append(nil, &Fragment{Slot: "page_hero", EventID: "e1", Personalised: true, Items: []Item{
		{ID: "1", Title: "Tea & milk", Brand: "Acme", URL: "/tea?a=1&b=2", Image: "https://x.example/t.png", Price: Money{399, "EUR"}, Was: Money{499, "EUR"}},
		{ID: "2", Title: "Rice", Price: Money{5, "EUR"}, Note: "for <you>"},
	}}))
	want := `<ul class="aisle" data-slot="page_hero" data-event="e1" data-personalised>
<li data-item="1" data-rank="1"><a href="/tea?a=1&amp;b=2"><img src="https://x.example/t.png" alt="" loading="lazy"><strong class="title">Tea &amp; milk</strong></a><span class="brand">Acme</span><span class="price">3.99 EUR</span><s class="was">4.99 EUR</s></li>
<li data-item="2" data-rank="2"><strong class="title">Rice</strong><span class="price">0.05 EUR</span><small class="note">for &lt;you&gt;</small></li>
</ul>
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := Append(nil, &Fragment{Slot: "page_hero"}); len(got) > 0 {
		t.Errorf("an empty slot is %q", got)
	}
}

func TestMoney(t *testing.T) {
	for m, want := range map[Money]string{{399, "JPY"}: "399 JPY", {1, "KWD"}: "0.001 KWD", {-250, "USD"}: "-2.50 USD", {}: "", {1, "XXX"}: ""} {
		if got := m.text(); got != want {
			t.Errorf("%v is %q, want %q", m, got, want)
		}
	}
}

// FuzzFragment holds the fragment against html/template, which knows the context
// of each text and escapes for it: what one thinks safe, so does the other.
func FuzzFragment(f *testing.F) {
	f.Add(`"><script>alert(1)</script>`, "javascript:alert(1)", "e'1")
	f.Add("a", "\tjava\nscript:alert(1)", "data:text/html,x")
	f.Add("</strong>", "//evil.example/x", "\x00<")
	page := template.Must(template.New("").Parse(`<a href="{{.}}">`))
	f.Fuzz(func(t *testing.T, text, address, id string) {
		out := string(Append(nil, &Fragment{Slot: id, EventID: text, Items: []Item{{ID: id, Title: text, Brand: text, URL: address, Image: address, Price: Money{1, "EUR"}, Note: text}}}))
		tags := 2*strings.Count(out, "<small") + 2*strings.Count(out, "<strong") + 2*strings.Count(out, "<span") + 2*strings.Count(out, "<a ") + strings.Count(out, "<img ") + 4
		if n := strings.Count(out, "<"); n != tags {
			t.Errorf("%d tags, want %d, in\n%s", n, tags, out)
		}
		if !strings.Contains(out, " href=") {
			return
		}
		var b strings.Builder
		if err := page.Execute(&b, address); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "#ZgotmplZ") {
			t.Errorf("html/template would not link to %q", address)
		}
	})
}
