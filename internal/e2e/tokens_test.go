package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/emmansun/gmsm/sm3"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/policy/tokenize"
)

// People of the registers: 公安 writes ID numbers with 18 characters, 民政 some of them
// with 15, with spaces or a small x. Check characters by hand: 0016 and 002X.
const (
	cityGA = `CREATE TABLE renkou (sfzh TEXT, xm TEXT, je INTEGER);
		INSERT INTO renkou VALUES ('130503196704010016', '张三', 1), ('11010519491231002X', '李四', 2), ('210102199001011234', '王五', 3), (NULL, '赵六', 4), ('not a number', '钱七', 5); ANALYZE renkou;`
	cityMZ = `CREATE TABLE dibao (sfzh TEXT, xm TEXT, je INTEGER);
		INSERT INTO dibao VALUES (' 130503670401001', '张三', 10), ('11010519491231002x', '李四', 20), ('210102199001019999', '孙八', 30), (NULL, '周九', 40), (' not a number ', '吴十', 50); ANALYZE;`
	citySB = `CREATE TABLE canbao (sfzh VARCHAR(40), xm VARCHAR(40), je INT);
		INSERT INTO canbao VALUES ('１３０５０３１９６７０４０１００１６', '张三', 100), ('110105491231002', '李四', 200)`
)

// tokenOf computes a token with nothing but HMAC out of the file of keys.
func (c *city) tokenOf(t *testing.T, version int, info, value string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(c.dir, tokenize.KeyName))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(strings.Split(string(text), "\n")[version-1])
	master, err := hex.DecodeString(fields[2])
	if err != nil {
		t.Fatal(err)
	}
	mac := func(key, message []byte) []byte {
		h := hmac.New(sha256.New, key)
		if fields[1] == "sm3" {
			h = hmac.New(sm3.New, key)
		}
		h.Write(message)
		return h.Sum(nil)
	}
	key := mac(mac(make([]byte, 32), master), append([]byte("lianji token/"+info), 1))
	return fmt.Sprintf("%02x%x", version, mac(key, []byte(value))[:16])
}

func token(of catalog.Identifier) catalog.GrantedItem {
	return catalog.GrantedItem{Use: catalog.Tokenized, Identifier: of}
}

var open = catalog.GrantedItem{Use: catalog.Clear}

