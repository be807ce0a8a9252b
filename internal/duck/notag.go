//go:build !duckdb_arrow

package duck

// A build without the tag stops here, with the one line that says what is missing.
var _ = this_program_needs_go_build_tags_duckdb_arrow
