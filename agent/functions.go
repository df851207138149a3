package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/aisle-edge/aisle/agent/delivery"
	"github.com/aisle-edge/aisle/modules/rulebook"
	"github.com/aisle-edge/aisle/sync/link"
	"github.com/aisle-edge/aisle/sync/wire"
)

// FunctionsConfig says how actions get to the functions of the place. One without a
// way is served by staff who ask for /v1/actions.
type FunctionsConfig struct {
	StockRoom  FunctionConfig `yaml:"stock_room" envPrefix:"STOCK_ROOM_"`
	Pricing    FunctionConfig `yaml:"pricing" envPrefix:"PRICING_"`
	Fulfilment FunctionConfig `yaml:"fulfilment" envPrefix:"FULFILMENT_"`
	Service    FunctionConfig `yaml:"service" envPrefix:"SERVICE_"`
}

// FunctionConfig is the way to one function: a webhook or the hub.
type FunctionConfig struct {
	// URL is where actions are posted, by https or to a loopback address. Default none.
	URL string `yaml:"url" env:"URL" print:"withheld"`
	// SecretFile has a secret a line, "whsec_" and base64, that messages are signed with.
	// Required with URL.
	SecretFile string        `yaml:"secret_file" env:"SECRET_FILE"`
	Timeout    time.Duration `yaml:"timeout" env:"TIMEOUT"`   // of one try. Default 10s
	Insecure   bool          `yaml:"insecure" env:"INSECURE"` // lets http leave this machine. Default false
	Hub        bool          `yaml:"hub" env:"HUB"`           // publishes at the hub instead of posting. Default false
}

func (c *FunctionsConfig) each(do func(f rulebook.Function, c *FunctionConfig)) {
	do(rulebook.StockRoom, &c.StockRoom)
	do(rulebook.Pricing, &c.Pricing)
	do(rulebook.Fulfilment, &c.Fulfilment)
	do(rulebook.Service, &c.Service)
}

func (c *FunctionsConfig) fill(within func(string) string) {
	c.each(func(_ rulebook.Function, c *FunctionConfig) {
		c.SecretFile, c.Timeout = within(c.SecretFile), cmp.Or(c.Timeout, 10*time.Second)
	})
}

func (c *FunctionsConfig) check(fault func(wrong bool, key, problem string)) {
	c.each(func(f rulebook.Function, c *FunctionConfig) {
		at := "functions." + string(f)
		fault(c.Timeout < 0, at+".timeout", "must not be below zero")
		fault(c.Hub && c.URL != "", at, "name one of url and hub")
		if c.URL == "" {
			return
		}
		if err := delivery.CheckURL(c.URL, c.Insecure); err != nil {
			fault(true, at+".url", err.Error())
		}
		fault(c.SecretFile == "", at+".secret_file", "is missing: messages are signed; write one with `echo whsec_$(openssl rand -base64 32)`")
	})
}

// secrets of a function's webhook.
func (c *FunctionConfig) secrets() ([][]byte, error) {
	b, err := os.ReadFile(c.SecretFile)
	if err != nil {
		return nil, fmt.Errorf("read the secret: %w", err)
	}
	secrets, err := delivery.ParseSecrets(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.SecretFile, err)
	}
	return secrets, nil
}

// checkSecrets reads what the configuration names.
func (c *FunctionsConfig) checkSecrets() (faults []error) {
	c.each(func(f rulebook.Function, c *FunctionConfig) {
		if c.URL == "" {
			return
		}
		if _, err := c.secrets(); err != nil {
			faults = append(faults, fmt.Errorf("functions.%s.secret_file: %w", f, err))
		}
	})
	return faults
}

// openCourier makes the ways to the functions.
func (a *Agent) openCourier() error {
	doors := map[string]delivery.Door{}
	var errs []error
	a.cfg.Functions.each(func(f rulebook.Function, c *FunctionConfig) {
		switch {
		case c.Hub && a.link == nil:
			errs = append(errs, fmt.Errorf("functions.%s.hub: this node is not enrolled; enrol it, or name a url", f))
		case c.Hub:
			doors[string(f)] = hubDoor{a.link, string(f)}
		case c.URL != "":
			secrets, err := c.secrets()
			if err != nil {
				errs = append(errs, fmt.Errorf("functions.%s.secret_file: %w", f, err))
				return
			}
			doors[string(f)] = delivery.NewWebhook(c.URL, secrets, c.Timeout)
		}
	})
	a.courier = delivery.New(delivery.Options{Store: a.store, Actions: a.actions, Site: a.id.Site, Doors: doors})
	return errors.Join(errs...)
}

// hubDoor publishes a function's actions at the hub.
type hubDoor struct {
	link     *link.Agent
	function string
}

// Send returns sent once the hub has the message on disk.
func (d hubDoor) Send(ctx context.Context, m delivery.Message) (wire.ActionState, error) {
	if err := d.link.Action(ctx, d.function, m.ID, m.Body); err != nil {
		return 0, err
	}
	return wire.ActionState_ACTION_SENT, nil
}
