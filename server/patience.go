package server

import "time"

// pace is how many bytes a second a client has to take, on the whole: slower ones use
// up the time that they may keep a statement waiting.
const pace = 64 << 10

// Patience is how much longer a client may keep its statement waiting. Bytes that it
// takes win back the time that the pace allows for them, but no more than there was:
// what buffers on the way took in at the beginning is no credit for later.
type Patience struct {
	limit time.Duration
	used  time.Duration
}

// NewPatience begins with a limit.
func NewPatience(limit time.Duration) *Patience { return &Patience{limit: limit} }

// Left is how long the client may take for n more bytes.
func (p *Patience) Left(n int) time.Duration { return p.limit - p.used + atPace(n) }

// Took notes n bytes that kept the statement waiting.
func (p *Patience) Took(n int, waited time.Duration) {
	p.used = max(p.used+waited-atPace(n), 0)
}

func atPace(n int) time.Duration { return time.Duration(n) * time.Second / pace }
