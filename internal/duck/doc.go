// Package duck is the one way to DuckDB's C API: open an instance, lock it, read
// its settings back, run a statement, stream rows out as Arrow, scan Arrow
// streams in, interrupt, discard.
//
// A DB belongs to whoever opened it and is closed by them after its connections.
// A Conn and everything made from it is used by one goroutine at a time;
// Interrupt alone may come from another.
package duck
