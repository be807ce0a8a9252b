package identity

import (
	"fmt"
	"testing"
	"time"
)

// counted is attempts with a clock that a test turns.
type counted struct {
	*attempts
	now time.Time
}

func newCounted() *counted {
	c := &counted{now: noon}
	c.attempts = newAttempts(func() time.Time { return c.now })
	return c
}

func (c *counted) fail(login, from string, times int) {
	for range times {
		c.judge(login, from, false)
	}
}

// fill makes a login's failures many enough that it waits, each from another address.
func (c *counted) fill(login string) {
	for i := range ofLogin.free + 1 {
		c.judge(login, fmt.Sprint("198.51.100.", i), false)
	}
}

func TestWaitingGrows(t *testing.T) {
	c := newCounted()
	c.fail("wang", "a", ofPair.free)
	if !c.judge("wang", "a", true) {
		t.Fatal("it waits too early")
	}
	c.fail("wang", "a", ofPair.free)
	for i, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
		want *= time.Second
		c.fail("wang", "a", 1)
		c.fail("wang", "a", 5) // what has to wait is not counted
		c.now = c.now.Add(want - time.Millisecond)
		if c.judge("wang", "a", true) {
			t.Fatalf("after failure %d it waits less than %v", i+1, want)
		}
		c.now = c.now.Add(time.Millisecond)
		if f, _ := c.pairs.get(pairOf("wang", "a")); c.now.Before(f.until) {
			t.Fatalf("after failure %d it waits longer than %v", i+1, want)
		}
	}
	if !c.judge("wang", "a", true) {
		t.Error("it waits for ever")
	}
	c.fail("wang", "a", ofPair.free)
	if !c.judge("wang", "a", true) {
		t.Error("what was before it was right still counts")
	}
}

func TestFailuresAreForgotten(t *testing.T) {
	c := newCounted()
	c.fail("wang", "a", ofPair.free)
	c.now = c.now.Add(forgetAfter)
	c.fail("wang", "a", ofPair.free)
	if !c.judge("wang", "a", true) {
		t.Error("failures of an hour ago count")
	}
}

func TestNobodyIsLockedOutByOthers(t *testing.T) {
	c := newCounted()
	c.fail("wang", "b", 1000)
	if !c.judge("wang", "a", true) {
		t.Error("failures at another address keep wang out")
	}
	// Many addresses make a login wait, but for where it came in before.
	c = newCounted()
	c.judge("wang", "home", true)
	c.fill("wang")
	if c.judge("wang", "a", true) {
		t.Error("a login may be tried from any number of addresses")
	}
	if !c.judge("wang", "home", true) {
		t.Error("others keep wang out at home")
	}
	for range 100 {
		c.now = c.now.Add(ofLogin.most)
		c.judge("wang", "b", false)
	}
	c.now = c.now.Add(ofLogin.most)
	if !c.judge("wang", "a", true) {
		t.Error("it waits longer than half a minute")
	}
}

func TestAddressWaits(t *testing.T) {
	c := newCounted()
	c.judge("li", "a", true)
	for i := range ofNetwork.free {
		c.fail(fmt.Sprint("somebody", i), "a", 1)
	}
	if c.shut("wang", "a") || !c.judge("wang", "a", true) {
		t.Error("it waits too early")
	}
	c.fail("somebody", "a", 1)
	if !c.shut("zhao", "a") || c.judge("zhao", "a", true) {
		t.Error("an address may try any number of logins")
	}
	if c.shut("li", "a") || !c.judge("li", "a", true) {
		t.Error("who came in there before is kept out")
	}
	if c.shut("zhao", "b") || !c.judge("zhao", "b", true) {
		t.Error("another address waits")
	}
	c.now = c.now.Add(time.Second)
	if c.shut("zhao", "a") || !c.judge("zhao", "a", true) {
		t.Error("it waits longer than a second")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	c := newCounted()
	for i := range mostTracked + 10 {
		c.judge(fmt.Sprint("n", i), fmt.Sprint("a", i), false)
	}
	for _, r := range []*recent[failures]{c.pairs, c.networks, c.names} {
		if r.len() != mostTracked || r.order.Len() != mostTracked {
			t.Errorf("%d and %d", r.len(), r.order.Len())
		}
	}
	if _, there := c.names.get("n0"); there {
		t.Error("the oldest is kept")
	}
	if _, there := c.names.get(fmt.Sprint("n", mostTracked+9)); !there {
		t.Error("the newest is not kept")
	}
	long := make([]byte, 1<<20)
	c.judge(string(long), "a", false)
	if key := c.names.order.Front().Value.(kept[failures]).key; len(key) > 100 {
		t.Errorf("a key of %d bytes", len(key))
	}
}

func TestNetwork(t *testing.T) {
	for client, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64", "2001:db8:1:2::9": "2001:db8:1:2::/64",
		"[2001:db8:1:2::9]": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "socket": "socket",
	} {
		if got := network(client); got != want {
			t.Errorf("%s is of %s, want %s", client, got, want)
		}
	}
}
