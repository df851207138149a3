package central

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
	"github.com/goccy/go-yaml"

	"github.com/aisle-edge/aisle/sync/item"
)

// Config is all that can be chosen. The zero value is a centre of one process
// on this machine, under ./state.
type Config struct {
	// State is the folder of everything central keeps. Default "state", beside
	// the configuration file.
	State string `yaml:"state" env:"STATE"`
	// Address is where API and console listen, a loopback host:port. Default
	// 127.0.0.1:8460.
	Address string `yaml:"address" env:"ADDRESS"`
	// Hosts are names by which browsers may call Address, besides loopback's own.
	// Default none.
	Hosts []string `yaml:"hosts" env:"HOSTS"`
	// Scheme is what item ids of the catalogue are: gtin or own. Default own.
	Scheme item.Scheme `yaml:"scheme" env:"SCHEME"`
	// GoneAfter is how long an agent may be silent before its site stops waiting
	// for it. Default 24h.
	GoneAfter time.Duration `yaml:"gone_after" env:"GONE_AFTER"`
	// LogLevel is debug, info, warn or error. Default info.
	LogLevel slog.Level `yaml:"log_level" env:"LOG_LEVEL"`

	Hub      HubConfig      `yaml:"hub" envPrefix:"HUB_"`
	Training TrainingConfig `yaml:"training" envPrefix:"TRAINING_"`
	Releases ReleasesConfig `yaml:"releases" envPrefix:"RELEASES_"`
}

// HubConfig is about the NATS server that central carries inside.
type HubConfig struct {
	// Address is where agents connect, a loopback host:port. Default 127.0.0.1:4222.
	Address string `yaml:"address" env:"ADDRESS"`
	// Limit is how much of what agents sent may wait for the ledger. Beyond it
	// agents keep their segments. Default 8GiB.
	Limit Size `yaml:"limit" env:"LIMIT"`
}

// TrainingConfig is about learning.
type TrainingConfig struct {
	// Every is the least time between two refreshes of the models. Default 15m.
	Every time.Duration `yaml:"every" env:"EVERY"`
	// HalfLife is after how much time what was learned weighs half. Default 0: for
	// ever.
	HalfLife time.Duration `yaml:"half_life" env:"HALF_LIFE"`
}

// ReleasesConfig is about what is kept and allowed.
type ReleasesConfig struct {
	// Keep is how many of the last releases stay whole, for a rollback. What an
	// agent runs stays in any case. Default 50.
	Keep int `yaml:"keep" env:"KEEP"`
	// MaxModel is the largest model. Default 16MiB.
	MaxModel Size `yaml:"max_model" env:"MAX_MODEL"`
}

// Size is a number of bytes, written as such or as 4MiB.
type Size int64

// units of a Size, the largest first.
var units = [...]struct {
	suffix string
	bytes  Size
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}

// UnmarshalText reads 4194304, 4096KiB or 4MiB.
func (s *Size) UnmarshalText(b []byte) error {
	for _, u := range units {
		text, found := strings.CutSuffix(string(b), u.suffix)
		if !found {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		if err != nil || n < 0 || Size(n) > (1<<62)/u.bytes {
			break
		}
		*s = Size(n) * u.bytes
		return nil
	}
	return errors.New("write a number of bytes, such as 4194304 or 4MiB")
}

// MarshalText writes the largest unit that leaves no fraction.
func (s Size) MarshalText() ([]byte, error) {
	for _, u := range units {
		if s%u.bytes == 0 && (s != 0 || u.bytes == 1) {
			return fmt.Appendf(nil, "%d%s", s/u.bytes, u.suffix), nil
		}
	}
	return nil, nil // one always divides it
}

// Load reads a configuration file, strictly, lays AISLE_ variables over it
// (AISLE_TRAINING_EVERY is training.every), fills in defaults and checks it. An
// empty path is an empty file. The error tells every value that can't be used.
func Load(path string) (Config, error) {
	var c Config
	if err := c.read(path); err != nil {
		return c, fmt.Errorf("read configuration %s: %w", path, err)
	}
	if err := env.ParseWithOptions(&c, env.Options{Prefix: "AISLE_"}); err != nil {
		return c, fmt.Errorf("read AISLE_ variables: %w", err)
	}
	c.fill(filepath.Dir(path))
	if err := c.check(); err != nil {
		return c, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

func (c *Config) read(path string) error {
	if path == "" {
		return nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return decode(b, c)
}

func (c *Config) fill(beside string) {
	c.State = cmp.Or(c.State, "state")
	if !filepath.IsAbs(c.State) {
		c.State = filepath.Join(beside, c.State)
	}
	c.Address = cmp.Or(c.Address, "127.0.0.1:8460")
	c.Scheme = cmp.Or(c.Scheme, item.Own)
	c.GoneAfter = cmp.Or(c.GoneAfter, 24*time.Hour)
	c.Hub.Address = cmp.Or(c.Hub.Address, "127.0.0.1:4222")
	c.Hub.Limit = cmp.Or(c.Hub.Limit, 8<<30)
	c.Training.Every = cmp.Or(c.Training.Every, 15*time.Minute)
	c.Releases.Keep = cmp.Or(c.Releases.Keep, 50)
	c.Releases.MaxModel = cmp.Or(c.Releases.MaxModel, 16<<20)
}

func (c *Config) check() error {
	var faults []error
	fault := func(key string, wrong bool, problem string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(key+": "+problem, args...))
		}
	}
	address := func(key, address string) {
		host, _, err := net.SplitHostPort(address)
		ip := net.ParseIP(host)
		fault(key, err != nil, "%q is no host:port", address)
		fault(key, err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()),
			"%q is not loopback, and there is no TLS yet; use 127.0.0.1", address)
	}
	address("address", c.Address)
	address("hub.address", c.Hub.Address)
	fault("scheme", c.Scheme != item.Own && c.Scheme != item.GTIN, "%q is not gtin or own", c.Scheme)
	fault("gone_after", c.GoneAfter < 0, "%v is negative", c.GoneAfter)
	fault("training.every", c.Training.Every < 0, "%v is negative", c.Training.Every)
	fault("training.half_life", c.Training.HalfLife < 0, "%v is negative", c.Training.HalfLife)
	fault("releases.keep", c.Releases.Keep < 1, "%d is less than 1", c.Releases.Keep)
	return errors.Join(faults...)
}

// String is the configuration as YAML on one line. It holds no secret: keys and
// tokens are files under State.
func (c Config) String() string {
	b, err := yaml.MarshalWithOptions(c, yaml.Flow(true))
	if err != nil {
		return err.Error() // plain values always marshal
	}
	return strings.TrimSpace(string(b))
}
