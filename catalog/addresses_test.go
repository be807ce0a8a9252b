package catalog

import (
	"net/netip"
	"testing"
)

func TestParseAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"10.1.0.0/16": "10.1.0.0/16", "10.1.2.3": "10.1.2.3/32", "0.0.0.0/0": "0.0.0.0/0", "2001:db8::/32": "2001:db8::/32", "2001:db8::1": "2001:db8::1/128",
		"::ffff:10.1.0.0/112": "10.1.0.0/16", "::ffff:10.1.2.3": "10.1.2.3/32", "::/0": "::/0",
		"10.1.2.3/16": "", "2001:db8::1/32": "", "::ffff:10.0.0.0/64": "", "::ffff:10.1.2.3/112": "", "fe80::1%eth0": "", "10.1.0.0/33": "", "10.1": "", "": "", "a.example": "",
	} {
		p, ok := ParseAddresses(text)
		got := ""
		if ok {
			got = p.String()
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestReaches(t *testing.T) {
	tied := &Token{Addresses: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}}
	for client, want := range map[string]bool{
		"10.1.255.1": true, "::ffff:10.1.0.9": true, "2001:db8:1::9": true, "10.2.0.1": false, "::ffff:10.2.0.1": false, "2001:db9::1": false, "::a01:1": false, "": false,
	} {
		ip, _ := netip.ParseAddr(client)
		if tied.Reaches(ip) != want || !(&Token{}).Reaches(ip) {
			t.Errorf("%q: %v", client, !want)
		}
	}
}

func TestCovers(t *testing.T) {
	others := []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("172.16.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}
	for text, want := range map[string]bool{
		"10.1.0.0/16": true, "10.1.2.0/24": true, "10.1.2.3/32": true, "2001:db8:1::/48": true,
		"10.0.0.0/8": false, "10.2.0.0/16": false, "172.16.0.0/12": false, "0.0.0.0/0": false, "::/0": false, "2001:db9::/32": false,
	} {
		if got := Covers(others, netip.MustParsePrefix(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if Covers(nil, others[0]) {
		t.Error("nothing covers something")
	}
}
