package identity

import (
	"net/netip"
	"strings"
	"sync"
	"time"
)

// limit says how many times in a row something may fail before it has to wait, and how
// long it waits at the most: a second after the first one too many, and twice as long
// after each further one.
type limit struct {
	free int
	most time.Duration
}

// The limits. A login has one for each address, so that nobody's failures keep somebody
// at another address out. An address has one for all logins, against trying one password
// with many. A login has one for all addresses together, against trying from many; it
// grows to half a minute only, and neither of the last two holds where the login's
// password was right before.
var (
	ofPair    = limit{free: 4, most: 15 * time.Minute}
	ofNetwork = limit{free: 30, most: 15 * time.Minute}
	ofLogin   = limit{free: 50, most: 30 * time.Second}
)

const (
	// forgetAfter the last failure there was none.
	forgetAfter = time.Hour
	// mostTracked logins, addresses, and pairs of both, are counted. What fails first of
	// too many is forgotten first.
	mostTracked = 1 << 15
)

// failures are those of one thing in a row.
type failures struct {
	count int
	last  time.Time
	until time.Time // it waits
	known bool      // of a pair: the password was right before
}

// attempts counts the logins that fail. A login that comes while it has to wait is not
// counted: so waiting always ends.
type attempts struct {
	now                    func() time.Time
	mu                     sync.Mutex // what is looked at and what is counted after it belong together
	pairs, networks, names *recent[failures]
}

func newAttempts(now func() time.Time) *attempts {
	table := func() *recent[failures] { return newRecent[failures](mostTracked) }
	return &attempts{now: now, pairs: table(), networks: table(), names: table()}
}

// pairOf makes a key of a login and an address. No login has a line's end that another
// login and address could make the same key with.
func pairOf(login, from string) string { return from + "\n" + keyOf(login) }

// keyOf bounds the length of what somebody says is their login.
func keyOf(login string) string { return login[:min(len(login), mostLogin+1)] }

// mostLogin is the longest login, in bytes.
const mostLogin = 64

// shut tells whether nothing is tried from an address for a login, because of what the
// address tried.
func (a *attempts) shut(login, from string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if pair, _ := a.pairs.get(pairOf(login, from)); pair.known {
		return false
	}
	all, _ := a.networks.get(from)
	return a.now().Before(all.until)
}

// judge counts an attempt that was right or not, and tells whether it is taken: one that
// has to wait is not, right or wrong.
func (a *attempts) judge(login, from string, right bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	now, key := a.now(), pairOf(login, from)
	pair, _ := a.pairs.get(key)
	all, _ := a.networks.get(from)
	name, _ := a.names.get(keyOf(login))
	waits := now.Before(pair.until) || !pair.known && (now.Before(all.until) || now.Before(name.until))
	switch {
	case waits:
		return false
	case right:
		a.pairs.set(key, failures{known: true})
		return true
	}
	a.pairs.change(key, func(f failures) failures { return f.again(now, ofPair) })
	a.networks.change(from, func(f failures) failures { return f.again(now, ofNetwork) })
	a.names.change(keyOf(login), func(f failures) failures { return f.again(now, ofLogin) })
	return false
}

// again counts one more failure.
func (f failures) again(now time.Time, l limit) failures {
	if now.Sub(f.last) >= forgetAfter {
		f.count = 0
	}
	f.count, f.last = f.count+1, now
	if wait := l.wait(f.count); wait > 0 {
		f.until = now.Add(wait)
	}
	return f
}

// wait gives how long it has to wait after a number of failures.
func (l limit) wait(count int) time.Duration {
	over := count - l.free
	switch {
	case over <= 0:
		return 0
	case over < 32:
		return min(time.Second<<(over-1), l.most)
	}
	return l.most
}

// address reads where a client comes from, an address of IPv4 as such however it is
// written; the zero value where that is none.
func address(client string) netip.Addr {
	ip, err := netip.ParseAddr(strings.Trim(client, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return ip.Unmap().WithZone("")
}

// network is what of an address is counted as one: an IPv6 network of 64 bits is in one
// hand.
func network(client string) string {
	ip := address(client)
	if !ip.IsValid() {
		return client
	}
	if ip.Is4() {
		return ip.String()
	}
	p, err := ip.Prefix(64)
	if err != nil {
		return client
	}
	return p.String()
}
