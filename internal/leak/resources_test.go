package leak

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// ofPages is what differs between two answers of one page: names of pages are encrypted
// anew each time.
var ofPages = regexp.MustCompile(`"next_page":"[^"]*",?`)

// questions are what is asked of a resource behind its purpose. Hidden are the columns mm
// and xz, the rows of hidden, and all that the mask of xm leaves out.
var questions = []string{
	"", "&rows=1", "&rows=2&order=nl", "&rows=1&order=gz&items=id", "&rows=3&order=xm", "&rows=1&order=sfzh&items=qx", "&rows=1&items=qx", "&rows=2&items=qx,xm&order=qx", "&rows=4", "&rows=10000&order=qx",
	"&items=mm", "&items=id,mm", "&items=MM", "&items=xz,id", "&items=nosuch", "&order=mm", "&order=id,xz", "&order=nosuch&items=id",
	"&eq.mm=SECRET-1", "&ge.mm=S", "&lt.xz=5", "&eq.xz=x", "&gt.nosuch=1", "&eq.mm=SECRET-1&eq.id=x",
	"&eq.sfzh=HIDDEN-1", "&ge.sfzh=HIDDEN&lt.sfzh=HIDDEO", "&eq.sfzh=", "&eq.qx=沈河区", "&eq.qx=大东区", "&le.nl=1", "&gt.nl=2147483646", "&ge.nl=0&le.nl=0", "&lt.gz=0", "&ge.gz=99999999.99", "&gt.id=99", "&gt.id=4&order=nl",
	"&eq.xm=HIDDEN", "&eq.xm=张三", "&eq.xm=张**", "&ge.xm=H&lt.xm=I", "&eq.xm=H**", "&gt.xm=张三&order=xm&items=xm", "&eq.xm=",
	"&eq.nl=x", "&eq.nl=2147483648", "&eq.nl=", "&eq.gz=1e400", "&eq.gz=100.505", "&eq.id=1.5", "&ge.id=-99999999999999999999", "&eq.sfzh=%00", "&eq.qx='", "&eq.qx=%27+OR+mm+IS+NULL--",
	"&items=*", "&items=rowid", "&eq.rowid=1", "&items=id+AS+mm", "&items=renkou.mm", "&items=COLUMNS(*)", "&order=id+DESC", "&order=1", "&items=id%22,%22mm", "&eq.id%22=1", "&items=count(mm)",
	"&rows=0", "&rows=10001", "&page=AAAA", "&mode=download", "&purpose=JC", "&code=公安.基本wj", "&where=1", "&eq.id=1&eq.id=2",
}

// pages reads all pages of a resource, and gives what all of them say.
func (w *world) pages(t *testing.T, token, code, purpose, query string) string {
	t.Helper()
	said := ""
	for range 20 {
		status, text := w.resource(t, token, code, purpose, query)
		said += ofPages.ReplaceAllString(repeated(status, text), `"next_page":,`) + "\n"
		page := nextPage(t, text)
		if page == "" {
			return said
		}
		query = "&page=" + page
	}
	t.Fatalf("pages without an end: %s", said)
	return ""
}

// nextPage gives the name of the page that follows, if there is one.
func nextPage(t *testing.T, text string) string {
	t.Helper()
	var body struct {
		Next string `json:"next_page"`
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return body.Next
}

// resource reads a page of one. What stands in a question is sent as it is, but for what
// cannot stand in an address.
func (w *world) resource(t *testing.T, token, code, purpose, query string) (status int, text string) {
	t.Helper()
	if purpose != "" {
		query = "&purpose=" + purpose + query
	}
	return w.call(t, http.MethodGet, "/v1/resources/"+url.PathEscape(code)+"?"+inAddress(strings.TrimPrefix(query, "&")), token)
}

// inAddress escapes what is not ASCII, and marks that stand for themselves in a value.
func inAddress(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c < 0x80 && c != '\'' && c != '"' && c != '#' {
			b.WriteByte(c)
			continue
		}
		fmt.Fprintf(&b, "%%%02X", query[i])
	}
	return b.String()
}

