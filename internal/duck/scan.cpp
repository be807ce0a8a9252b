#include <cstdint>
#include <cstring>
#include <exception>

// Prototypes of DuckDB's C API (duckdb.h); its handles are pointers.
extern "C" {
void duckdb_unsafe_vector_assign_string_element_len(void *vector, uint64_t index, const char *str, uint64_t len);
int duckdb_list_vector_reserve(void *vector, uint64_t capacity);
int duckdb_list_vector_set_size(void *vector, uint64_t size);
}

// These calls take memory, and DuckDB throws where it has none left and cannot
// spill. An exception may not pass through Go, which calls them: it would end the
// process. Each function here gives 0, or 1 with the exception's text in message,
// which holds size bytes.
namespace {
template <class Body> int guarded(char *message, int64_t size, Body body) {
	const char *text = "unknown exception";
	try {
		return body();
	} catch (const std::exception &e) {
		text = e.what();
		std::strncpy(message, text, size - 1);
	} catch (...) {
		std::strncpy(message, text, size - 1);
	}
	message[size - 1] = 0;
	return 1;
}
} // namespace

extern "C" {

// Writes n text or blob values into a DuckDB vector. offsets are Arrow's (n+1 of
// them), data their base, mask DuckDB's validity of the vector or NULL.
int lianji_write_strings(void *vector, const int32_t *offsets, const char *data, const uint64_t *mask, int64_t n, char *message, int64_t size) {
	return guarded(message, size, [&] {
		for (int64_t i = 0; i < n; i++) {
			if (mask && !((mask[i >> 6] >> (i & 63)) & 1)) {
				continue;
			}
			duckdb_unsafe_vector_assign_string_element_len(vector, (uint64_t)i, data + offsets[i], (uint64_t)(offsets[i + 1] - offsets[i]));
		}
		return 0;
	});
}

// Writes one such value at a place of its own.
int lianji_write_string(void *vector, uint64_t at, const char *data, uint64_t length, char *message, int64_t size) {
	return guarded(message, size, [&] {
		duckdb_unsafe_vector_assign_string_element_len(vector, at, data, length);
		return 0;
	});
}

// Makes room for a list vector's elements.
int lianji_resize_list(void *vector, uint64_t elements, char *message, int64_t size) {
	return guarded(message, size, [&] {
		return duckdb_list_vector_reserve(vector, elements) || duckdb_list_vector_set_size(vector, elements);
	});
}
}
