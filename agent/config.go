package agent

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/aisle-edge/aisle/agent/localapi"
	"github.com/aisle-edge/aisle/sync/item"
	"github.com/aisle-edge/aisle/sync/subject"
)

// Config is all that can be chosen. The zero value is a node of its own on this
// machine, under ./state.
type Config struct {
	// Agent and Site name a node of its own; an enrolled one is named by its centre.
	// Default agent and site.
	Agent string `yaml:"agent" env:"AGENT"`
	Site  string `yaml:"site" env:"SITE"`
	// State is the folder of everything the agent keeps. Default state, beside the
	// configuration file.
	State string `yaml:"state" env:"STATE"`
	// Address is where the API listens, a loopback host:port. Default 127.0.0.1:8461.
	Address string `yaml:"address" env:"ADDRESS"`
	// Scheme is what item ids of the catalogue are: gtin or own. Default own.
	Scheme item.Scheme `yaml:"scheme" env:"SCHEME"`
	// Release is the folder that a node of its own decides by (slots.yaml, rules.yaml,
	// features.yaml). Default: release-folder under State, made with one slot.
	Release string `yaml:"release" env:"RELEASE"`
	// LogLevel is debug, info, warn or error. Default info.
	LogLevel slog.Level `yaml:"log_level" env:"LOG_LEVEL"`
	// Memory is what the heap should get along with; where the data needs more it takes
	// more. Code and pages of the tables come on top. Default 36MiB.
	Memory Size         `yaml:"memory" env:"MEMORY"`
	Decide DecideConfig `yaml:"decide" envPrefix:"DECIDE_"`

	API          APIConfig          `yaml:"api" envPrefix:"API_"`
	Pages        map[string]string  `yaml:"pages" env:"PAGES"` // folders of static files, by path, as /kiosk: ./kiosk. Default none
	Fragments    FragmentsConfig    `yaml:"fragments" envPrefix:"FRAGMENTS_"`
	Personalizer PersonalizerConfig `yaml:"personalizer" envPrefix:"PERSONALIZER_"`
	Functions    FunctionsConfig    `yaml:"functions" envPrefix:"FUNCTIONS_"`
	Hub          HubConfig          `yaml:"hub" envPrefix:"HUB_"`
	Log          LogConfig          `yaml:"log" envPrefix:"LOG_"`
}

// DecideConfig is about decisions.
type DecideConfig struct {
	// Durable makes every decision wait for the disk. Default: only those that hold.
	Durable bool `yaml:"durable" env:"DURABLE"`
}

// APIConfig is about who may ask, and how much at once.
type APIConfig struct {
	Hosts   []string `yaml:"hosts" env:"HOSTS"`     // names by which it may be called, besides loopback's own. Default none
	Origins []string `yaml:"origins" env:"ORIGINS"` // of pages that may call it, as https://shop.example. Default none
	Body    Size     `yaml:"body" env:"BODY"`       // largest body. Default 4MiB
	Bulk    Size     `yaml:"bulk" env:"BULK"`       // largest body of rows. Default 1GiB
	Actions int      `yaml:"actions" env:"ACTIONS"` // of one decision. Default and most 10000
	Count   int      `yaml:"count" env:"COUNT"`     // items of one decision. Default and most 100
}

// FragmentsConfig says where a fragment's request tells whose it is, the header
// first.
type FragmentsConfig struct {
	Profile localapi.From `yaml:"profile" envPrefix:"PROFILE_"` // Default: cookie card
	Session localapi.From `yaml:"session" envPrefix:"SESSION_"` // Default: cookie session
	TCF     localapi.From `yaml:"tcf" envPrefix:"TCF_"`         // Default: cookie euconsent-v2
	GPP     localapi.From `yaml:"gpp" envPrefix:"GPP_"`         // Default: none
	GPPSid  localapi.From `yaml:"gpp_sid" envPrefix:"GPP_SID_"` // The sections of it that apply. Default: none, then all do
}

