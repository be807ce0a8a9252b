package config_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
)

// The section audit says where the log is and how long it is kept: never for less than
// half a year, and never not at all.
func TestAudit(t *testing.T) {
	cfg, err := load(t, "audit:\n  folder: ./log\n  keep: 2y\n  profile: gm\n  syslog: {address: \"log.example:6514\", ca: ca.pem, certificate: own.pem, key: own.key}\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(cfg.Dir, name) }
	if d := cmp.Diff(config.Audit{
		Folder: in("log"), Keep: 730 * 24 * time.Hour, GM: true,
		Syslog: &config.Syslog{Address: "log.example:6514", CA: in("ca.pem"), Certificate: in("own.pem"), Key: in("own.key")},
	}, cfg.Audit); d != "" {
		t.Error(d)
	}
	if cfg, err := load(t, "audit: {keep: 184d}\n", nil); err != nil || cfg.Audit.Keep != 184*24*time.Hour {
		t.Errorf("half a year: %v", err)
	}
	if cfg, err := load(t, "audit: {profile: international}\n", nil); err != nil || cfg.Audit.GM {
		t.Errorf("the usual profile: %v", err)
	}
	for text, want := range map[string]string{
		"audit: off\n":                                      "config_not_map",
		"audit: {enabled: off}\n":                           "config_unknown_key",
		"audit: {keep: 183d}\n":                             "config_keep_range",
		"audit: {keep: 999y}\n":                             "config_keep_range",
		"audit: {keep: 0d}\n":                               "config_keep",
		"audit: {keep: 200}\n":                              "config_not_text",
		"audit: {keep: off}\n":                              "config_keep",
		"audit: {profile: none}\n":                          "config_profile",
		"audit: {folder: ../elsewhere}\n":                   "config_path_outside",
		"audit: {syslog: {ca: ca.pem}}\n":                   "config_missing_key",
		"audit: {syslog: {address: nohost}}\n":              "config_not_address",
		"audit: {syslog: {address: \"a:1\", key: k.pem}}\n": "config_missing_key",
	} {
		if _, err := load(t, text, nil); errs.From(err) == nil || errs.From(err).ID != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}
