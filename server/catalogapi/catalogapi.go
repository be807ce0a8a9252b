// Package catalogapi is the catalogue over HTTP, below /v1/catalog: who there is, what
// is shared and what was granted, as JSON. What somebody may read and change is what
// catalog.May, catalog.State's Sees and policy/document say; what one may not see is not
// there. openapi.json describes it.
package catalogapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/server"
	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/identity"
	"github.com/lianji/lianji/server/listen"
)

// Decide says what is to be done in a state of the catalogue, in the name of a
// principal; nil when nothing is.
type Decide func(*catalog.State, *catalog.Principal) (func(*store.Tx) error, error)

// Keeper keeps the catalogue in the name of whoever has a credential without limits. Every
// error is an *errs.Error or has one in its chain.
type Keeper interface {
	// See gives the catalogue as it is now, and who asks.
	See(ctx context.Context, by server.Asker) (*catalog.State, *catalog.Principal, error)
	// Keep does what is decided over the catalogue as it is when that is done, and gives
	// the catalogue afterwards. It may ask several times.
	Keep(ctx context.Context, by server.Asker, what Decide) (*catalog.State, error)
	// Enrol begins to give who asks a second factor of their own, and Enrolled gives it them
	// when its first code confirms it. Neither needs a factor, but to replace one.
	Enrol(ctx context.Context, by server.Asker) (identity.Enrolment, error)
	Enrolled(ctx context.Context, by server.Asker, ticket, code string) error
	// ResetFactor takes the second factor of a login away.
	ResetFactor(ctx context.Context, by server.Asker, login string) error
	// SetPassword sets the password of a login, and RemovePassword takes it away.
	SetPassword(ctx context.Context, by server.Asker, login, password string) error
	RemovePassword(ctx context.Context, by server.Asker, login string) error
	// Check tells whether grants can be applied to the sources' tables as they are now.
	Check(ctx context.Context, s *catalog.State) document.Check
	// Remembered is the store's.
	Remembered(ctx context.Context, principal, key string) (digest, answer string, err error)
}

// Options of the API. Keeper is required.
type Options struct {
	Keeper Keeper
	// Refused hears of each request whose sender could not be established, as the door's.
	Refused func(context.Context, server.Refusal) error
}

// Most of what an answer lists.
const mostListed = 1000

// prefix of every address.
const prefix = "/v1/catalog/"

// New gives the handler. It stands behind the door's own checks of Host and Origin.
func New(o Options) http.Handler {
	a := &api{o}
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.HandleFunc(r.method+" "+r.path, a.answer(r.do))
	}
	mux.HandleFunc("GET "+descriptionPath, describe)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { a.noRoute(w, r) })
	return mux
}

type api struct{ Options }

// route is one method at an address.
type route struct {
	method, path string
	do           func(*call) error
}

// routes lists what there is. Objects that are put by name are never deleted: the audit
// speaks of them. A principal is disabled instead.
func (a *api) routes() []route {
	var out []route
	for _, c := range collections {
		out = append(out,
			route{http.MethodGet, prefix + c.name, func(q *call) error { return q.list(c) }},
			route{http.MethodGet, prefix + c.name + "/{key}", func(q *call) error { return q.get(c) }})
		if c.named != nil {
			out = append(out, route{http.MethodPut, prefix + c.name + "/{key}", func(q *call) error { return q.put(c) }})
		}
	}
	return append(out,
		route{http.MethodPost, prefix + "grants", (*call).postGrant},
		route{http.MethodDelete, prefix + "grants/{key}", (*call).deleteGrant},
		route{http.MethodPost, prefix + "tokens", (*call).postToken},
		route{http.MethodDelete, prefix + "tokens/{key}", (*call).deleteToken},
		route{http.MethodPost, prefix + "factor", (*call).postFactor},
		route{http.MethodPut, prefix + "factor", (*call).putFactor},
		route{http.MethodDelete, prefix + "principals/{key}/factor", (*call).deleteFactor},
		route{http.MethodPut, prefix + "principals/{key}/password", (*call).putPassword},
		route{http.MethodDelete, prefix + "principals/{key}/password", (*call).deletePassword})
}

