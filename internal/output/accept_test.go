package output_test

import (
	"testing"

	"github.com/lianji/lianji/internal/output"
)

func TestParseAccept(t *testing.T) {
	const arrowType = "application/vnd.apache.arrow.stream"
	for header, want := range map[string]output.Form{
		"":                          output.JSON,
		"*/*":                       output.JSON,
		"application/json":          output.JSON,
		"application/x-ndjson":      output.NDJSON,
		"text/csv":                  output.CSV,
		arrowType:                   output.Arrow,
		"Text/CSV; charset=utf-8":   output.CSV,
		"text/*":                    output.CSV,
		"application/*":             output.JSON,
		"text/csv, */*":             output.CSV, // named outright
		"*/*, text/csv":             output.CSV,
		"text/csv;q=0.5, */*":       output.JSON,
		"text/csv;q=0.5, */*;q=0.1": output.CSV,
		"application/json;q=0.2, " + arrowType + ";q=0.9":                    output.Arrow,
		"text/csv, application/json":                                         output.CSV, // the first of equals
		"application/json;q=0, */*":                                          output.NDJSON,
		"application/*;q=0, */*;q=0.1":                                       output.CSV,
		"text/csv ; Q = 0.001":                                               output.CSV,
		"text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8": output.JSON,
		"application/vnd.apache.parquet, text/csv;q=0.3":                     output.Parquet,
		"application/vnd.apache.parquet":                                     output.Parquet,
		"garbage, text/csv;q=1.5, text/csv;q=x, application/x-ndjson":        output.NDJSON,
		",,, text/csv ,":                                                     output.CSV,

		"application/x-parquet": 0,
		"text/html":             0,
		"application/json;q=0":  0,
		"*/*;q=0":               0,
		"*/json":                0,
		"json":                  0,
		"text/csv;q=":           0,
		"text/csv;q=1e-1":       0,
	} {
		got, ok := output.ParseAccept(header)
		if got != want || ok != (want != 0) {
			t.Errorf("%q: %s %v, want %s", header, got, ok, want)
		}
	}
}
