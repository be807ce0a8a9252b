package e2e

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lianji/lianji/internal/testmaria"
)

// newMariaSite is a site whose source zfw is a database of MariaDB, published as 政务
// with the resources that tables names.
func newMariaSite(t *testing.T, db *testmaria.Database, tables map[string]string) *site {
	t.Helper()
	s := &site{dir: t.TempDir(), password: db.ReaderPassword, stop: func() {}}
	s.file = filepath.Join(s.dir, "lianji.yaml")
	u, err := url.Parse(db.Reader)
	if err != nil {
		t.Fatal(err)
	}
	dsn := fmt.Sprintf("mysql://%s:${ZFW_PASSWORD}@%s%s?%s", u.User.Username(), u.Host, u.Path, u.RawQuery)
	var publish []string
	for resource, table := range tables {
		publish = append(publish, fmt.Sprintf("%s: zfw.%s.%s", resource, db.Name, table))
	}
	s.write(t, fmt.Sprintf(`
listen: {http: "127.0.0.1:0"}
engine: {temp: ./tmp, timezone: Asia/Shanghai, memory: 256MiB}
sources:
  zfw: {kind: mysql, connections: 4, dsn: "%s"}
publish:
  政务: {%s}
`, dsn, strings.Join(publish, ", ")))
	return s
}
