package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/aisle-edge/aisle/agent/consent"
	"github.com/aisle-edge/aisle/agent/consent/gpp"
	"github.com/aisle-edge/aisle/agent/consent/tcf"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/modules/terminal"
	"github.com/aisle-edge/aisle/sync/wire"
)

func consentCommand(g *global) *cobra.Command {
	c := terminal.Group(&cobra.Command{Use: "consent", Short: "Read a consent string, and say what it grants"})
	c.AddCommand(consentDecode(g), consentGrants(g))
	return c
}

func consentDecode(g *global) *cobra.Command {
	return &cobra.Command{
		Use: "decode STRING", Short: "Decode a TCF or GPP string", Args: terminal.Words(1, 1, "a string"),
		Long: "Decodes a TCF string of Europe, or a GPP string and each of its sections. A section that can't be\n" +
			"read says so as its error; of a string that can't be read nothing is printed.",
		RunE: func(cmd *cobra.Command, words []string) error {
			v, err := decoded(words[0])
			if err != nil {
				return terminal.Wrong(fmt.Errorf("the string %w", err))
			}
			b, err := json.Marshal(v)
			if err != nil {
				return err
			}
			if !g.json {
				b, err = json.MarshalIndent(json.RawMessage(b), "", "  ")
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s\n", b)
			return err
		},
	}
}

// isGPP tells a GPP string by its first letter, as its specification does.
func isGPP(s string) bool { return strings.HasPrefix(s, "D") }

// gppString is what a GPP string says, by the names of its sections.
type gppString struct {
	Version    int            `json:"gppVersion"`
	SectionIDs []int          `json:"sectionIds"`
	Sections   map[string]any `json:"parsedSections"`
}

func decoded(s string) (any, error) {
	if !isGPP(s) {
		return tcf.Parse(s)
	}
	sections, err := gpp.Parse(nil, s)
	if err != nil {
		return nil, err
	}
	all := gppString{1, []int{}, map[string]any{}}
	for _, section := range sections {
		name := gpp.Name(section.ID)
		if name == "" {
			name = strconv.Itoa(section.ID)
		}
		all.SectionIDs = append(all.SectionIDs, section.ID)
		if all.Sections[name], err = decodedSection(section); err != nil {
			all.Sections[name] = map[string]string{"error": "this section " + err.Error()}
		}
	}
	return all, nil
}

func decodedSection(s gpp.Section) (any, error) {
	switch s.ID {
	case gpp.Europe:
		return tcf.Parse(s.Text)
	case gpp.Canada:
		return tcf.ParseCanada(s.Text)
	}
	states, err := gpp.ParseStates(s)
	return &states, err
}

// grantsFlags are how a string is read.
type grantsFlags struct {
	at, regime, age string
	vendor          int
	sid             []int
	gpc             bool
}

func consentGrants(g *global) *cobra.Command {
	var f grantsFlags
	c := &cobra.Command{
		Use: "grants STRING", Short: "Say what a string grants at a date", Args: terminal.Words(1, 1, "a string"),
		Long: "Lists what a TCF or GPP string grants by itself, as purpose:content and purpose:offers for the two kinds\n" +
			"of slot. A string that can't be read grants nothing; \"\" is a missing answer, which the regime answers.",
		RunE: func(cmd *cobra.Command, words []string) error {
			t, at, err := f.terms()
			if err != nil {
				return terminal.Wrong(err)
			}
			s := consent.Signals{GPC: f.gpc, GPPSid: f.sid}
			if isGPP(words[0]) {
				s.GPP = words[0]
			} else {
				s.TCF = words[0]
			}
			return printGrants(cmd.OutOrStdout(), g.json, granted(s, t, at))
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.at, "at", "", "date, as 2026-06-01 or 2026-06-01T12:00:00Z (default now)")
	flags.StringVar(&f.regime, "regime", string(rulebook.OptIn), "what a missing answer means: opt_in or opt_out")
	flags.IntVar(&f.vendor, "vendor", 0, "vendor id in TCF strings (default: the publisher's own segment is read)")
	flags.StringVar(&f.age, "max-age", "395d", "a string updated longer ago grants nothing; such as 395d or 9480h")
	flags.IntSliceVar(&f.sid, "gpp-sid", nil, "sections of a GPP string that apply (default all)")
	flags.BoolVar(&f.gpc, "gpc", false, "a Global Privacy Control came with it")
	return c
}

func (f *grantsFlags) terms() (t consent.Terms, at time.Time, err error) {
	t.Strings = rulebook.Consent{Vendor: f.vendor, GPCDeniesOffers: true}
	t.Regime = rulebook.Regime(f.regime)
	if t.Regime != rulebook.OptIn && t.Regime != rulebook.OptOut {
		return t, at, fmt.Errorf("--regime is %q; it must be opt_in or opt_out", f.regime)
	}
	if f.vendor < 0 || f.vendor > 65535 {
		return t, at, fmt.Errorf("--vendor is %d; it must be an id of the vendor list, up to 65535", f.vendor)
	}
	if t.Strings.MaxAge, err = days(f.age); err != nil {
		return t, at, err
	}
	at, err = date(f.at)
	return t, at, err
}

var wholeDays = regexp.MustCompile(`^[0-9]{1,5}d$`)

// days is a duration that may be in days.
func days(s string) (time.Duration, error) {
	var d time.Duration
	var err error
	if wholeDays.MatchString(s) {
		n, _ := strconv.Atoi(s[:len(s)-1])
		d = time.Duration(n) * 24 * time.Hour
	} else {
		d, err = time.ParseDuration(s)
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("--max-age is %q; it must be above 0, such as 395d or 9480h", s)
	}
	return d, nil
}

func date(s string) (time.Time, error) {
	if s == "" {
		return time.Now(), nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("--at must be a date such as 2026-06-01, or a time such as 2026-06-01T12:00:00Z")
}

// granted lists purposes by the kind of slot that they are granted in, in the
// order of the alphabet.
func granted(s consent.Signals, t consent.Terms, at time.Time) []string {
	all := []string{}
	for kind, slot := range map[string]wire.Purpose{"content": wire.PersonalisedContent, "offers": wire.PersonalisedOffers} {
		g := consent.Alone(s, t, slot, at)
		for _, p := range g.All() {
			all = append(all, string(p)+":"+kind)
		}
	}
	slices.Sort(all)
	return all
}

func printGrants(w io.Writer, asJSON bool, all []string) error {
	if asJSON {
		return json.NewEncoder(w).Encode(all)
	}
	if len(all) == 0 {
		all = []string{"nothing is granted"}
	}
	_, err := fmt.Fprintln(w, strings.Join(all, "\n"))
	return err
}