// What is read of a resource by its code, page by page, does not depend on what was not
// granted of it: not by a filter, an order, a place or a refusal.
func TestResourcesTellNothing(t *testing.T) {
	worlds := []*world{newWorld(t, "one", false), newWorld(t, "other", false), newWorld(t, "none", false)}
	answered := 0
	for i, question := range questions {
		for k, source := range sources {
			if k != i%len(sources) && !long() {
				continue
			}
			code := "公安." + shapes[(i+k)%len(shapes)] + source
			first := worlds[0].pages(t, worlds[0].token, code, "DB-HC", question)
			if strings.HasPrefix(first, "200 ") {
				answered++
			}
			if tells(first, question) {
				t.Errorf("%s%s: %s", code, question, first)
			}
			for _, w := range worlds[1:] {
				if got := w.pages(t, w.token, code, "DB-HC", question); got != first {
					t.Errorf("%s%s\nworld one: %s\nworld %s: %s", code, question, first, w.name, got)
				}
			}
		}
	}
	t.Logf("%d questions, %d answered", len(questions), answered)
	if answered < len(questions)/3 {
		t.Error("hardly anything was answered: the attacks say nothing")
	}
	// A name that is not there, and one that is and not granted.
	one, none := worlds[0], worlds[2]
	for _, code := range []string{"公安.不密密", "公安.bumimi", "公安.renkou", "zfw.public.renkou", "renkou", "公安", "公安.等于zfw.mm", `"公安"."等于zfw"`, "_lianji_lookup.基本zfw", "公安.等于zfw;", "公安/等于zfw"} {
		here, there := one.pages(t, one.token, code, "DB-HC", ""), none.pages(t, none.token, code, "DB-HC", "")
		if here != there || strings.HasPrefix(here, "200 ") {
			t.Errorf("%s\nworld one: %s\nworld none: %s", code, here, there)
		}
	}
	for _, purpose := range []string{"JC", ""} {
		unknown, denied := one.pages(t, one.token, "公安.等于wx", purpose, "&items=mm"), one.pages(t, one.token, "公安.等于wj", purpose, "&items=mm")
		if strings.ReplaceAll(denied, "wj", "wx") != unknown || !strings.HasPrefix(unknown, "404 ") {
			t.Errorf("for %q\nunknown: %s\ndenied:  %s", purpose, unknown, denied)
		}
	}
	for _, purpose := range []string{"DB-HC", "JC"} {
		of := func(w *world, code string) string {
			status, text := w.call(t, http.MethodGet, "/v1/resources/openapi.json?purpose="+purpose+code, w.token)
			return repeated(status, strings.ReplaceAll(text, w.url, "URL"))
		}
		for _, code := range []string{"公安.等于wj", "公安.等于wx", "公安.不密密", "公安.bumimi", "公安.renkou", "renkou", "公安.等于zfw.mm"} {
			code = "&code=" + url.QueryEscape(code)
			if here, there := of(one, code), of(none, code); here != there {
				t.Errorf("described for %s%s\nworld one: %s\nworld none: %s", purpose, code, here, there)
			}
		}
		here, there := of(one, ""), of(none, "")
		if here != there || !strings.HasPrefix(here, "200 ") || strings.Contains(here, "renkou") || strings.Contains(here, "公安.等于wj") != (purpose == "DB-HC") {
			t.Errorf("described for %s\nworld one: %.3000s\nworld none: %.3000s", purpose, here, there)
		}
	}
}

