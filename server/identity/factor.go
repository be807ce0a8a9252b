package identity

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

// ofCodes is the limit of codes in a row that are wrong, for all gateways of a store
// together. Whoever tries them has a token or a password already, so that the person whom
// the waiting keeps out has more to mend than that. They have some forty tries in a day, at
// three codes in a million each.
var ofCodes = limit{free: 4, most: time.Hour}

// enrolmentLife is how long somebody may take to confirm a second factor.
const enrolmentLife = 10 * time.Minute

// Enrolment is a second factor that is shown to whose it is to be. It is kept nowhere
// until a first code confirms it.
type Enrolment struct {
	URI    string // for an authenticator: otpauth://totp/…, which has the secret
	Ticket string // for Enrolled, at whichever gateway of the store
}

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// Enrol begins to give a principal a second factor. Version is the store's: the ticket
// serves until the factor is set or taken away.
func (a *Authenticator) Enrol(p *catalog.Principal, version int64) (Enrolment, error) {
	raw := make([]byte, codeSecretBytes)
	_, _ = rand.Read(raw) // it never fails
	secret := base32Plain.EncodeToString(raw)
	until := strconv.FormatInt(a.Now().Add(enrolmentLife).Unix(), 10) + "." + strconv.FormatInt(version, 10)
	sealed, err := a.Sealer.Seal(enrolmentOwner(p, until), secret)
	if err != nil {
		return Enrolment{}, err
	}
	u := url.URL{Scheme: "otpauth", Host: "totp", Path: "/lianji:" + p.Login, RawQuery: url.Values{
		"secret": {secret}, "issuer": {"lianji"}, "algorithm": {"SHA1"}, "digits": {strconv.Itoa(codeDigits)}, "period": {strconv.Itoa(codeSeconds)},
	}.Encode()}
	return Enrolment{URI: u.String(), Ticket: until + "." + sealed}, nil
}

// Owners under whose names secrets are sealed: one that is confirmed opens for nothing else.
func enrolmentOwner(p *catalog.Principal, signed string) string {
	return "enrolment\n" + p.ID + "\n" + signed
}
func factorOwner(principal string) string { return "factor\n" + principal }

// Enrolled gives what is kept of a second factor that its first code confirms, and the
// code's time step, which is spent by it. The error tells what is wrong.
func (a *Authenticator) Enrolled(p *catalog.Principal, ticket, code string) (_ *catalog.Factor, step int64, err error) {
	at := max(0, strings.LastIndexByte(ticket, '.'))
	signed, sealed := ticket[:at], strings.TrimPrefix(ticket[at:], ".")
	secret, err := a.Sealer.Open(enrolmentOwner(p, signed), sealed)
	if errors.Is(err, errSealed) {
		return nil, 0, errs.New(errs.RequestInvalid, "identity_enrolment", nil)
	}
	if err != nil {
		return nil, 0, err
	}
	// Nobody else can have sealed it, so these are a time and a version.
	until, version, _ := strings.Cut(signed, ".")
	end, err := strconv.ParseInt(until, 10, 64)
	if err != nil || !a.Now().Before(time.Unix(end, 0)) {
		return nil, 0, errs.New(errs.RequestInvalid, "identity_enrolment", nil)
	}
	raw, err := base32Plain.DecodeString(secret)
	if err != nil {
		return nil, 0, errs.From(err)
	}
	step, ok := stepOf(raw, code, a.Now(), 0)
	if !ok {
		return nil, 0, errs.New(errs.RequestInvalid, "identity_code", nil)
	}
	f := &catalog.Factor{Principal: p.ID}
	if f.Version, err = strconv.ParseInt(version, 10, 64); err != nil {
		return nil, 0, errs.From(err)
	}
	f.Sealed, err = a.Sealer.Seal(factorOwner(p.ID), secret)
	return f, step, err
}

// Confirm tries a code of the second factor of whoever has a token, or a session's, and
// gives the token of a session that has the factor. It ends with what it was begun with,
// and with the factor. A code that is wrong, was taken already or has to wait reads the
// same.
func (a *Authenticator) Confirm(ctx context.Context, token, code, client string) (string, error) {
	by, err := a.Credential(token, client)
	if err != nil {
		return "", err
	}
	state, err := a.State()
	if err != nil {
		return "", err
	}
	now := a.Now()
	// What is limited keeps nothing, and must not make the person wait who does.
	k, p, ok := by.Bearer(state, now)
	if !ok || k.Limited() {
		return "", unknown()
	}
	f, ok := state.Factor(p.ID)
	if !ok {
		return "", errs.New(errs.Forbidden, "identity_no_factor", nil)
	}
	text, err := a.Sealer.Open(factorOwner(p.ID), f.Sealed)
	if err != nil {
		return "", err
	}
	raw, err := base32Plain.DecodeString(text)
	if err != nil {
		return "", errs.From(err)
	}
	taken, err := a.TryCode(ctx, f, now, func(failed int64) time.Duration { return ofCodes.wait(int(failed)) },
		func(spent int64) (int64, bool) { return stepOf(raw, code, now, spent) })
	if err != nil {
		return "", err
	}
	if !taken {
		return "", errs.New(errs.Unauthenticated, "identity_code_refused", nil)
	}
	return a.sessions.confirmed(by, k, f)
}
