//go:build unix

package mysql

import (
	"crypto/tls"
	"syscall"
)

// gone reports that the server has ended an idle session, or said something on it
// that nobody asked for. It asks the socket alone and waits for nothing.
func (s *session) gone() bool {
	conn := s.conn
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	raw, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	over := false
	socket, err := raw.SyscallConn()
	if err != nil {
		return true
	}
	err = socket.Read(func(fd uintptr) bool {
		var b [1]byte
		// Nothing to read is the one good answer. With TLS a byte may be the goodbye.
		_, err := syscall.Read(int(fd), b[:])
		over = err != syscall.EAGAIN && err != syscall.EWOULDBLOCK
		return true
	})
	return over || err != nil
}
