package app

import (
	"log/slog"

	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/tracing/otlp"
)

// traces opens the queue of a configuration's collector; nil where it names none.
func traces(c *config.Tracing, log *slog.Logger) (*otlp.Export, error) {
	if c == nil {
		return nil, nil
	}
	headers := map[string]string{}
	for name, value := range c.Headers {
		headers[name] = value.Reveal()
	}
	return otlp.New(otlp.Options{
		Endpoint: c.Endpoint, Ratio: c.Ratio, CA: c.CA, Certificate: c.Certificate, Key: c.Key, Headers: headers, Logger: log,
	})
}
