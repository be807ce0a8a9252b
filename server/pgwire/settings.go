package pgwire

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/tracing"
	"github.com/lianji/lianji/server/pgwire/command"
)

const (
	// serverVersion is the version of PostgreSQL whose catalogues and types are shown.
	serverVersion = "15.0"
	databaseName  = "lianji"
)

// reported are the settings that a client is told of, by the names that clients look for.
var reported = []string{
	"application_name", "client_encoding", "DateStyle", "default_transaction_read_only", "in_hot_standby", "integer_datetimes",
	"IntervalStyle", "is_superuser", "server_encoding", "server_version", "session_authorization", "standard_conforming_strings", "TimeZone",
}

// setting is one that a session has. Nil check: it cannot be changed.
type setting struct {
	initial string
	// check gives a new value as it is kept; false refuses it.
	check func(value string) (string, bool)
}

func anything(v string) (string, bool) { return v, len(v) <= mostSetting }

const mostSetting = 1 << 10 // bytes of a setting's value

// only takes the values that say what is so already.
func only(values ...string) func(string) (string, bool) {
	return func(v string) (string, bool) {
		for _, w := range values {
			if strings.EqualFold(strings.TrimSpace(v), w) {
				return values[0], true
			}
		}
		return "", false
	}
}

// known are all settings, by their names in lower case. Most of those that clients set
// change nothing here.
var known = map[string]setting{
	"purpose":                             {"", code},
	"mode":                                {string(catalog.Interface), modes},
	footerSetting:                         {"off", onOff},
	traceSetting:                          {"", traceparent},
	"application_name":                    {"", anything},
	"client_encoding":                     {"UTF8", func(v string) (string, bool) { return "UTF8", command.IsUTF8(v) }},
	"client_min_messages":                 {"notice", anything},
	"datestyle":                           {"ISO, MDY", dateStyle},
	"intervalstyle":                       {"postgres", only("postgres")},
	"timezone":                            {"UTC", zoneName},
	"lc_messages":                         {"C", anything},
	"extra_float_digits":                  {"1", wholeNumber},
	"bytea_output":                        {"hex", only("hex")},
	"standard_conforming_strings":         {"on", only("on", "true", "1", "yes")},
	searchSetting:                         {anyUser, searchPath},
	"statement_timeout":                   {"0", duration},
	"lock_timeout":                        {"0", duration},
	"idle_session_timeout":                {"0", duration},
	"idle_in_transaction_session_timeout": {"0", duration},
	"default_transaction_isolation":       {"read committed", anything},
	"transaction_isolation":               {"read committed", anything},
	"default_transaction_deferrable":      {"off", anything},
	"default_transaction_read_only":       {"on", only("on", "true", "1", "yes")},
	"transaction_read_only":               {"on", only("on", "true", "1", "yes")},
	"synchronous_commit":                  {"on", anything},
	"row_security":                        {"on", anything},
	"jit":                                 {"off", anything},
	"geqo":                                {"on", anything},
	"work_mem":                            {"4MB", anything},
	"cursor_tuple_fraction":               {"0.1", anything},
	"enable_seqscan":                      {"on", anything},
	"xmloption":                           {"content", anything},
	"check_function_bodies":               {"on", anything},
	"escape_string_warning":               {"on", anything},
	"synchronize_seqscans":                {"on", anything},
	"server_version":                      {initial: serverVersion},
	"server_version_num":                  {initial: "150000"},
	"server_encoding":                     {initial: "UTF8"},
	"integer_datetimes":                   {initial: "on"},
	"is_superuser":                        {initial: "off"},
	"in_hot_standby":                      {initial: "off"},
	"session_authorization":               {initial: ""},
	"lc_collate":                          {initial: "C"},
	"lc_ctype":                            {initial: "C"},
	"max_identifier_length":               {initial: "63"},
	"max_index_keys":                      {initial: "32"},
	"block_size":                          {initial: "8192"},
}

// footerSetting makes an answer end with a notice of all that is to be known of it.
const footerSetting = "lianji.footer"

func onOff(v string) (string, bool) {
	switch strings.ToLower(strings.TrimSpace(v)) {
	case "on", "true", "1", "yes":
		return "on", true
	case "off", "false", "0", "no":
		return "off", true
	}
	return "", false
}

// traceSetting says of which trace the session's statements are, as W3C writes it.
const traceSetting = "traceparent"

func traceparent(v string) (string, bool) { return v, v == "" || tracing.IsParent(v) }

