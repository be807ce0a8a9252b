package config

import (
	"os"
	"path/filepath"
	"testing"
)

func TestMachineZone(t *testing.T) {
	dir := t.TempDir()
	zones := filepath.Join(dir, "zoneinfo", "Asia")
	if err := os.MkdirAll(zones, 0o755); err != nil {
		t.Fatal(err)
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"zoneinfo/Asia/Shanghai": "", "named": "Europe/Berlin\n", "unknown": "Mars/Base\n", "copied": "TZif"} {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(at("zoneinfo/Asia/Shanghai"), at("link")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		local, file, want string
		ok                bool
	}{
		{"link", "named", "Asia/Shanghai", true},
		{"copied", "named", "Europe/Berlin", true},
		{"missing", "named", "Europe/Berlin", true},
		{"missing", "missing", "UTC", true},
		{"copied", "missing", "", false},
		{"copied", "unknown", "", false},
	} {
		got, ok := fileZone(at(c.local), at(c.file))
		if ok != c.ok || (ok && got != c.want) {
			t.Errorf("%s, %s: got %q %v, want %q %v", c.local, c.file, got, ok, c.want, c.ok)
		}
	}
	for tz, want := range map[string]string{"": "UTC", "Asia/Tokyo": "Asia/Tokyo", ":/usr/share/zoneinfo/Asia/Tokyo": "Asia/Tokyo"} {
		if got, ok := machineZone(func(string) (string, bool) { return tz, true }); !ok || got != want {
			t.Errorf("TZ=%q: got %q %v, want %q", tz, got, ok, want)
		}
	}
	if _, ok := machineZone(func(string) (string, bool) { return "CST-8", true }); ok {
		t.Error("a POSIX rule is no name of a zone")
	}
}

func TestNearest(t *testing.T) {
	known := []string{"memory", "temp", "timezone", "公安"}
	for name, want := range map[string]string{"memroy": "memory", "MEMORY": "memory", "tmep": "temp", "time": "", "公按": "公安", "zzz": ""} {
		got := ""
		if n := nearest(name, known); len(n) > 0 {
			got = n[0]
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
