package catalog

import (
	"net/netip"
	"slices"
)

// ParseAddresses reads a range of addresses, as 10.1.0.0/16, 2001:db8::/32 or one address.
// Ranges of IPv4 that are written as IPv6 (::ffff:10.1.0.0/112) become what they are. One
// that ends within its first address, as 10.1.2.3/16, says two things and is none.
func ParseAddresses(text string) (netip.Prefix, bool) {
	if one, err := netip.ParseAddr(text); err == nil {
		one = one.Unmap()
		return netip.PrefixFrom(one, one.BitLen()), one.Zone() == ""
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, false
	}
	const mapped = 96 // bits before an address of IPv4 in one of IPv6
	if p.Addr().Is4In6() {
		if p.Bits() < mapped {
			return netip.Prefix{}, false
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mapped)
	}
	return p, p == p.Masked()
}

// Reaches reports whether a token holds for who comes from an address. One that is tied to
// addresses does not hold for whoever comes from none that is known.
func (k *Token) Reaches(client netip.Addr) bool {
	client = client.Unmap().WithZone("")
	return len(k.Addresses) == 0 || slices.ContainsFunc(k.Addresses, func(p netip.Prefix) bool { return p.Contains(client) })
}

// Covers reports whether whoever comes from a range comes from one of some others.
func Covers(others []netip.Prefix, p netip.Prefix) bool {
	return slices.ContainsFunc(others, func(q netip.Prefix) bool { return q.Bits() <= p.Bits() && q.Contains(p.Addr()) })
}