// Tokens join what two agencies hold, and tell nothing else of it.
func TestTokens(t *testing.T) {
	c := newCity(t, cityGA, cityMZ, citySB)
	ids := map[string]catalog.GrantedItem{"sfzh": token(catalog.IDNumber), "je": open}
	for _, source := range []string{"ga", "mz", "sb"} {
		c.grant(t, source, "WJ", "DB-HC", "", ids)
	}
	c.grant(t, "ga", "WJ", "JC", "", ids)
	c.grant(t, "ga", "SW", "DB-HC", "", ids)
	of := func(value string) string { return c.tokenOf(t, 1, "DB-HC/WJ/id_no", value) }
	zhang, li, wang, none := of("130503196704010016"), of("11010519491231002X"), of("210102199001011234"), of("not a number")

	for _, q := range []struct{ sql, want string }{
		{"SELECT sfzh, je FROM 公安.人口 ORDER BY je", fmt.Sprintf("[[%s 1] [%s 2] [%s 3] [<nil> 4] [%s 5]]", zhang, li, wang, none)},
		{"SELECT a.sfzh, a.je, b.je FROM 公安.人口 a JOIN 民政.低保 b USING (sfzh) ORDER BY a.je", fmt.Sprintf("[[%s 1 10] [%s 2 20] [%s 5 50]]", zhang, li, none)},
		{"SELECT a.je, b.je, c.je FROM 公安.人口 a JOIN 民政.低保 b ON a.sfzh = b.sfzh JOIN 社保.参保 c ON c.sfzh = b.sfzh ORDER BY 1", "[[1 10 100] [2 20 200]]"},
		{"SELECT count(*) FROM 公安.人口 WHERE sfzh = '" + zhang + "'", "[[1]]"},
		{"SELECT count(*) FROM 公安.人口 WHERE sfzh = '130503196704010016'", "[[0]]"},
		{"SELECT count(DISTINCT sfzh), count(*) FROM 民政.低保", "[[4 5]]"},
		{"SELECT je FROM 公安.人口 WHERE sfzh IS NULL", "[[4]]"},
		{"SELECT typeof(sfzh), length(sfzh) FROM 社保.参保 LIMIT 1", "[[VARCHAR 34]]"},
		{"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2) SELECT n, a.sfzh FROM r, 公安.人口 a WHERE a.je = n ORDER BY n", fmt.Sprintf("[[1 %s] [2 %s]]", zhang, li)},
		{"SELECT count(*) FROM 公安.人口 WHERE sfzh IN (SELECT sfzh FROM 民政.低保)", "[[3]]"},
		{"SELECT xm FROM 公安.人口", string(errs.UnknownName)},
	} {
		if got := c.ask(t, "wang", "DB-HC", q.sql); got != q.want {
			t.Errorf("%s: %s, want %s", q.sql, got, q.want)
		}
		for _, source := range []string{"ga", "mz", "sb"} {
			if sent := c.statements(source); strings.Contains(sent, zhang) || strings.Contains(sent, "lianji_text") || strings.Contains(sent, "[") {
				t.Errorf("%s: %s was sent %s", q.sql, source, sent)
			}
		}
	}

	// Another purpose or agency has tokens of its own.
	for login, purpose := range map[string]string{"wang": "JC", "li": "DB-HC"} {
		code := map[string]string{"wang": "WJ", "li": "SW"}[login]
		want := fmt.Sprintf("[[%s]]", c.tokenOf(t, 1, purpose+"/"+code+"/id_no", "130503196704010016"))
		if got := c.ask(t, login, purpose, "SELECT sfzh FROM 公安.人口 WHERE je = 1"); got != want || strings.Contains(got, zhang[2:]) {
			t.Errorf("%s for %s: %s, want %s", login, purpose, got, want)
		}
	}

	// Nobody asks for tokens, however it is written.
	for _, sql := range []string{
		"SELECT lianji_text('1:WJ:DB-HC:id_no', 'x')", "SELECT \"lianji_text\"('1:SW:DB-HC:id_no', sfzh) FROM 公安.人口", "SELECT LIANJI_TEXT('1:WJ:DB-HC:id_no', 'x')",
		"SELECT main.lianji_text('a', 'x')", "SELECT system.main.lianji_text('a', 'x')", "SELECT 'a'.lianji_text('x')", "SELECT sfzh.lianji_text(sfzh) FROM 公安.人口",
		"SELECT list_transform(['a'], x -> lianji_text(x, x))", "SELECT * FROM lianji_text('a', 'x')", "SELECT list_aggregate(['a'], 'lianji_text')",
		"SELECT count(*) FROM 公安.人口 WHERE lianji_text('1:WJ:DB-HC:id_no', '130503196704010016') = sfzh",
	} {
		if got := c.ask(t, "wang", "DB-HC", sql); strings.HasPrefix(got, "[") || got == string(errs.Internal) {
			t.Errorf("%s: %s", sql, got)
		}
	}
	for _, secret := range []string{"130503196704010016", zhang} {
		if strings.Contains(c.log.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
}

// A row filter and an item of another grant stand beside a token as beside a mask.
func TestTokensOfSomeRows(t *testing.T) {
	c := newCity(t, cityGA, cityMZ, citySB)
	c.grant(t, "ga", "WJ", "DB-HC", "je < 3", map[string]catalog.GrantedItem{"sfzh": token(catalog.IDNumber)})
	c.grant(t, "ga", "WJ", "DB-HC", "length(xm) > 1 AND je > 1", map[string]catalog.GrantedItem{"je": open})
	of := func(value string) string { return c.tokenOf(t, 1, "DB-HC/WJ/id_no", value) }
	want := fmt.Sprintf("[[%s <nil>] [%s 2] [<nil> 3] [<nil> 4] [<nil> 5]]", of("130503196704010016"), of("11010519491231002X"))
	if got := c.ask(t, "wang", "DB-HC", "SELECT sfzh, je FROM 公安.人口 ORDER BY je NULLS FIRST"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A grant keeps its key while it lasts; one that is made after another key came has that.
func TestTokenRotation(t *testing.T) {
	c := newCity(t, cityGA, cityMZ, citySB)
	ids := map[string]catalog.GrantedItem{"sfzh": token(catalog.IDNumber), "je": open}
	c.grant(t, "ga", "WJ", "DB-HC", "", ids)
	one := "SELECT sfzh FROM 公安.人口 WHERE je = 1"
	old := fmt.Sprintf("[[%s]]", c.tokenOf(t, 1, "DB-HC/WJ/id_no", "130503196704010016"))
	if got := c.ask(t, "wang", "DB-HC", one); got != old {
		t.Fatalf("got %s, want %s", got, old)
	}
	if v, err := tokenize.NewKeys(filepath.Join(c.dir, tokenize.KeyName), tokenize.SM3).Rotate(); err != nil || v != 2 {
		t.Fatal(v, err)
	}
	c.grant(t, "mz", "WJ", "DB-HC", "", ids)
	if got := c.ask(t, "wang", "DB-HC", one); got != old {
		t.Errorf("after the rotation %s, want %s", got, old)
	}
	fresh := c.tokenOf(t, 2, "DB-HC/WJ/id_no", "130503196704010016")
	if got, want := c.ask(t, "wang", "DB-HC", "SELECT sfzh FROM 民政.低保 WHERE je = 10"), fmt.Sprintf("[[%s]]", fresh); got != want {
		t.Errorf("a new grant gives %s, want %s", got, want)
	}
	c.revoke(t, "ga")
	c.grant(t, "ga", "WJ", "DB-HC", "", ids)
	if got, want := c.ask(t, "wang", "DB-HC", one), fmt.Sprintf("[[%s]]", fresh); got != want {
		t.Errorf("granted again: %s, want %s", got, want)
	}
	// Others may read the keys from now on: nothing that is not known yet is taken from there.
	if err := os.Chmod(filepath.Join(c.dir, tokenize.KeyName), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := c.tryGrant(t, "sb", "WJ", "DB-HC", "", ids); err == nil || errs.From(err).ID != "token_key_open" {
		t.Errorf("a grant with keys that others may read: %v", err)
	}
}

// An expression stands in the place of an item, of its own type, in every way to run a
// statement; one that could fail, or gives another type, closes its resource.
func TestExpressionMasks(t *testing.T) {
	c := newCity(t, cityGA, cityMZ, citySB)
	expr := func(text string, of catalog.Kind) catalog.GrantedItem {
		return catalog.GrantedItem{Use: catalog.Masked, Mask: text, Type: catalog.Type{Kind: of}}
	}
	c.grant(t, "ga", "WJ", "DB-HC", "je < 4", map[string]catalog.GrantedItem{
		"xm": expr("left(xm, 1) || '*' || agency_code()", catalog.Text), "sfzh": expr("length(sfzh) = 18", catalog.Bool), "je": open,
	})
	c.grant(t, "mz", "WJ", "DB-HC", "", map[string]catalog.GrantedItem{"xm": expr("CAST(sfzh AS INTEGER)", catalog.Int32), "je": open})
	c.grant(t, "sb", "WJ", "DB-HC", "", map[string]catalog.GrantedItem{"xm": expr("length(xm)", catalog.Text), "je": open})
	for sql, want := range map[string]string{
		"SELECT xm, sfzh, typeof(sfzh), je FROM 公安.人口 ORDER BY je":                                                                          "[[张*WJ true BOOLEAN 1] [李*WJ true BOOLEAN 2] [王*WJ true BOOLEAN 3]]",
		"SELECT count(*) FROM 公安.人口 WHERE xm = '张三'":                                                                                        "[[0]]",
		"SELECT count(*) FROM 公安.人口 WHERE sfzh":                                                                                             "[[3]]",
		"WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 2) SELECT a.xm FROM r, 公安.人口 a WHERE a.je = n ORDER BY n": "[[张*WJ] [李*WJ]]",
		"SELECT je FROM 民政.低保":                                                                                                              string(errs.UnknownName),
		"SELECT je FROM 社保.参保":                                                                                                              string(errs.UnknownName),
	} {
		if got := c.ask(t, "wang", "DB-HC", sql); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}
