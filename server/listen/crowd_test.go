package listen

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/lianji/lianji/internal/safego"
)

// visitor is a connection from an address. It keeps whether it was closed.
type visitor struct {
	net.Conn
	from   string
	closed bool
}

func (v *visitor) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", v.from)
	if err != nil {
		panic(err)
	}
	return a
}

func (v *visitor) Close() error {
	v.closed = true
	return nil
}

// comes lets connections in, and gives those that there are afterwards.
func comes(t *testing.T, c *Crowd, from ...string) []*visitor {
	t.Helper()
	var all []*visitor
	for _, a := range from {
		v := &visitor{from: a}
		if !c.Enter(v) {
			t.Fatalf("%s is not let in", a)
		}
		all = append(all, v)
	}
	return all
}

func expectClosed(t *testing.T, what string, all []*visitor, want ...bool) {
	t.Helper()
	for i, v := range all {
		if v.closed != want[i] {
			t.Errorf("%s: the %d. is closed: %v", what, i+1, v.closed)
		}
	}
}

// Strangers at one address have an eighth of the door, and their own oldest gives way.
func TestCrowdShare(t *testing.T) {
	for _, same := range [][3]string{
		{"192.0.2.1:1", "192.0.2.1:2", "192.0.2.1:3"},
		{"[2001:db8:1:2::1]:1", "[2001:db8:1:2:9::1]:1", "[2001:db8:1:2::7]:5"},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:2", "192.0.2.1:2"},
		{"[fe80::1%lo]:1", "[fe80::1%lo]:2", "[fe80::2]:2"},
	} {
		c := NewCrowd(100, 16)
		all := comes(t, c, "192.0.2.2:1", "[2001:db8:1:3::1]:1", same[0], same[1], same[2])
		expectClosed(t, same[0], all, false, false, true, false, false)
		c.Known(all[3])
		all = append(all, comes(t, c, same[0])...)
		expectClosed(t, "beside one that is known: "+same[0], all, false, false, true, false, false, false)
	}
}

// Who comes to a full door gets a stranger's place, then that of one who rests, then none.
func TestCrowdOrder(t *testing.T) {
	c := NewCrowd(4, 100)
	all := comes(t, c, "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.4:1")
	c.Known(all[0])
	c.Rests(all[0])
	c.Rests(all[1]) // which makes no difference to a stranger
	c.Works(all[1])
	all = append(all, comes(t, c, "192.0.2.5:1")...)
	expectClosed(t, "the oldest stranger", all, false, true, false, false, false)
	for _, v := range []*visitor{all[3], all[2], all[4]} {
		c.Known(v)
	}
	c.Rests(all[3])
	c.Works(all[0])
	c.Rests(all[0])
	c.Known(all[0])
	all = append(all, comes(t, c, "192.0.2.6:1")...)
	expectClosed(t, "who rests longest", all, false, true, false, true, false, false)
	c.Known(all[5])
	c.Asks(all[2])
	c.Works(all[0])
	c.Asks(all[0])
	all = append(all, comes(t, c, "192.0.2.8:1")...)
	expectClosed(t, "who asks", all, false, true, true, true, false, false, false)
	c.Known(all[6])
	c.Works(all[0])
	last := &visitor{from: "192.0.2.7:1"}
	if c.Enter(last) || !last.closed {
		t.Error("one more is let in, where all are at work")
	}
	expectClosed(t, "all at work", all, false, true, true, true, false, false, false)
	c.Leave(all[0])
	c.Leave(all[0]) // which makes room once
	comes(t, c, "192.0.2.7:1")
	if len(c.all) != 4 {
		t.Errorf("there are %d", len(c.all))
	}
}

func TestCrowdForgets(t *testing.T) {
	c := NewCrowd(8, 8)
	for _, v := range comes(t, c, "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1", "192.0.2.3:2") {
		if v.from != "192.0.2.1:1" {
			c.Known(v)
			c.Rests(v)
		}
		c.Leave(v)
		c.Known(v)
		c.Rests(v)
	}
	if n := len(c.all) + len(c.from) + c.strangers.Len() + c.rest.Len() + c.asked.Len(); n != 0 {
		t.Errorf("%d are remembered", n)
	}
}

// expectEnd waits until the other side closes a connection.
func expectEnd(t *testing.T, nc net.Conn) {
	t.Helper()
	if err := nc.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := nc.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("it is not closed: %v", err)
	}
}

// A stranger's connection gives way, or ends by itself; one that is known does not, and makes
// room when it is closed.
func TestWithin(t *testing.T) {
	inner := listenHere(t)
	const strange = 300 * time.Millisecond
	ln := NewCrowd(2, 8).Within(inner, strange)
	accepted := make(chan net.Conn, 8)
	ended := safego.Run(func() error {
		for {
			c, err := ln.Accept()
			if err != nil {
				return err
			}
			accepted <- c
		}
	})
	first := dial(t, inner)
	in := <-accepted
	Known(in.RemoteAddr())
	Known(in.LocalAddr())
	oldest := dial(t, inner)
	<-accepted
	newest := dial(t, inner)
	<-accepted
	expectEnd(t, oldest)
	begun := time.Now()
	expectEnd(t, newest)
	if time.Since(begun) > 50*strange {
		t.Error("a stranger is kept for long")
	}
	second := dial(t, inner)
	Known((<-accepted).RemoteAddr())
	expectEnd(t, dial(t, inner)) // nobody gives way
	if err := first.SetReadDeadline(time.Now().Add(2 * strange)); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("one that is known: %v", err)
	}
	_ = in.Close()
	_ = in.Close() // which makes room once
	dial(t, inner)
	select {
	case third := <-accepted:
		Known(third.RemoteAddr())
	case <-time.After(10 * time.Second):
		t.Fatal("it makes no room when it is closed")
	}
	expectEnd(t, dial(t, inner))
	_ = second.Close()
	_ = ln.Close()
	<-ended
}
