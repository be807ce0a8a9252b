package store

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
)

func TestAddressesOfTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		wang := c.people[catalog.Analyst]
		with := func(ranges ...netip.Prefix) *catalog.Token {
			return &catalog.Token{Principal: wang, Addresses: ranges, Expires: time.Now().Add(time.Hour)}
		}
		k := with(netip.MustParsePrefix("::ffff:10.1.0.0/112"), netip.MustParsePrefix("2001:db8::/32"))
		var text string
		c.change(t, catalog.Analyst, func(tx *Tx) (err error) { text, err = tx.Token(k); return err })
		for _, wrong := range []netip.Prefix{{}, netip.MustParsePrefix("10.1.2.3/16"), netip.MustParsePrefix("::ffff:0:0/64")} {
			if err := c.Change(t.Context(), wang, func(tx *Tx) error { _, err := tx.Token(with(wrong)); return err }); errs.CodeOf(err) != errs.RequestInvalid {
				t.Errorf("%v: %v", wrong, err)
			}
		}
		state := c.load(t, nil)
		got, ok := state.Token(k.ID)
		want := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
		if !ok || cmp.Diff(want, got.Addresses, cmpopts.EquateComparable(netip.Prefix{})) != "" {
			t.Errorf("kept as %v", got.Addresses)
		}
		for from, want := range map[string]bool{"10.1.9.9": true, "192.0.2.1": false} {
			if _, _, ok := (catalog.ByTokenFrom{Hash: Hash(text), Client: netip.MustParseAddr(from)}).Bearer(state, time.Now()); ok != want {
				t.Errorf("from %s: %v", from, ok)
			}
		}
	})
}

// What somebody makes for themselves with a tied token opens nothing from elsewhere; what
// the security administrator makes for others is as they say.
func TestTie(t *testing.T) {
	onBoth(t, func(t *testing.T, address string) {
		c := newCity(t, address)
		to := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
		wang, admin := c.people[catalog.Analyst], c.people[catalog.SecurityAdmin]
		tied := func(by string, do func(*Tx) error) error {
			return c.Change(t.Context(), by, func(tx *Tx) error { tx.Tie(to); return do(tx) })
		}
		for _, k := range []struct {
			name, by, of string
			from, want   []netip.Prefix // want nil: it is refused
		}{
			{"its own", wang, wang, nil, to},
			{"a part", wang, wang, []netip.Prefix{netip.MustParsePrefix("::ffff:10.1.2.0/120")}, []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24")}},
			{"more", wang, wang, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}, nil},
			{"a part and more", wang, wang, []netip.Prefix{netip.MustParsePrefix("10.1.2.0/24"), netip.MustParsePrefix("0.0.0.0/0")}, nil},
			{"the administrator's own", admin, admin, nil, to},
			{"another's", admin, wang, nil, []netip.Prefix{}},
		} {
			token := &catalog.Token{Principal: k.of, Addresses: k.from, Expires: time.Now().Add(time.Hour)}
			err := tied(k.by, func(tx *Tx) error { _, err := tx.Token(token); return err })
			if k.want == nil {
				if e := errs.From(err); err == nil || e.ID != "store_tied" || e.Code != errs.Forbidden {
					t.Errorf("%s: %v", k.name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", k.name, err)
				continue
			}
			got, _ := c.load(t, nil).Token(token.ID)
			if diff := cmp.Diff(k.want, got.Addresses, cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: %s", k.name, diff)
			}
		}
		key := &catalog.Token{Principal: wang, Signs: catalog.HMACSHA256, Expires: time.Now().Add(time.Hour)}
		err := tied(wang, func(tx *Tx) error {
			_, err := tx.SigningKey(key, func(_, secret string) (string, error) { return "sealed", nil })
			return err
		})
		if err != nil || len(key.Addresses) != 2 {
			t.Errorf("a key that signs: %v, %v", key.Addresses, err)
		}
		for of, want := range map[string]errs.Code{wang: errs.Forbidden, admin: ""} {
			err := tied(of, func(tx *Tx) error { return tx.Password(&catalog.Password{Principal: wang, Hash: "h", SCRAM: "s"}) })
			if errs.CodeOf(err) != want {
				t.Errorf("a password by %s: %v", of, err)
			}
		}
	})
}
