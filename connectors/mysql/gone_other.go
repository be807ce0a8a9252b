//go:build !unix

package mysql

// gone cannot be told here: a statement on a session that the server has ended
// fails.
func (s *session) gone() bool { return false }
