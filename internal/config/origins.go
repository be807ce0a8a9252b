package config

import (
	"net/url"
	"strings"
)

// readOrigins reads the origins of web pages that may read the HTTP door's answers. Each is
// written as browsers write it: scheme, name in small letters and, unless it is the scheme's
// own, port.
func (l *loader) readOrigins(v value) error {
	items, err := l.list(v)
	if err != nil {
		return err
	}
	for _, item := range items {
		text, err := l.text(item)
		if err != nil {
			return err
		}
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != text || strings.ToLower(text) != text || strings.Contains(text, "*") {
			return l.failValue(item, "config_origins")
		}
		l.cfg.Origins = append(l.cfg.Origins, text)
	}
	return nil
}
