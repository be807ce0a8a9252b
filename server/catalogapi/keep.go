package catalogapi

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/catalog/store"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/msg"
	"github.com/lianji/lianji/policy/document"
	"github.com/lianji/lianji/server/httpapi"
)

func (q *call) decode(into any) error {
	text, err := httpapi.Body(q.w, q.r)
	if err != nil {
		return err
	}
	return decode(text, into)
}

// mistaken turns a mistake in a document into one of a request: there is no
// configuration that would be wrong.
func mistaken(err error) error {
	var m *document.MemberError
	if !errors.As(err, &m) {
		return err
	}
	e := *errs.From(m.Err)
	if e.Code == errs.ConfigInvalid {
		e.Code = errs.RequestInvalid
	}
	return &e
}

func notAllowed() error { return errs.New(errs.Forbidden, "store_not_allowed", nil) }

// put makes an object what the request says. The same request again changes nothing and
// gives the same answer; one that would change an object names the version that it
// knows.
func (q *call) put(c collection) error {
	body := c.named()
	if err := q.decode(body); err != nil {
		return err
	}
	key := q.r.PathValue("key")
	doc, name, version, err := body.document(key)
	if err != nil {
		return err
	}
	if name != "" && name != key {
		return invalid("catalogapi_name", msg.Args{"Name": name})
	}
	var made bool
	var by *catalog.Principal
	after, err := q.Keeper.Keep(q.r.Context(), q.asker(), func(state *catalog.State, p *catalog.Principal) (func(*store.Tx) error, error) {
		by, made = p, false
		if !document.May(by, state, doc) {
			return nil, notAllowed()
		}
		have, there := c.find(sight{state: state, by: by, at: time.Now()}, key)
		changes, err := document.Diff(state, doc)
		if err != nil {
			return nil, mistaken(err)
		}
		if only(q.r) && there {
			return nil, failedPrecondition()
		}
		if len(changes) == 0 {
			return nil, nil
		}
		if err := q.knows(have, there, version); err != nil {
			return nil, err
		}
		made = !there
		return func(tx *store.Tx) error { return mistaken(document.Apply(tx, changes)) }, nil
	})
	if err != nil {
		return mistaken(err)
	}
	e, ok := c.find(sight{state: after, by: by, at: time.Now()}, key)
	if !ok {
		return notThere()
	}
	q.w.Header().Set("ETag", e.tag())
	if !made {
		return q.write(http.StatusOK, e.value)
	}
	q.w.Header().Set("Location", prefix+c.name+"/"+url.PathEscape(e.key))
	return q.write(http.StatusCreated, e.value)
}

// only reports whether a request is to make an object, and not to change one.
func only(r *http.Request) bool { return r.Header.Get("If-None-Match") == "*" }

func failedPrecondition() error {
	return httpapi.WithStatus(http.StatusPreconditionFailed, errs.New(errs.Conflict, "catalogapi_other_version", nil))
}

// knows refuses a change of another version than the request knows: that of If-Match, or
// of the body. One that knows none may make an object and not change it.
func (q *call) knows(have entry, there bool, version int64) error {
	match := q.r.Header.Get("If-Match")
	if match == "" && version > 0 {
		match = `"` + strconv.FormatInt(version, 10) + `"`
	}
	switch {
	case match == "" && there:
		return httpapi.WithStatus(http.StatusPreconditionRequired, errs.New(errs.Conflict, "catalogapi_no_version", nil))
	case match != "" && (!there || match != have.tag()):
		return failedPrecondition()
	}
	return nil
}

// once is a request that makes something and names a key for it, so that sent again it
// makes nothing more.
type once struct {
	q           *call
	key, digest string
	answer      string // that the same request got before; empty for none
}

// maxKey is the longest key, in bytes.
const maxKey = 128

// once reads the request's key. What it asks for is part of it.
func (q *call) once(what string, body any) (*once, error) {
	sent := q.r.Header.Values("Idempotency-Key")
	if len(sent) == 0 {
		return &once{q: q}, nil
	}
	key := sent[0]
	printable := strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
	if len(sent) > 1 || key == "" || len(key) > maxKey || !printable {
		return nil, invalid("catalogapi_key", nil)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return nil, errs.From(err)
	}
	sum := sha256.Sum256(append([]byte(what+"\n"), text...))
	return &once{q: q, key: key, digest: hex.EncodeToString(sum[:])}, nil
}

// before looks for the answer that the same request got before.
func (o *once) before(by *catalog.Principal) error {
	if o.key == "" {
		return nil
	}
	digest, answer, err := o.q.Keeper.Remembered(o.q.r.Context(), by.ID, o.key)
	switch {
	case err != nil:
		return err
	case digest != "" && digest != o.digest:
		return errs.New(errs.Conflict, "catalogapi_key_used", nil)
	}
	o.answer = answer
	return nil
}

