package config

import (
	"os"
	"path/filepath"
	"strings"
	_ "time/tzdata" // names must be known on a machine without the database too
)

const (
	localTime = "/etc/localtime"
	zoneFile  = "/etc/timezone"
)

// machineZone finds the name of the machine's time zone: what TZ says, else the
// name behind /etc/localtime, else what /etc/timezone says. A machine with none of
// these runs in UTC. False means that there is a zone without a usable name; to
// guess one would shift every conversion between an instant and a day.
func machineZone(getenv func(string) (string, bool)) (string, bool) {
	if tz, ok := getenv("TZ"); ok {
		if tz == "" {
			return "UTC", true
		}
		name := zoneOfPath(strings.TrimPrefix(tz, ":"))
		return name, knownZone(name)
	}
	return fileZone(localTime, zoneFile)
}

func fileZone(localTime, zoneFile string) (string, bool) {
	target, err := filepath.EvalSymlinks(localTime)
	if err == nil {
		if name := zoneOfPath(target); knownZone(name) {
			return name, true
		}
	}
	missing := os.IsNotExist(err)
	data, err := readLimited(zoneFile, 1<<10)
	if err != nil {
		return "UTC", missing && os.IsNotExist(err)
	}
	name := strings.TrimSpace(string(data))
	return name, knownZone(name)
}

// zoneOfPath turns /usr/share/zoneinfo/Asia/Shanghai into Asia/Shanghai.
func zoneOfPath(path string) string {
	if _, name, ok := strings.Cut(path, "zoneinfo/"); ok {
		return name
	}
	return path
}
