// Package msg is the one catalogue of text for people, in English and simplified
// Chinese. Each area keeps its messages in text/<area>.en.json and
// text/<area>.zh-CN.json: a flat object of message id to text with {{.Name}} places.
package msg

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed text/*.json
var files embed.FS

// Args fills the places of a message.
type Args map[string]any

var bundle = load()

func load() *i18n.Bundle {
	b := i18n.NewBundle(language.English)
	b.RegisterUnmarshalFunc("json", json.Unmarshal)
	entries, err := files.ReadDir("text")
	if err == nil {
		for _, e := range entries {
			if _, err = b.LoadMessageFileFS(files, path.Join("text", e.Name())); err != nil {
				break
			}
		}
	}
	loadErr = err
	return b
}

// loadErr is what a broken catalogue file gave; the package's test reads it, and
// Text then shows ids instead of sentences.
var loadErr error

// Text gives the message id in the first of langs that the catalogue has, else
// in English. An unknown id gives the id itself.
func Text(id string, args Args, langs ...string) string {
	s, err := i18n.NewLocalizer(bundle, langs...).Localize(&i18n.LocalizeConfig{MessageID: id, TemplateData: args})
	if s == "" && err != nil {
		return fmt.Sprintf("[%s]", id)
	}
	return s
}
