package localapi

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"github.com/aisle-edge/aisle/modules/rulebook"
)

// serviceConfiguration is the body of configurations/service: the slot, in
// Personalizer's words. The fields that no slot has are answered and not read.
type serviceConfiguration struct {
	RewardWaitTime        string  `json:"rewardWaitTime"` // ISO 8601
	DefaultReward         float64 `json:"defaultReward"`
	RewardAggregation     string  `json:"rewardAggregation"`     // sum, earliest
	ExplorationPercentage float64 `json:"explorationPercentage"` // share, in (0, 1]
	LearningMode          string  `json:"learningMode"`          // Online, Apprentice, LoggingOnly

	ModelExportFrequency      string `json:"modelExportFrequency"`
	LogMirrorEnabled          bool   `json:"logMirrorEnabled"`
	LogRetentionDays          int    `json:"logRetentionDays"` // -1: as long as there is room
	IsAutoOptimizationEnabled bool   `json:"isAutoOptimizationEnabled"`
}

var learningModes = map[rulebook.Mode]string{rulebook.Online: "Online", rulebook.Apprentice: "Apprentice", rulebook.LoggingOnly: "LoggingOnly"}

func configurationOf(s *rulebook.Slot) serviceConfiguration {
	return serviceConfiguration{
		RewardWaitTime: isoDuration(s.Reward.Wait), DefaultReward: s.Reward.Default,
		RewardAggregation: string(s.Reward.Aggregation), ExplorationPercentage: s.Policy.Epsilon,
		LearningMode: learningModes[s.Mode], ModelExportFrequency: isoDuration(time.Minute), LogRetentionDays: -1,
	}
}

func (a *API) personalizerSlot() (*rulebook.Slot, error) {
	active := a.Releases.Active()
	if active == nil {
		return nil, refuse("no-release", "no release runs on this node yet; enrol it and wait for the hub, or start it with a release folder")
	}
	s := active.Slot(a.opt.Personalizer.Slot)
	if s == nil {
		return nil, refuse("unknown-slot", "the release has no slot "+a.opt.Personalizer.Slot+"; add it to slots.yaml, or name another in personalizer.slot")
	}
	return s.Slot, nil
}

func (a *API) getService(w http.ResponseWriter, _ *http.Request) error {
	slot, err := a.personalizerSlot()
	if err == nil {
		writeJSON(w, http.StatusOK, configurationOf(slot))
	}
	return err
}

// putService changes the slot in this node's own slots.yaml.
func (a *API) putService(w http.ResponseWriter, r *http.Request) error {
	slot, err := a.personalizerSlot()
	if err != nil {
		return err
	}
	if a.Edit == nil {
		return refuse(managed, "this node is enrolled; change the slot "+slot.ID+" in slots.yaml in the release folder and propose it there")
	}
	in := configurationOf(slot)
	if err := readLoosely(r, &in); err != nil {
		return err
	}
	wait, err := parseISODuration(in.RewardWaitTime)
	if err != nil {
		return refuse(invalid, "rewardWaitTime must be a duration such as PT10M")
	}
	mode := ""
	for m, name := range learningModes {
		if strings.EqualFold(name, in.LearningMode) {
			mode = string(m)
		}
	}
	if mode == "" {
		return refuse(invalid, "learningMode must be Online, Apprentice or LoggingOnly")
	}
	err = a.Edit("slots.yaml", func(old []byte) ([]byte, error) {
		return changeSlot(old, slot.ID, map[string]any{
			"": map[string]any{"mode": mode}, "policy": map[string]any{"epsilon": in.ExplorationPercentage},
			"reward": map[string]any{"wait": wait.String(), "default": in.DefaultReward, "aggregation": in.RewardAggregation},
		})
	})
	var faults rulebook.Faults
	switch {
	case errors.As(err, &faults):
		d := refuse(invalid, "nothing was changed")
		for _, f := range faults {
			d.Faults = append(d.Faults, Fault{f.Line, f.Path, f.Problem})
		}
		return d
	case err != nil:
		return err
	}
	return a.getService(w, r)
}

// changeSlot puts values into a slot of a slots.yaml, by the section of it that
// they stand in, and leaves what people wrote around them as it is.
func changeSlot(file []byte, slot string, changes map[string]any) ([]byte, error) {
	tree, err := parser.ParseBytes(file, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("read slots.yaml: %w", err)
	}
	var doc struct {
		Slots []struct {
			ID string `yaml:"id"`
		} `yaml:"slots"`
	}
	if err := yaml.NodeToValue(tree.Docs[0].Body, &doc); err != nil {
		return nil, fmt.Errorf("read slots.yaml: %w", err)
	}
	for i, s := range doc.Slots {
		if s.ID != slot {
			continue
		}
		for _, section := range slices.Sorted(maps.Keys(changes)) {
			if err := merge(tree, fmt.Sprintf("$.slots[%d]", i), section, changes[section]); err != nil {
				return nil, fmt.Errorf("change slots.yaml: %w", err)
			}
		}
		return []byte(tree.String()), nil
	}
	return nil, fmt.Errorf("slots.yaml has no slot %s", slot)
}

// merge puts values into a section of what is at path; "" is that itself.
func merge(tree *ast.File, path, section string, values any) error {
	if section != "" {
		inner, err := yaml.PathString(path + "." + section)
		if err != nil {
			return err
		}
		if _, err := inner.FilterFile(tree); err != nil { // there is no such section
			values = map[string]any{section: values}
		} else {
			path += "." + section
		}
	}
	at, err := yaml.PathString(path)
	if err != nil {
		return err
	}
	node, err := yaml.ValueToNode(values)
	if err != nil {
		return err
	}
	return at.MergeFromNode(tree, node)
}

var isoPattern = regexp.MustCompile(`^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$`)

// parseISODuration reads days, hours, minutes and seconds; months have no length.
func parseISODuration(s string) (time.Duration, error) {
	m := isoPattern.FindStringSubmatch(s)
	if m == nil || s == "P" || strings.HasSuffix(s, "T") {
		return 0, errors.New("no ISO 8601 duration")
	}
	seconds := 0.0
	for i, unit := range []float64{86400, 3600, 60, 1} {
		if m[i+1] != "" {
			n, err := strconv.ParseFloat(m[i+1], 64)
			if err != nil {
				return 0, err
			}
			seconds += n * unit
		}
	}
	if seconds > math.MaxInt32 {
		return 0, errors.New("longer than anything waits")
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

func isoDuration(d time.Duration) string {
	var b bytes.Buffer
	b.WriteString("P")
	if days := d / (24 * time.Hour); days > 0 {
		fmt.Fprintf(&b, "%dD", days)
		d -= days * 24 * time.Hour
	}
	if d == 0 && b.Len() > 1 {
		return b.String()
	}
	b.WriteString("T")
	for _, u := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "H"}, {time.Minute, "M"}} {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	if d > 0 || b.Len() == 2 {
		fmt.Fprintf(&b, "%sS", strconv.FormatFloat(d.Seconds(), 'f', -1, 64))
	}
	return b.String()
}
