package httpapi

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// signedPrefix begins the schemes of signed requests, behind which the algorithm stands:
// Authorization: LIANJI-HMAC-SHA256 Key=…, Time=…, Nonce=…, Signature=…
const signedPrefix = "LIANJI-"

// who fills in what a request shows of its sender: a token, or a signature over it and its
// body.
func who(r *http.Request, body []byte, by *server.Asker) (err error) {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if how, signed := strings.CutPrefix(strings.ToUpper(scheme), signedPrefix); signed && len(r.Header.Values("Authorization")) == 1 {
		by.Signed, err = readSigned(r, how, rest, body)
		return err
	}
	by.Token, err = bearer(r)
	return err
}

func readSigned(r *http.Request, how, text string, body []byte) (*server.Signed, error) {
	s := &server.Signed{How: catalog.Signature(strings.ToLower(how)), Method: r.Method, Target: r.RequestURI, Host: r.Host, Body: body}
	seen := map[string]bool{}
	wrong := errs.New(errs.Unauthenticated, "unauthenticated", nil)
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if seen[name] {
			return nil, wrong
		}
		seen[name] = true
		var err error
		switch name {
		case "Key":
			s.Key = value
		case "Time":
			s.Time, err = strconv.ParseInt(value, 10, 64)
		case "Nonce":
			s.Nonce = value
		case "Signature":
			s.Signature, err = base64.StdEncoding.DecodeString(value)
		default:
			return nil, wrong
		}
		if err != nil {
			return nil, wrong
		}
	}
	if s.Key == "" || len(s.Signature) == 0 {
		return nil, wrong
	}
	return s, nil
}
