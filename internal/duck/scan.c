#include <stdint.h>

// Prototype of DuckDB's C API (duckdb.h); its handles are pointers.
extern void duckdb_unsafe_vector_assign_string_element_len(void *vector, uint64_t index, const char *str, uint64_t len);

// Writes n text or blob values into a DuckDB vector. offsets are Arrow's (n+1 of
// them), data their base, mask DuckDB's validity of the vector or NULL.
void lianji_write_strings(void *vector, const int32_t *offsets, const char *data, const uint64_t *mask, int64_t n) {
	for (int64_t i = 0; i < n; i++) {
		if (mask && !((mask[i >> 6] >> (i & 63)) & 1)) {
			continue;
		}
		duckdb_unsafe_vector_assign_string_element_len(vector, (uint64_t)i, data + offsets[i], (uint64_t)(offsets[i + 1] - offsets[i]));
	}
}
