package gateway

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/catalog/audit"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// Of a text whose quotes nobody has understood, no value gets into the log, whether it is
// refused for that or for something else before it was read.
func TestRefusedTextsHideValues(t *testing.T) {
	dir := t.TempDir()
	key, err := audit.OpenSigner(filepath.Join(dir, "key"), audit.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(dir, audit.FolderName)
	l, err := audit.Open(t.Context(), audit.Options{Dir: folder, GatewayID: "g1", Signer: key})
	if err != nil {
		t.Fatal(err)
	}
	g := &Gateway{audit: l}
	const secret, kept = "s5e5ecre7", "x5e5ewho"
	for _, c := range []struct {
		text string
		code errs.Code
	}{
		{"select a from b where c = 'O'" + secret + "'", errs.QueueFull},
		{`select a from b where c = "` + secret + `" group d`, errs.SyntaxError},
		{"select a from " + kept + ` where "` + kept + `" = 1`, errs.UnknownName},
	} {
		if err := g.record("q", server.Session{}, server.Request{SQL: c.text}).end(t.Context(), 0, 0, errs.New(c.code, "gate_syntax", nil)); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if _, err := audit.Export(folder, audit.Filter{}, &b); err != nil {
		t.Fatal(err)
	}
	if log := b.String(); strings.Contains(log, secret) || strings.Count(log, "select a from") != 3 || strings.Count(log, kept) != 2 {
		t.Error(log)
	}
}
