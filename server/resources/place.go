package resources

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server"
)

// Place is where a page ended: the last row's values in the items of the order, NULL being
// nil, and how many rows with the same values came by then.
type Place struct {
	Values []*string
	Same   int64
}

// pageFor is how long the name of a page can be used.
const pageFor = 24 * time.Hour

// maxPage is the longest name of a page that fits into an address and a header.
const maxPage = 6 << 10

// sealed is the name of a page. Clients carry it encrypted: it holds values that others
// who see the address must not read, and nobody can make one up.
type sealed struct {
	Request
	Place
	Made time.Time
	// Whose it is, and what for.
	Principal, Agency, Purpose string
	Mode                       catalog.Mode
}

// Pages names pages and knows them again.
type Pages struct {
	aead cipher.AEAD
	err  error // then there are no names
	now  func() time.Time
}

// NewPages makes names with a key that comes from a secret of 16 bytes or more.
func NewPages(secret []byte) *Pages {
	p := &Pages{now: time.Now}
	var key []byte
	if key, p.err = hkdf.Key(sha256.New, secret, nil, "lianji resource pages", 32); p.err != nil {
		return p
	}
	var block cipher.Block
	if block, p.err = aes.NewCipher(key); p.err != nil {
		return p
	}
	p.aead, p.err = cipher.NewGCMWithRandomNonce(block)
	return p
}

func noPage() *errs.Error { return errs.New(errs.UnknownName, "resources_no_page", nil) }

// Name names the page of a request that follows a place, for a session. It is of letters,
// digits, - and _.
func (p *Pages) Name(s server.Session, r Request, at Place) (string, error) {
	if p.err != nil {
		return "", errs.From(p.err)
	}
	text, err := json.Marshal(sealed{Request: r, Place: at, Made: p.now(), Principal: s.Principal, Agency: s.Agency, Purpose: s.Purpose, Mode: s.Mode})
	if err != nil {
		return "", errs.From(err)
	}
	name := base64.RawURLEncoding.EncodeToString(p.aead.Seal(nil, nil, text, nil))
	if len(name) > maxPage {
		return "", errs.New(errs.ResultTooLarge, "resources_page_long", nil)
	}
	return name, nil
}

// Open gives what the page that is asked for means to a session: the request as it was made
// for the first page, and where the page begins. A name that is another's, was for another
// purpose or another resource, or is too old, reads like one that nobody made.
func (p *Pages) Open(s server.Session, asked Request) (Request, Place, error) {
	var of sealed
	text, err := base64.RawURLEncoding.DecodeString(asked.Page)
	if err != nil || p.err != nil || len(asked.Page) > maxPage {
		return Request{}, Place{}, noPage()
	}
	plain, err := p.aead.Open(nil, nil, text, nil)
	if err != nil || json.Unmarshal(plain, &of) != nil {
		return Request{}, Place{}, noPage()
	}
	mine := of.Principal == s.Principal && of.Agency == s.Agency && of.Purpose == s.Purpose && of.Mode == s.Mode
	if !mine || !catalog.SameName(of.Code, asked.Code) || p.now().Sub(of.Made) > pageFor {
		return Request{}, Place{}, noPage()
	}
	first := of.Request
	if !asked.bare && !(slices.Equal(first.Items, asked.Items) && slices.Equal(first.Filters, asked.Filters) && slices.Equal(first.Order, asked.Order) && first.Rows == asked.Rows) {
		return Request{}, Place{}, invalid("resources_page_other", nil)
	}
	return first, of.Place, nil
}
