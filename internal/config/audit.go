package config

import (
	"regexp"
	"strconv"
	"time"

	"github.com/lianji/lianji/internal/msg"
)

// Audit is the section audit. The log itself cannot be switched off.
type Audit struct {
	Folder string        // absolute; empty means lianji-audit beside the configuration
	Keep   time.Duration // how long records are kept; 0 means the log's own default
	GM     bool          // SM2 and SM3 in the place of Ed25519 and SHA-256
	Syslog *Syslog       // nil: heads go to the catalogue's store alone
}

// Syslog is a server that gets the log's heads: RFC 5424 over TLS.
type Syslog struct {
	Address string // host:port
	// Paths of PEM files: who is trusted to have signed the server's certificate (empty:
	// whom the machine trusts), and what the gateway shows of itself (empty: nothing).
	CA, Certificate, Key string
}

// leastKeepDays is half a year, whichever half; mostKeepDays is a bound for typing errors.
const (
	leastKeepDays = 184
	mostKeepDays  = 100 * 366
	daysOfYear    = 365
)

var keepPattern = regexp.MustCompile(`^([1-9][0-9]{0,5})(d|y)$`)

func (l *loader) readAudit(v value) error {
	return l.section(v, []string{"folder", "keep", "profile", "syslog"}, func(e entry) (err error) {
		a := &l.cfg.Audit
		switch e.key {
		case "folder":
			a.Folder, err = l.path(e.value, false)
		case "keep":
			a.Keep, err = l.keep(e.value)
		case "profile":
			a.GM, err = l.profile(e.value)
		case "syslog":
			a.Syslog, err = l.syslog(e.value)
		}
		return err
	})
}

// keep reads days or years, such as 3y.
func (l *loader) keep(v value) (time.Duration, error) {
	text, err := l.text(v)
	if err != nil {
		return 0, err
	}
	m := keepPattern.FindStringSubmatch(text)
	if m == nil {
		return 0, l.failValue(v, "config_keep")
	}
	days, err := strconv.Atoi(m[1])
	if m[2] == "y" {
		days *= daysOfYear
	}
	if err != nil || days < leastKeepDays || days > mostKeepDays {
		return 0, l.fail(v.node, "config_keep_range", msg.Args{"Key": v.path, "Least": leastKeepDays})
	}
	return time.Duration(days) * 24 * time.Hour, nil
}

// profile reads which algorithms sign and hash.
func (l *loader) profile(v value) (gm bool, err error) {
	text, err := l.text(v)
	switch {
	case err != nil:
		return false, err
	case text == "gm":
		return true, nil
	case text == "international":
		return false, nil
	}
	return false, l.failValue(v, "config_profile")
}

func (l *loader) syslog(v value) (*Syslog, error) {
	s := &Syslog{}
	err := l.section(v, []string{"address", "ca", "certificate", "key"}, func(e entry) (err error) {
		switch e.key {
		case "address":
			s.Address, err = l.address(e.value)
		case "ca":
			s.CA, err = l.path(e.value, false)
		case "certificate":
			s.Certificate, err = l.path(e.value, false)
		case "key":
			s.Key, err = l.path(e.value, false)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case s.Address == "":
		return nil, l.fail(v.node, "config_missing_key", msg.Args{"Key": v.path + ".address"})
	case (s.Certificate == "") != (s.Key == ""):
		return nil, l.fail(v.node, "config_missing_key", msg.Args{"Key": v.path + ".certificate / .key"})
	}
	return s, nil
}
