package pgwire

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"sync"
)

// Lengths of the secret of a cancel request, in protocol 3.0 and 3.2.
const (
	shortKey = 4
	longKey  = 32
)

// keyring knows which connection a cancel request means. Both parts of a key are random:
// with the four bytes that old clients can hold, the number has to be a secret too.
type keyring struct {
	mu    sync.Mutex
	conns map[uint32]*conn
}

// add gives a connection its number and its secret.
func (k *keyring) add(c *conn, secret int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.conns == nil {
		k.conns = map[uint32]*conn{}
	}
	for {
		var b [4]byte
		_, _ = rand.Read(b[:]) // it never fails
		// Some clients keep it in a signed number.
		c.number = binary.BigEndian.Uint32(b[:]) >> 1
		if _, taken := k.conns[c.number]; !taken && c.number != 0 {
			break
		}
	}
	c.secret = make([]byte, secret)
	_, _ = rand.Read(c.secret)
	k.conns[c.number] = c
}

func (k *keyring) remove(c *conn) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if c.number != 0 && k.conns[c.number] == c {
		delete(k.conns, c.number)
	}
}

// cancel ends what runs on the connection that a request means, if its secret is right.
func (k *keyring) cancel(number uint32, secret []byte) {
	k.mu.Lock()
	c := k.conns[number]
	k.mu.Unlock()
	if c == nil || subtle.ConstantTimeCompare(c.secret, secret) != 1 {
		return
	}
	c.cancelRunning(cancelledError())
}
