package mysql

import (
	"errors"
	"net"
	"testing"

	"github.com/lianji/lianji/internal/safego"
	"github.com/lianji/lianji/internal/testmaria"
)

// newTestSession connects to a database of this test.
func newTestSession(t *testing.T) *session {
	t.Helper()
	c, err := parseDSN("sj", testmaria.Start(t).Database(t).Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := connect(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.close)
	return s
}

// A session on which a setting is not as it was set is not used.
func TestSettingsAreReadBack(t *testing.T) {
	s := newTestSession(t)
	kept := settings
	defer func() { settings = kept }()
	for i := range kept {
		settings = append(kept[:i:i], kept[i+1:]...)
		lost := kept[i]
		settings = append(settings, struct{ name, value, want string }{lost.name, lost.value, lost.want + "?"})
		if err := s.prepareSession(); !errors.Is(err, errSettings) {
			t.Errorf("%s is another: %v", lost.name, err)
		}
	}
	settings = kept
	if err := s.prepareSession(); err != nil {
		t.Error(err)
	}
}

// A kill that comes when its statement is over hits the empty one that follows, where
// the server keeps it for the next; the session is used again after that, and not when
// the server goes on so.
func TestLateKillIsAbsorbed(t *testing.T) {
	interrupted := []byte{9, 0, 0, 1, packetError, numberInterrupted & 0xFF, numberInterrupted >> 8, '#', '7', '0', '1', '0', '0'}
	fine := []byte{7, 0, 0, 1, packetOK, 0, 0, statusAutocommit, 0, 0, 0}
	for _, c := range []struct {
		answers [][]byte
		broken  bool
	}{{[][]byte{fine}, false}, {[][]byte{interrupted, fine}, false}, {[][]byte{interrupted, interrupted}, true}} {
		here, there := net.Pipe()
		s := &session{conn: here}
		done := safego.Run(func() error {
			for _, answer := range c.answers {
				if _, err := there.Read(make([]byte, 100)); err != nil {
					return err
				}
				if _, err := there.Write(answer); err != nil {
					return err
				}
			}
			return nil
		})
		s.absorb()
		if err := <-done; err != nil || s.broken != c.broken {
			t.Errorf("%d answers: broken %t, %v", len(c.answers), s.broken, err)
		}
		_, _ = here.Close(), there.Close()
	}
}
