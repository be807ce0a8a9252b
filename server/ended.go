package server

import (
	"time"

	"github.com/lianji/lianji/internal/errs"
)

// Ended tells of a statement that has come to its end: codes and numbers, for counting.
type Ended struct {
	Door, Agency string    // empty where there is none
	Code         errs.Code // empty for a whole answer
	Rows, Bytes  int64     // that left; of Arrow buffers
	Took         time.Duration
	Reads        []Read
}

// Read is what a statement had from one stream of a source.
type Read struct {
	Source      string // its name in the configuration
	Rows, Bytes int64  // of Arrow buffers
	Took        time.Duration
}

// Load is what a gateway does at a moment.
type Load struct {
	Running, Waiting                   int   // statements of the doors
	ResidualsRunning, ResidualsWaiting int   // parts of statements that are computed here
	CacheHits, CacheMisses             int64 // of plans, since the start
	Memory                             Memory
	Sources                            []SourceLoad
}

// Memory is what those parts of statements have of it, in bytes.
type Memory struct {
	Held     int64 // below 0 where it is not known
	Reserved int64 // that those that run may take at most
	Limit    int64 // that as many as may run at once may take
}

// SourceLoad is what statements have of a source's connections.
type SourceLoad struct {
	Source         string // its name in the configuration
	Taken, Waiting int    // connections, and statements that wait for some
	Limit          int    // connections that there may be
}
