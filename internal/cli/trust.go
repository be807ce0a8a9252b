package cli

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"os"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
)

// trust gives the TLS with which a gateway is asked. Where a file is named, nobody is
// trusted but whoever's certificates are in it; else those whom the machine trusts.
func trust(file string) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12}
	if file == "" {
		return t, nil
	}
	pem, err := os.ReadFile(file)
	if err == nil {
		if t.RootCAs = x509.NewCertPool(); t.RootCAs.AppendCertsFromPEM(pem) {
			return t, nil
		}
	}
	return nil, errs.Wrap(errs.Usage, "cli_ca", msg.Args{"File": file}, err)
}

// unreachable says why a gateway could not be asked: what answers there may be somebody
// else, or one whom nobody here knows.
func unreachable(address string, err error) error {
	id := "cli_unreachable"
	var refused *tls.CertificateVerificationError
	switch {
	case errors.Is(err, http.ErrSchemeMismatch):
		id = "cli_answers_http"
	case errors.As(err, &refused):
		id = "cli_certificate_bad"
		switch {
		case errors.As(err, new(x509.UnknownAuthorityError)):
			id = "cli_untrusted"
		case errors.As(err, new(x509.HostnameError)):
			id = "cli_certificate_name"
		}
	}
	return errs.Wrap(errs.SourceUnreachable, id, msg.Args{"URL": address}, err)
}
