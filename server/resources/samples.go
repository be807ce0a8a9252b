package resources

import (
	_ "embed"
	"strings"

	"github.com/lianji/lianji/policy"
)

// The calls in each language read all pages of a resource. {{url}} in them is of letters,
// digits and :/-._~%?&=[] alone, which no language gives a meaning in a text.
var (
	//go:embed samples/curl.txt
	curlSample string
	//go:embed samples/python.txt
	pythonSample string
	//go:embed samples/go.txt
	goSample string
	//go:embed samples/java.txt
	javaSample string
)

type sample struct {
	Lang   string `json:"lang"`
	Label  string `json:"label"`
	Source string `json:"source"`
}

func samples(base string, r *policy.Resource, purpose string) []sample {
	var of []string
	if purpose != "" {
		of = append(of, "purpose="+escape(purpose))
	}
	address := base + Address + escape(r.Name()) + "?" + strings.Join(append(of, "format=ndjson"), "&")
	filled := func(text string) string { return strings.ReplaceAll(text, "{{url}}", address) }
	return []sample{
		{"Shell", "curl", filled(curlSample)}, {"Python", "Python", filled(pythonSample)},
		{"Go", "Go", filled(goSample)}, {"Java", "Java", filled(javaSample)},
	}
}