// PersonalizerConfig is about the endpoints that take Personalizer's place.
type PersonalizerConfig struct {
	Slot string `yaml:"slot" env:"SLOT"`                // that ranks. Default personalizer
	Key  string `yaml:"key" env:"KEY" print:"withheld"` // that clients must send. Default: any
}

// HubConfig is about the way to the centre.
type HubConfig struct {
	Central string        `yaml:"central" env:"CENTRAL"` // where to enrol. Default http://127.0.0.1:8460
	URLs    []string      `yaml:"urls" env:"URLS"`       // NATS servers. Default: as the centre said at enrolment
	Status  time.Duration `yaml:"status" env:"STATUS"`   // between two accounts of this node. Default 10s
	Tick    time.Duration `yaml:"tick" env:"TICK"`       // longest silence of the log. Default 5s
	Poll    time.Duration `yaml:"poll" env:"POLL"`       // how often the hub is asked without a hint. Default 1m
	Backoff time.Duration `yaml:"backoff" env:"BACKOFF"` // longest wait between two tries to connect, or 30s at most to send. Default 1m
}

// LogConfig is about the log that everything goes through.
type LogConfig struct {
	Limit   Size          `yaml:"limit" env:"LIMIT"`       // of all its files. Default 1GiB
	MinFree Size          `yaml:"min_free" env:"MIN_FREE"` // bytes that stay free on the disk. Default 200MiB
	Keep    time.Duration `yaml:"keep" env:"KEEP"`         // records stay at least so long while half the limit is free. Default 72h
}

// Size is a number of bytes, written as such or as 4MiB.
type Size int64

// UnmarshalText reads 4194304, 4096KiB or 4MiB.
func (s *Size) UnmarshalText(b []byte) error {
	text, unit := string(b), int64(1)
	for i, suffix := range []string{"KiB", "MiB", "GiB"} {
		if t, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = t, 1<<(10*(i+1))
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return errors.New("must be a number of bytes, such as 4194304 or 4MiB")
	}
	*s = Size(n * unit)
	return nil
}

// String is the size with the largest unit that has no fraction.
func (s Size) String() string {
	for i, suffix := range []string{"GiB", "MiB", "KiB"} {
		if unit := Size(1) << (10 * (3 - i)); s >= unit && s%unit == 0 {
			return fmt.Sprintf("%d%s", s/unit, suffix)
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// Load reads a configuration file, strictly, lays AISLE_ variables over it
// (AISLE_HUB_STATUS is hub.status), fills in defaults and checks it. An empty path
// is an empty file. The error tells every fault.
func Load(path string) (Config, error) {
	var c Config
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("read configuration: %w", err)
		}
		if faults := decode(b, &c); len(faults) > 0 {
			return c, fmt.Errorf("configuration %s:\n%w", path, errors.Join(faults...))
		}
	}
	if err := env.ParseWithOptions(&c, env.Options{Prefix: "AISLE_"}); err != nil {
		return c, fmt.Errorf("read AISLE_ variables: %w", err)
	}
	c.fill(filepath.Dir(path))
	if err := c.check(); err != nil {
		return c, fmt.Errorf("configuration %s:\n%w", cmp.Or(path, "by default"), err)
	}
	return c, nil
}

func (c *Config) fill(beside string) {
	within := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(beside, path)
	}
	c.Agent, c.Site = cmp.Or(c.Agent, "agent"), cmp.Or(c.Site, "site")
	c.State, c.Release = within(cmp.Or(c.State, "state")), within(c.Release)
	for at, dir := range c.Pages {
		c.Pages[at] = within(dir)
	}
	c.Functions.fill(within)
	c.Address = cmp.Or(c.Address, "127.0.0.1:8461")
	c.Scheme = cmp.Or(c.Scheme, item.Own)
	c.Memory = cmp.Or(c.Memory, 36<<20)
	c.API.Body, c.API.Bulk = cmp.Or(c.API.Body, 4<<20), cmp.Or(c.API.Bulk, 1<<30)
	c.API.Actions, c.API.Count = cmp.Or(c.API.Actions, 10_000), cmp.Or(c.API.Count, 100)
	c.Personalizer.Slot = cmp.Or(c.Personalizer.Slot, "personalizer")
	f := &c.Fragments
	f.Profile, f.Session = cmp.Or(f.Profile, localapi.From{Cookie: "card"}), cmp.Or(f.Session, localapi.From{Cookie: "session"})
	f.TCF = cmp.Or(f.TCF, localapi.From{Cookie: "euconsent-v2"})
	c.Hub.Central = cmp.Or(c.Hub.Central, "http://127.0.0.1:8460")
	c.Hub.Status, c.Hub.Tick = cmp.Or(c.Hub.Status, 10*time.Second), cmp.Or(c.Hub.Tick, 5*time.Second)
	c.Hub.Poll, c.Hub.Backoff = cmp.Or(c.Hub.Poll, time.Minute), cmp.Or(c.Hub.Backoff, time.Minute)
	c.Log.Limit, c.Log.MinFree = cmp.Or(c.Log.Limit, 1<<30), cmp.Or(c.Log.MinFree, 200<<20)
	c.Log.Keep = cmp.Or(c.Log.Keep, 72*time.Hour)
}

