// Package httpapi is the HTTP door: POST /v1/query with a statement in JSON, its
// rows in the form that Accept asks for; GET /healthz. It has no login yet, so it
// listens on loopback addresses alone and refuses whatever another web page could
// make a browser send.
package httpapi

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/server"
)

// Options of the door. Querier is required.
type Options struct {
	Querier server.Querier
	// Session gives whose statement it is and what it may see; nil means that nothing
	// exists for anybody. Its error is an *errs.Error.
	Session func(Asker) (server.Session, error)
	// Refused hears of each request that is refused before its statement is looked at,
	// before its answer leaves; nil means nobody. An error of it is for the log alone.
	Refused func(context.Context, Refusal) error
	// Catalogue answers what stands below /v1/catalog and /v1/openapi.json; nil means that
	// there is nothing.
	Catalogue http.Handler
	// Applicable gives what the bearer of a token may apply for of the names in a query
	// that was refused for them, by its id; nil means nothing. Its error is request_invalid
	// where there is no such query of the bearer's.
	Applicable func(by Asker, id string) ([]Applicable, error)
	// Hosts are names, besides those of the loopback interface, that the Host header
	// of a request may have.
	Hosts []string
	// Logger gets one line for each query; nil means nowhere. Its handler must redact.
	Logger *slog.Logger
	// ClientWait is how long a client may keep its statement waiting, beside a second
	// for each 64 KiB that it takes; 0 means DefaultClientWait.
	ClientWait time.Duration
}

// DefaultClientWait ends an answer whose client has stopped reading.
const DefaultClientWait = 60 * time.Second

// Asker is what a request says of who sends it and what for.
type Asker struct {
	Token   string // of the header Authorization: Bearer; empty without one
	Purpose string // a purpose's code, or empty
	Mode    catalog.Mode
}

// Refusal is a request that is refused before its statement is looked at.
type Refusal struct {
	Asker         // as far as it could be read; its token may be nobody's
	Query  string // the id in the answer
	Client string // the address that it came from
	Code   errs.Code
}

// QueryIDHeader is the header that names the query, in every answer to one.
const QueryIDHeader = "Lianji-Query-Id"

// WarningsTrailer is the trailer that has the warnings of an answer in a form that
// has no place for them, as output.WarningsTrailer writes them.
const WarningsTrailer = "Lianji-Warnings"

// NonceHeader is the header that asks for a receipt, as the member nonce does.
const NonceHeader = "Lianji-Nonce"

// ReceiptTrailer is the trailer that has the receipt of an answer in a form that has
// no place for it. Then there is no trailer of warnings.
const ReceiptTrailer = "Lianji-Receipt"

type door struct {
	Options
	hosts map[string]bool
}

// New gives the door's handler. Server runs it with the time-outs that it needs.
func New(o Options) http.Handler {
	if o.ClientWait <= 0 {
		o.ClientWait = DefaultClientWait
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &door{Options: o, hosts: allowedHosts(o.Hosts)}
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
	return d.guard(mux)
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
		{"/v1/queries/{id}/applicable", []string{http.MethodGet}, d.applicable},
		{"/healthz", []string{http.MethodGet, http.MethodHead}, health},
	}
}

// Routes lists the door's own addresses, each with the first of its methods before it:
// the API's description has them.
func Routes() []string {
	var out []string
	for _, r := range (&door{}).routes() {
		out = append(out, r.methods[0]+" "+r.path)
	}
	return out
}

func health(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone away needs no answer.
	_, _ = w.Write([]byte("{\"status\":\"ok\"}\n"))
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
