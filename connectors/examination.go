package connectors

import "syscall"

// Examination is what a source says of itself and of the gateway's account there.
// What a source has no notion of stays empty, zero or unknown.
type Examination struct {
	Account   Account
	Standby   Answer // the server only repeats another one, and takes no writes
	Zone      string // of the gateway's sessions there
	Encoding  string // of its text
	Collation string // by which it compares text where a column says nothing else
	// Binary: that collation compares by code point, as the gateway does, so that
	// comparisons of text can be made at the source.
	Binary Answer
}

// Account is what the source lets the gateway do. To read is all that it needs.
type Account struct {
	// Superuser: no privilege is asked of the account.
	Superuser Answer
	// Writes counts tables that it may change; Creates places in which it may make some;
	// Denied tables and views that it may not read. -1 where the source does not tell.
	Writes, Creates, Denied int
	// FileWritable: the source is a file that this process could write. The gateway opens
	// it for reading only.
	FileWritable Answer
}

// Answer is yes, no, or unknown: the zero value.
type Answer uint8

// The answers.
const (
	Unknown Answer = iota
	Yes
	No
)

// AnswerOf gives Yes or No.
func AnswerOf(yes bool) Answer {
	if yes {
		return Yes
	}
	return No
}

// FileWritable tells whether this process could write a file, without opening it.
func FileWritable(path string) Answer {
	const write = 2
	return AnswerOf(syscall.Access(path, write) == nil)
}