// noRoute refuses what has no route: another method at an address that there is, or an
// address that there is not.
func (a *api) noRoute(w http.ResponseWriter, r *http.Request) {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
		for _, route := range a.routes() {
			if route.method == method && matches(route.path, r.URL.EscapedPath()) {
				allowed = append(allowed, method)
			}
		}
	}
	if len(allowed) == 0 {
		httpapi.Refuse(w, r, httpapi.WithStatus(http.StatusNotFound, errs.New(errs.RequestInvalid, "http_not_found", nil)))
		return
	}
	allow := strings.Join(allowed, ", ")
	w.Header().Set("Allow", allow)
	httpapi.Refuse(w, r, httpapi.WithStatus(http.StatusMethodNotAllowed, errs.New(errs.RequestInvalid, "http_method", msg.Args{"Allowed": allow})))
}

func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && (want[i] != "{key}" || got[i] == "") {
			return false
		}
	}
	return true
}

// call is one request while it is answered.
type call struct {
	*api
	w     http.ResponseWriter
	r     *http.Request
	token string
}

func (a *api) answer(do func(*call) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := &call{api: a, w: w, r: r}
		// A panic in there must look like a failed request, not like a dropped connection.
		err := safego.Call(func() (err error) {
			if q.token, err = httpapi.Bearer(r); err != nil {
				return err
			}
			return do(q)
		})
		if err == nil {
			return
		}
		if errs.CodeOf(err) == errs.Unauthenticated && a.Refused != nil {
			_ = a.Refused(r.Context(), server.Refusal{Asker: q.asker(), Code: errs.Unauthenticated}) // the answer is the same
		}
		httpapi.Refuse(w, r, err)
	}
}

// asker is who sends the request, and from where.
func (q *call) asker() server.Asker {
	host, _, _ := net.SplitHostPort(q.r.RemoteAddr)
	return server.Asker{Token: q.token, Door: "http", Client: host, Certificate: listen.Shown(q.r.TLS)}
}

func (q *call) see() (sight, error) {
	state, by, err := q.Keeper.See(q.r.Context(), q.asker())
	return sight{state: state, by: by, at: time.Now()}, err
}

// notThere is of what is not there, or not to be seen.
func notThere() error {
	return httpapi.WithStatus(http.StatusNotFound, errs.New(errs.UnknownName, "catalogapi_not_there", nil))
}

// list answers with what the sender sees, from after on and not more than limit.
func (q *call) list(c collection) error {
	asked, err := url.ParseQuery(q.r.URL.RawQuery)
	if err != nil {
		return invalid("catalogapi_query", nil)
	}
	limit := mostListed
	for name, values := range asked {
		if len(values) != 1 {
			return invalid("catalogapi_query", nil)
		}
		switch {
		case name == "limit":
			if limit, err = strconv.Atoi(values[0]); err != nil || limit < 1 || limit > mostListed {
				return invalid("catalogapi_query", nil)
			}
		case name == "after":
		case name == "resource" && c.name == "grants":
		default:
			return invalid("catalogapi_query", nil)
		}
	}
	v, err := q.see()
	if err != nil {
		return err
	}
	if asked.Has("resource") {
		r, ok := document.ResourceNamed(v.state, asked.Get("resource"))
		if !ok {
			r = &catalog.Resource{} // nothing is granted of it
		}
		v.on = r
	}
	all := c.list(v)
	first := 0
	if after := asked.Get("after"); after != "" {
		var there bool
		if first, there = slices.BinarySearch(all.keys, after); there {
			first++
		}
	}
	found, next := []any{}, ""
	for i := first; i < len(all.keys) && len(found) < limit; i++ {
		found, next = append(found, all.show(i)), all.keys[i]
	}
	answer := map[string]any{c.name: found}
	if len(found) == limit {
		answer["next"] = next
	}
	return q.write(http.StatusOK, answer)
}

func (q *call) get(c collection) error {
	v, err := q.see()
	if err != nil {
		return err
	}
	e, ok := c.find(v, q.r.PathValue("key"))
	if !ok {
		return notThere()
	}
	q.w.Header().Set("ETag", e.tag())
	return q.write(http.StatusOK, e.value)
}

// tag is the object's version, or what it says where it has none.
func (e entry) tag() string {
	if e.version > 0 {
		return `"` + strconv.FormatInt(e.version, 10) + `"`
	}
	text, err := json.Marshal(e.value)
	if err != nil {
		return `""`
	}
	sum := sha256.Sum256(text)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

func (q *call) write(status int, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return errs.From(err)
	}
	q.writeText(status, string(text))
	return nil
}

func (q *call) writeText(status int, text string) {
	q.w.Header().Set("Content-Type", "application/json")
	q.w.WriteHeader(status)
	// A client that has gone away needs no answer.
	_, _ = q.w.Write([]byte(text + "\n"))
}
