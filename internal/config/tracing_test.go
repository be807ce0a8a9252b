package config_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

func TestTracing(t *testing.T) {
	cfg, err := load(t, "tracing:\n  endpoint: https://collector.example:4318\n  ratio: 0.01\n  ca: ca.pem\n  certificate: own.pem\n  key: own.key\n  headers: {Authorization: \"Bearer ${OTLP_TOKEN}\", x-scope: city}\n", map[string]string{"OTLP_TOKEN": "s3cr/et"})
	if err != nil {
		t.Fatal(err)
	}
	got := cfg.Tracing
	if got == nil || got.Endpoint != "https://collector.example:4318/v1/traces" || got.Ratio != 0.01 || !strings.HasSuffix(got.CA, "/ca.pem") || !strings.HasSuffix(got.Certificate, "/own.pem") || !strings.HasSuffix(got.Key, "/own.key") {
		t.Fatalf("%+v", got)
	}
	if got.Headers["Authorization"].Reveal() != "Bearer s3cr/et" || got.Headers["x-scope"].Reveal() != "city" || strings.Contains(fmt.Sprintf("%+v", got), "s3cr") {
		t.Errorf("headers %v", got.Headers)
	}
	for _, secret := range []string{"s3cr/et", "Bearer s3cr/et"} {
		if !slices.Contains(cfg.Secrets(), secret) {
			t.Errorf("%s may stand in a log", secret)
		}
	}
	if cfg, err := load(t, "direct: on\n", nil); err != nil || cfg.Tracing != nil {
		t.Errorf("without the section: %v, %v", cfg.Tracing, err)
	}
	if cfg, err := load(t, "tracing: {endpoint: \"http://127.0.0.1:4318/otlp/v1/traces\", ratio: 1}\n", nil); err != nil || cfg.Tracing.Endpoint != "http://127.0.0.1:4318/otlp/v1/traces" || cfg.Tracing.Ratio != 1 {
		t.Errorf("%+v, %v", cfg, err)
	}
	at := "endpoint: \"https://a\""
	for text, id := range map[string]string{
		"tracing: {" + at + "}\n":                                         "config_missing_key",
		"tracing: {ratio: 0.5}\n":                                         "config_missing_key",
		"tracing: {" + at + ", ratio: 0.5, key: k.pem}\n":                 "config_missing_key",
		"tracing: {endpoint: \"http://collector.example\", ratio: 1}\n":   "config_https",
		"tracing: {endpoint: \"https://u:p@a\", ratio: 1}\n":              "config_https",
		"tracing: {" + at + ", ratio: 1.01}\n":                            "config_ratio",
		"tracing: {" + at + ", ratio: -0.1}\n":                            "config_ratio",
		"tracing: {" + at + ", ratio: .nan}\n":                            "config_ratio",
		"tracing: {" + at + ", ratio: all}\n":                             "config_ratio",
		"tracing: {" + at + ", ratio: 1, headers: {\"a b\": c}}\n":        "config_header",
		"tracing: {" + at + ", ratio: 1, headers: {Content-Type: c}}\n":   "config_header",
		"tracing: {" + at + ", ratio: 1, headers: {A: \"${NOTHING}\"}}\n": "config_variable_missing",
		"tracing: {" + at + ", ratio: 1, sampler: all}\n":                 "config_unknown_key",
	} {
		if _, err := load(t, text, nil); errs.From(err) == nil || errs.From(err).ID != id {
			t.Errorf("%s: %v, want %s", text, err, id)
		}
	}
}
