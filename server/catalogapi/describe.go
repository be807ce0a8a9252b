package catalogapi

import (
	_ "embed"
	"net/http"
)

// descriptionPath is where the description of the API is.
const descriptionPath = "/v1/openapi.json"

//go:embed openapi.json
var description []byte

// describe answers with the description, to everybody: it says nothing of what is there.
func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone away needs no answer.
	_, _ = w.Write(description)
}
