// Package httpapi is the HTTP door: POST /v1/query with a statement in JSON, its
// rows in the form that Accept asks for; GET /healthz. It refuses whatever another web
// page could make a browser send.
package httpapi

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/resources"
	"github.com/lianji/lianji/server/statements"
)

// Options of the door. Querier is required.
type Options struct {
	Querier server.Querier
	// Session gives whose statement it is and what it may see; nil means that nothing
	// exists for anybody.
	Session server.Sessions
	// Holds tells, before a request's body is waited for, whether the token or certificate that
	// it shows holds; its error is an *errs.Error. Nil means that bodies are read first.
	Holds func(by server.Asker) error
	// Login begins a session with the password of a login, from an address, and gives its
	// token. Its error is an *errs.Error, the same whatever is wrong with the login or the
	// password. Nil means that nobody has a password.
	Login func(ctx context.Context, login, password, client string) (token string, err error)
	// Confirm begins a session with a code of the second factor of a token's bearer, from an
	// address, and gives its token. Nil means that nobody has one.
	Confirm func(ctx context.Context, token, code, client string) (string, error)
	// Refused hears of each request that is refused before its statement is looked at;
	// nil means nobody.
	Refused server.Refused
	// Catalogue answers what stands below /v1/catalog and /v1/openapi.json; nil means that
	// there is nothing.
	Catalogue http.Handler
	// Applicable gives what the bearer of a token may apply for of the names in a query
	// that was refused for them, by its id; nil means nothing. Its error is request_invalid
	// where there is no such query of the bearer's.
	Applicable func(by server.Asker, id string) ([]Applicable, error)
	// Ready gives nil while statements can be answered; nil means always.
	Ready func() error
	// Hosts are names, besides those of the loopback interface, that the Host header
	// of a request may have.
	Hosts []string
	// Certified tells whether the certificate that the door shows is of a name, which is
	// then one that it answers to; nil without TLS.
	Certified func(host string) bool
	// Anywhere says that other machines are served: the door answers to its addresses too.
	Anywhere bool
	// Origins are those of web pages of other sites that may read answers, as browsers write
	// them; nil means none.
	Origins []string
	// Logger gets one line for each query; nil means nowhere. Its handler must redact.
	Logger *slog.Logger
	// Secret makes the names of resources' pages, which gateways with the same one know of
	// each other; nil means one that this door alone has.
	Secret []byte
	// Statements keeps those whose clients do not wait; nil means that every client does.
	Statements *statements.Statements
	// ClientWait is how long a client may keep its statement waiting, beside a second
	// for each 64 KiB that it takes; 0 means DefaultClientWait.
	ClientWait time.Duration
	// PlaceEvery is how often at most a client that asks for it is told the place in the queue
	// of its statement, where that has changed; 0 means server.PlaceEvery.
	PlaceEvery time.Duration
}

// DefaultClientWait ends an answer whose client has stopped reading.
const DefaultClientWait = 60 * time.Second

// QueryIDHeader is the header that names the query, in every answer to one.
const QueryIDHeader = "Lianji-Query-Id"

// FooterTrailer is the trailer that has the footer of an answer in a form that has no
// place for it, as output.FooterLine writes it.
const FooterTrailer = "Lianji-Footer"

// NonceHeader is the header that asks for a receipt, as the member nonce does.
const NonceHeader = "Lianji-Nonce"

// ReceiptTrailer is the trailer that has the receipt of an answer in a form that has
// no place for it. Then there is no trailer of warnings.
const ReceiptTrailer = "Lianji-Receipt"

type door struct {
	Options
	hosts     map[string]bool
	pages     *resources.Pages
	followers followers
}

// New gives the door's handler. Server runs it with the time-outs that it needs.
func New(o Options) http.Handler {
	if o.ClientWait <= 0 {
		o.ClientWait = DefaultClientWait
	}
	if o.PlaceEvery <= 0 {
		o.PlaceEvery = server.PlaceEvery
	}
	if o.Ready == nil {
		o.Ready = func() error { return nil }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Secret == nil {
		o.Secret = []byte(rand.Text())
	}
	d := &door{Options: o, hosts: allowedHosts(o.Hosts), pages: resources.NewPages(o.Secret)}
	mux := http.NewServeMux()
	for _, r := range d.routes() {
		mux.HandleFunc(r.path, only(r.do, r.methods...))
	}
	if o.Catalogue != nil {
		mux.Handle("/v1/catalog/", o.Catalogue)
		mux.Handle("/v1/openapi.json", o.Catalogue)
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusNotFound, errs.New(errs.RequestInvalid, "http_not_found", nil))
	})
	return d.guard(d.early(mux))
}

type route struct {
	path    string
	methods []string
	do      http.HandlerFunc
}

// routes are the door's own addresses.
func (d *door) routes() []route {
	return []route{
		{"/v1/query", []string{http.MethodPost}, d.query},
		{loginPath, []string{http.MethodPost}, d.login},
		{"/v1/queries/{id}/applicable", []string{http.MethodGet}, d.applicable},
		{"/v1/resources", []string{http.MethodGet}, d.resource},
		{"/v1/resources/{code}", []string{http.MethodGet}, d.resource},
		{"/v1/resources/openapi.json", []string{http.MethodGet}, d.describeResources},
		{"/v1/resources/{code}/openapi.json", []string{http.MethodGet}, d.describeResources},
		{"/v1/statements", []string{http.MethodPost, http.MethodGet}, d.statements},
		{"/v1/statements/{id}", []string{http.MethodGet, http.MethodDelete}, d.statement},
		{"/v1/statements/{id}/result", []string{http.MethodGet}, d.result},
		{"/v1/statements/{id}/events", []string{http.MethodGet}, d.events},
		{"/healthz", []string{http.MethodGet, http.MethodHead}, Health},
		{"/readyz", []string{http.MethodGet, http.MethodHead}, Readiness(d.Ready)},
	}
}

// Routes lists the door's own addresses, each with a method before it: the API's
// description has them. HEAD is left out.
func Routes() []string {
	var out []string
	for _, r := range (&door{}).routes() {
		for _, method := range r.methods {
			if method != http.MethodHead {
				out = append(out, method+" "+r.path)
			}
		}
	}
	return out
}

// only lets the listed methods through.
func only(next http.HandlerFunc, methods ...string) http.HandlerFunc {
	allow := strings.Join(methods, ", ")
	return func(w http.ResponseWriter, r *http.Request) {
		for _, m := range methods {
			if r.Method == m {
				next(w, r)
				return
			}
		}
		w.Header().Set("Allow", allow)
		refuse(w, r, http.StatusMethodNotAllowed, errs.New(errs.RequestInvalid, "http_method", msg.Args{"Allowed": allow}))
	}
}

func newID() string { return strings.ToLower(rand.Text()[:16]) }