func code(v string) (string, bool) {
	return v, len(v) <= 32 && strings.Trim(v, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == ""
}

func modes(v string) (string, bool) {
	return v, slices.Contains([]catalog.Mode{catalog.Interface, catalog.Download, catalog.Online}, catalog.Mode(v))
}

func dateStyle(v string) (string, bool) {
	order := "MDY"
	for _, part := range strings.Split(v, ",") {
		switch part = strings.ToUpper(strings.TrimSpace(part)); part {
		case "ISO":
		case "MDY", "DMY", "YMD":
			order = part
		default:
			return "", false
		}
	}
	return "ISO, " + order, true
}

func wholeNumber(v string) (string, bool) {
	_, err := strconv.Atoi(v)
	return v, err == nil
}

func duration(v string) (string, bool) {
	_, ok := parseDuration(v)
	return v, ok
}

// parseDuration reads a time as PostgreSQL's settings have it: milliseconds without a unit.
func parseDuration(v string) (time.Duration, bool) {
	v = strings.TrimSpace(v)
	units := map[string]time.Duration{"": time.Millisecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour}
	end := 0
	for end < len(v) && v[end] >= '0' && v[end] <= '9' {
		end++
	}
	n, err := strconv.ParseInt(v[:end], 10, 32)
	unit, ok := units[strings.TrimSpace(v[end:])]
	return time.Duration(n) * unit, err == nil && ok
}

func zoneName(v string) (string, bool) {
	_, ok := zone(v)
	return v, ok
}

// zone finds a time zone by its name.
func zone(name string) (*time.Location, bool) {
	if name == "" || strings.EqualFold(name, "local") || len(name) > 64 {
		return nil, false
	}
	switch strings.ToUpper(name) {
	case "UTC", "GMT", "Z", "ZULU", "ETC/UTC":
		return time.UTC, true
	}
	l, err := time.LoadLocation(name)
	return l, err == nil
}

// settings are a session's.
type settings struct {
	values   map[string]string // those that differ from what they are without being set
	initial  map[string]string // those that the startup message set
	location *time.Location    // of timezone
	zone     string            // of clients that name none
}

func newSettings(zoneName string) settings {
	if zoneName == "" {
		zoneName = "UTC"
	}
	return settings{values: map[string]string{}, initial: map[string]string{}, zone: zoneName}
}

// begin takes what is set now for what RESET goes back to.
func (s *settings) begin() { s.initial = maps.Clone(s.values) }

// get gives a setting's value; false for one that there is not.
func (s *settings) get(name string) (string, bool) {
	if v, ok := s.values[name]; ok {
		return v, true
	}
	if name == "timezone" {
		return s.zone, true
	}
	k, ok := known[name]
	return k.initial, ok
}

// set changes a setting. The error is an *errs.Error.
func (s *settings) set(name, value string) error {
	k, ok := known[name]
	if !ok {
		return errs.New(errs.UnknownName, "pgwire_setting_unknown", msg.Args{"Name": shortName(name)})
	}
	if k.check == nil {
		return errs.New(errs.ParameterInvalid, "pgwire_setting_fixed", msg.Args{"Name": name})
	}
	v, ok := k.check(value)
	if !ok {
		if name == "purpose" {
			return errs.New(errs.ParameterInvalid, "policy_purpose", nil)
		}
		return errs.New(errs.ParameterInvalid, "pgwire_setting_value", msg.Args{"Name": name})
	}
	s.values[name] = v
	s.location = nil
	return nil
}

func (s *settings) reset(name string) error {
	k, ok := known[name]
	switch {
	case !ok:
		return errs.New(errs.UnknownName, "pgwire_setting_unknown", msg.Args{"Name": shortName(name)})
	case k.check == nil:
		return errs.New(errs.ParameterInvalid, "pgwire_setting_fixed", msg.Args{"Name": name})
	}
	delete(s.values, name)
	if v, ok := s.initial[name]; ok {
		s.values[name] = v
	}
	s.location = nil
	return nil
}

func (s *settings) restore(to map[string]string) {
	s.values, s.location = maps.Clone(to), nil
}

// shortName keeps a name that somebody made up from filling a message.
func shortName(name string) string {
	const most = 64
	if len(name) > most {
		return name[:most]
	}
	return name
}

func (s *settings) text(name string) string {
	v, _ := s.get(name)
	return v
}

func (s *settings) purpose() string    { return s.text("purpose") }
func (s *settings) mode() catalog.Mode { return catalog.Mode(s.text("mode")) }

// timeZone is the one in which instants are shown.
func (s *settings) timeZone() *time.Location {
	if s.location == nil {
		if s.location, _ = zone(s.text("timezone")); s.location == nil {
			s.location = time.UTC
		}
	}
	return s.location
}

// timeout is how long a statement may run; 0 means as long as the gateway lets it.
func (s *settings) timeout() time.Duration {
	d, _ := parseDuration(s.text("statement_timeout"))
	return d
}

// langs are the languages of messages, by lc_messages.
func (s *settings) langs() []string {
	name, _, _ := strings.Cut(s.text("lc_messages"), ".")
	if name == "C" || name == "" || name == "POSIX" {
		return nil
	}
	return []string{strings.ReplaceAll(name, "_", "-")}
}

// show gives what SHOW gives of a setting.
func (c *conn) show(name string) string {
	if name == "session_authorization" {
		return c.user
	}
	return c.settings.text(name)
}
