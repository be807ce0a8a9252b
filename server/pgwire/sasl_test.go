package pgwire

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/errs"
)

// FuzzSASL: whatever a client sends, an exchange that goes on is over what both said, and
// is bound to the connection where it says so.
func FuzzSASL(f *testing.F) {
	b64 := base64.StdEncoding.EncodeToString
	for _, one := range [][2]string{
		{"n,,n=,r=abc", "c=biws,NONCE,p=AAAA"}, {"y,,n=*,r=abc", "c=eSws,NONCE,p=AAAA"}, {"p=tls-server-end-point,,n=,r=abc", "c=" + b64([]byte("p=tls-server-end-point,,the binding")) + ",NONCE,p=AAAA"},
		{"n,a=x,n=,r=abc", ""}, {"n,,n=,r=abc,x=y", "c=biws,NONCE,x=y,p=AAAA,p=AAAA"}, {"", ",p="},
	} {
		f.Add(one[0], one[1], true)
		f.Add(one[0], one[1], false)
	}
	f.Fuzz(func(t *testing.T, first, last string, secure bool) {
		for _, mechanism := range []string{scramPlain, scramBound} {
			s := &sasl{}
			if secure {
				s.binding = []byte("the binding")
			}
			challenge, err := s.begin(mechanism, first, []byte("salt"), 4096)
			if err != nil {
				if e := errs.From(err); e.ID != "pgwire_protocol" && e.ID != "pgwire_channel_binding" {
					t.Fatal(err)
				}
				continue
			}
			nonce, _, _ := strings.Cut(challenge, ",")
			message, proof, err := s.end(strings.ReplaceAll(last, "NONCE", nonce))
			if err != nil {
				continue
			}
			bare := strings.SplitN(first, ",", 3)[2]
			rest, ok := strings.CutPrefix(message, bare+","+challenge+",c=")
			if !ok || proof == nil {
				t.Fatalf("%q is not over %q and %q", message, bare, challenge)
			}
			channel, _, _ := strings.Cut(rest, ",")
			seen, err := base64.StdEncoding.DecodeString(channel)
			header, binding, _ := strings.Cut(string(seen), ",,")
			if err != nil || s.bound != (mechanism == scramBound) || s.bound != strings.HasPrefix(header, "p=") || s.bound != (binding == "the binding") || s.bound && !secure || secure && header == "y" {
				t.Fatalf("%s over %q", mechanism, seen)
			}
		}
	})
}