// keep remembers the answer, together with the change.
func (o *once) keep(tx *store.Tx, value any) error {
	if o.key == "" {
		return nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return tx.Remember(o.key, o.digest, string(text))
}

// postGrant adds a grant. One that says the same as one that there is adds nothing, and
// is answered with that.
func (q *call) postGrant() error {
	var body grant
	if err := q.decode(&body); err != nil {
		return err
	}
	if body.ID != "" || body.GrantedBy != "" || body.Version != 0 {
		return invalid("catalogapi_read_only", msg.Args{"Name": "id, granted_by, version"})
	}
	o, err := q.once("grant", body)
	if err != nil {
		return err
	}
	var made entry
	status := http.StatusCreated
	_, err = q.Keeper.Keep(q.r.Context(), q.asker(), func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		if !document.May(by, state, &document.Document{Grants: map[string][]document.Grant{body.Resource: nil}}) {
			return nil, notAllowed()
		}
		if err := o.before(by); err != nil || o.answer != "" {
			return nil, err
		}
		changes, there, err := document.Granting(state, body.Resource, body.document(), q.Keeper.Check(q.r.Context(), state))
		if err != nil {
			return nil, mistaken(err)
		}
		if g, ok := state.Grant(there); ok {
			status, made = http.StatusOK, grantOf(state, g, true)
			if o.key == "" {
				return nil, nil
			}
			return func(tx *store.Tx) error { return o.keep(tx, made.value) }, nil
		}
		status = http.StatusCreated
		return func(tx *store.Tx) error {
			if err := document.Apply(tx, changes); err != nil {
				return mistaken(err)
			}
			made = grantOf(state, changes[0].Given, true)
			return o.keep(tx, made.value)
		}, nil
	})
	if err != nil {
		return mistaken(err)
	}
	return q.made("grants", o, status, made)
}

// made answers with what was made, or was made before.
func (q *call) made(collection string, o *once, status int, e entry) error {
	if o.answer != "" {
		var of struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal([]byte(o.answer), &of); err != nil {
			return errs.From(err)
		}
		q.w.Header().Set("Location", prefix+collection+"/"+of.ID)
		q.writeText(http.StatusCreated, o.answer)
		return nil
	}
	q.w.Header().Set("Location", prefix+collection+"/"+e.key)
	q.w.Header().Set("ETag", e.tag())
	return q.write(status, e.value)
}

// deleteGrant takes a grant back.
func (q *call) deleteGrant() error {
	id := q.r.PathValue("key")
	_, err := q.Keeper.Keep(q.r.Context(), q.asker(), func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		g, ok := state.Grant(id)
		if !ok || state.SeesGrant(by, g, time.Now()) == catalog.Nothing {
			return nil, notThere()
		}
		if match := q.r.Header.Get("If-Match"); match != "" && match != grantOf(state, g, true).tag() {
			return nil, failedPrecondition()
		}
		return func(tx *store.Tx) error { return tx.Revoke(id) }, nil
	})
	if err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// postToken makes a token. Its text is in the first answer alone: it is kept nowhere.
func (q *call) postToken() error {
	var body token
	if err := q.decode(&body); err != nil {
		return err
	}
	if body.ID != "" || body.Created != "" || body.Revoked != "" || body.Token != "" || body.Signs != "" {
		return invalid("catalogapi_read_only", msg.Args{"Name": "id, created, revoked, signs, token"})
	}
	expires, err := time.Parse(time.RFC3339, body.Expires)
	if err != nil {
		return invalid("catalogapi_member", msg.Args{"Name": "expires"})
	}
	from, err := addressesOf(body.Addresses)
	if err != nil {
		return err
	}
	o, err := q.once("token", body)
	if err != nil {
		return err
	}
	var made entry
	_, err = q.Keeper.Keep(q.r.Context(), q.asker(), func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		p, ok := state.Login(body.Principal)
		if !ok {
			p = &catalog.Principal{} // not there reads like not allowed
		}
		if by.ID != p.ID && !catalog.May(by, catalog.ActToken, "") {
			return nil, notAllowed()
		}
		if err := o.before(by); err != nil || o.answer != "" {
			return nil, err
		}
		only, err := resourcesOf(state, by, body.Resources)
		if err != nil {
			return nil, err
		}
		return func(tx *store.Tx) error {
			k := &catalog.Token{
				Principal: p.ID, Label: body.Label, Purposes: body.Purposes, Addresses: slices.Clone(from), Resources: only, PerMinute: body.PerMinute, Expires: expires,
			}
			for _, m := range body.Modes {
				k.Modes = append(k.Modes, catalog.Mode(m))
			}
			text, err := tx.Token(k)
			if err != nil {
				return err
			}
			made = tokenOf(state, k)
			if err := o.keep(tx, made.value); err != nil {
				return err
			}
			shown := made.value.(token)
			shown.Token = text
			made.value = shown
			return nil
		}, nil
	})
	if err != nil {
		return err
	}
	return q.made("tokens", o, http.StatusCreated, made)
}

// resourcesOf gives the IDs of resources that somebody sees.
func resourcesOf(state *catalog.State, by *catalog.Principal, names []string) (ids []string, err error) {
	for _, name := range names {
		r, ok := document.ResourceNamed(state, name)
		if !ok || state.SeesResource(by, r, time.Now()) == catalog.Nothing {
			return nil, errs.New(errs.UnknownName, "store_unknown", msg.Args{"Kind": "resource"})
		}
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

func addressesOf(texts []string) (out []netip.Prefix, err error) {
	for _, text := range texts {
		p, ok := catalog.ParseAddresses(text)
		if !ok {
			return nil, invalid("catalogapi_member", msg.Args{"Name": "addresses"})
		}
		out = append(out, p)
	}
	return out, nil
}

// deleteToken ends a token. One that has ended stays so.
func (q *call) deleteToken() error {
	id := q.r.PathValue("key")
	_, err := q.Keeper.Keep(q.r.Context(), q.asker(), func(state *catalog.State, by *catalog.Principal) (func(*store.Tx) error, error) {
		k, ok := state.Token(id)
		if !ok || !state.SeesToken(by, k) {
			return nil, notThere()
		}
		if !k.Revoked.IsZero() {
			return nil, nil
		}
		return func(tx *store.Tx) error { return tx.RevokeToken(id) }, nil
	})
	if err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}