// The name of a page opens nothing to anybody else, for nothing else, and nothing but what
// is granted when it is used.
func TestPagesAreOnesOwn(t *testing.T) {
	w := newWorld(t, "one", false)
	li := w.tokenFor(t, "li")
	grant := func(where string) {
		w.apply(t, "ga", "grants: {公安.等于zfw: [{agency: 民政, items: {id: clear, xm: masked name, qx: clear}, purposes: [DB-HC, JC], modes: [interface], where: \""+where+"\"}]}")
		w.inForce(t)
	}
	grant("qx = '和平区'")
	next := func() string {
		t.Helper()
		status, text := w.resource(t, w.token, "公安.等于zfw", "DB-HC", "&rows=1")
		if status != http.StatusOK || nextPage(t, text) == "" {
			t.Fatalf("%d %s", status, text)
		}
		return nextPage(t, text)
	}
	page := next()
	refused := func(token, code, purpose, page string) string {
		status, text := w.resource(t, token, code, purpose, "&page="+page)
		return repeated(status, text)
	}
	guessed := refused(w.token, "公安.等于zfw", "DB-HC", strings.Repeat("A", len(page)))
	if !strings.Contains(guessed, "unknown_name") {
		t.Errorf("guessed: %s", guessed)
	}
	for what, got := range map[string]string{
		"another's": refused(li, "公安.等于zfw", "DB-HC", page), "another purpose": refused(w.token, "公安.等于zfw", "JC", page),
		"another resource": refused(w.token, "公安.列表zfw", "DB-HC", page), "changed": refused(w.token, "公安.等于zfw", "DB-HC", strings.ToLower(page)),
	} {
		if got != guessed {
			t.Errorf("%s: %s\nguessed: %s", what, got, guessed)
		}
	}
	// What is granted when a page is asked for counts, not what was when it was named.
	grant("id = 4")
	if status, text := w.resource(t, w.token, "公安.等于zfw", "DB-HC", "&page="+page); strings.Contains(text, "李") || strings.Contains(text, "王") || status == http.StatusOK && !strings.Contains(text, "赵") {
		t.Errorf("where less is granted: %d %s", status, text)
	}
	grant("qx = '和平区'")
	page = next()
	w.apply(t, "ga", "grants: {公安.等于zfw: []}")
	w.inForce(t)
	status, text := w.resource(t, w.token, "公安.等于zfx", "DB-HC", "")
	unknown := repeated(status, text)
	if got := refused(w.token, "公安.等于zfw", "DB-HC", page); strings.ReplaceAll(got, "zfw", "zfx") != unknown {
		t.Errorf("where nothing is granted: %s\nof a resource that is not there: %s", got, unknown)
	}
}

// Results that are kept are whose they are, for what they were asked, and gone with the
// grant.
func TestResultsAreOnesOwn(t *testing.T) {
	w := newWorld(t, "one", false)
	li := w.tokenFor(t, "li")
	d := statementsDoor{w.place}
	at, refused := d.begin(t, "SELECT id, qx FROM 公安.等于wj", w.token, "DB-HC")
	if at == "" {
		t.Fatal(refused.Said)
	}
	nobody := "/v1/statements/" + strings.Repeat("A", 26)
	for _, way := range []string{"", "/result", "/events"} {
		status, text := w.call(t, http.MethodGet, nobody+way, w.token)
		want := repeated(status, text)
		if status != http.StatusNotFound {
			t.Errorf("of a statement that nobody asked: %s", want)
		}
		status, text = w.call(t, http.MethodGet, at+way, li)
		if got := repeated(status, text); got != want {
			t.Errorf("%s of another's: %s, of nobody's: %s", way, got, want)
		}
		if status, text := w.call(t, http.MethodGet, at+way, ""); status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d %s", way, status, text)
		}
	}
	if status, text := w.call(t, http.MethodDelete, at, li); status != http.StatusNotFound {
		t.Errorf("another ends it: %d %s", status, text)
	}
	for token, want := range map[string]int{w.token: 1, li: 0} {
		if status, text := w.call(t, http.MethodGet, "/v1/statements", token); status != http.StatusOK || strings.Count(text, `"state"`) != want {
			t.Errorf("a list of %d: %d %s", want, status, text)
		}
	}
	if got := d.result(t, at, w.token); got.Rows != 4 {
		t.Errorf("one's own: %s", got.Said)
	}
	w.apply(t, "ga", "grants: {公安.等于wj: []}")
	w.inForce(t)
	got := d.result(t, at, w.token)
	if got.Rows != 0 || !slices.Contains([]string{"revoked", "unknown_name"}, got.Code) {
		t.Errorf("after the end of the grant: %s", got.Said)
	}
	if status, text := w.call(t, http.MethodGet, "/v1/statements", w.token); strings.Contains(text, at[len("/v1/statements/"):]) {
		t.Errorf("it is still listed: %d %s", status, text)
	}
}