func (c *Config) check() error {
	var faults []error
	fault := func(wrong bool, key, problem string) {
		if wrong {
			faults = append(faults, fmt.Errorf("%s: %s", key, problem))
		}
	}
	_, err := subject.NewNode(c.Site, c.Agent)
	fault(err != nil, "agent, site", "names are 1 to 64 of a-z, 0-9 and -")
	fault(!loopback(c.Address), "address", "must be a loopback host:port such as 127.0.0.1:8461; there is no TLS and no token yet")
	fault(c.Scheme != item.Own && c.Scheme != item.GTIN, "scheme", "must be gtin or own")
	fault(c.Memory < 16<<20, "memory", "must be at least 16MiB")
	fault(c.API.Body < 1<<10, "api.body", "must be at least 1KiB")
	fault(c.API.Actions < 1 || c.API.Actions > 10_000, "api.actions", "must be 1 to 10000")
	fault(c.API.Count < 1 || c.API.Count > 100, "api.count", "must be 1 to 100")
	for _, host := range c.API.Hosts {
		fault(strings.ContainsAny(host, ":/ "), "api.hosts", "are names without scheme and port, such as kiosk.shop.example")
	}
	for _, origin := range c.API.Origins {
		_, host, ok := strings.Cut(origin, "://")
		fault(!ok || host == "" || strings.ContainsAny(host, "/ *"), "api.origins", "are scheme and host, such as https://shop.example")
	}
	for at := range c.Pages {
		fault(!strings.HasPrefix(at, "/"), "pages", "are folders by path, such as /kiosk: ./kiosk")
	}
	for key, d := range map[string]time.Duration{"hub.status": c.Hub.Status, "hub.tick": c.Hub.Tick, "hub.poll": c.Hub.Poll, "hub.backoff": c.Hub.Backoff, "log.keep": c.Log.Keep} {
		fault(d < 0, key, "must not be below zero")
	}
	c.Functions.check(fault)
	fault(c.Log.Limit < 64<<20, "log.limit", "must be at least 64MiB, four of its files")
	return errors.Join(faults...)
}

// loopback tells whether an address is reached from this machine only.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// CheckFolders checks what the configuration names: pages, the release folder of a
// node of its own, and secrets.
func (c *Config) CheckFolders() error {
	var faults []error
	for at, dir := range c.Pages {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			faults = append(faults, fmt.Errorf("pages: %s: there is no folder %s", at, dir))
		}
	}
	if c.Release != "" {
		faults = append(faults, checkFolder(c.Release))
	}
	faults = append(faults, c.Functions.checkSecrets()...)
	return errors.Join(faults...)
}
