package httpapi_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/lianji/lianji/server/httpapi"
	"github.com/lianji/lianji/server/servertest"
)

// fetching is a web page that asks the door at %q for rows and writes down what comes.
const fetching = `<!DOCTYPE html><pre id="said">nothing</pre><script>
fetch(%q, {method: "POST", headers: {"Content-Type": "application/json", "Accept": "application/x-ndjson", "Authorization": "Bearer abc"},
	body: JSON.stringify({sql: "select 1"})})
.then(async answer => {
	let rows = 0, text = "", reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
	for (let piece = await reader.read(); !piece.done; piece = await reader.read()) text += piece.value
	for (const line of text.trim().split("\n")) if (JSON.parse(line) instanceof Array) rows++
	return answer.status + " " + rows + " rows of " + answer.headers.get("Lianji-Query-Id")
})
.catch(error => "refused: " + error.name)
.then(said => { document.getElementById("said").textContent = said })
</script>`

var saidInPage = regexp.MustCompile(`<pre id="said">(.*?)</pre>`)

// A browser's fetch reads rows from a page of a listed origin, and nothing from another.
func TestBrowser(t *testing.T) {
	if os.Getenv("LIANJI_LONG") == "" {
		t.Skip("a browser is started in the long form alone: LIANJI_LONG=1")
	}
	var browser string
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("needs the browser chromium-headless-shell (scripts/install-test-deps.sh)")
	}
	said := func(listed bool) string {
		t.Helper()
		var page string
		pages := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = fmt.Fprint(w, page)
		}))
		defer pages.Close()
		door := open(t, &servertest.Querier{Feed: servertest.Feed(servertest.Row{Rows: 3000}, servertest.Row{Rows: 2000})}, func(o *httpapi.Options) {
			if listed {
				o.Origins = []string{pages.URL}
			}
		})
		page = fmt.Sprintf(fetching, door.URL+"/v1/query")
		out, err := exec.CommandContext(t.Context(), browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server", "--user-data-dir="+t.TempDir(),
			"--virtual-time-budget=20000", "--dump-dom", pages.URL).Output()
		m := saidInPage.FindSubmatch(out)
		if err != nil || m == nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(m[1])
	}
	if got := said(true); got != "200 5000 rows of q-1" {
		t.Errorf("a listed origin: %s", got)
	}
	if got := said(false); got != "refused: TypeError" {
		t.Errorf("another: %s", got)
	}
}
