package logging

import (
	"regexp"
	"strings"
)

// usingPassword is how MySQL and MariaDB say, of a login that they refuse, whether a password
// came with it.
const usingPassword = `\(using password: (?:YES|NO)\)`

var (
	// scheme://user:password@ in any text
	userInfo = regexp.MustCompile(`([A-Za-z][A-Za-z0-9+.-]*://)[^\s/@]*@`)
	// user:password@tcp(…), the form of MySQL's driver
	bareUserInfo = regexp.MustCompile(`[^\s:/@]+:[^\s@]*@(tcp|unix)\(`)
	// password=… in connection strings and options, quoted or not
	keyword = regexp.MustCompile(usingPassword + `|(?i)\b(password|passwd|pwd|passfile|sslpassword|secret|token|authorization)(\s*[=:]\s*)('[^']*'|"[^"]*"|(Bearer\s+)?[^\s&;,]+)`)

	echoed       = regexp.MustCompile(`(?m)^\s*(LINE \d+:|STATEMENT:|QUERY:|SQL:).*$`)
	singleQuoted = regexp.MustCompile(`'(?:[^']|'')*'`)
	doubleQuoted = regexp.MustCompile(`"(?:[^"]|"")*"`)
	dollarQuoted = regexp.MustCompile(`(?s)\$([A-Za-z_]*)\$.*?\$([A-Za-z_]*)\$`)
	keyDetail    = regexp.MustCompile(`\)=\([^)]*\)`)
	failingRow   = regexp.MustCompile(`(?i)(failing row contains|row:)\s*\(.*\)`)
	longNumber   = regexp.MustCompile(`\d{6,}`)
)

// credentials takes out what gives access, wherever it stands.
func credentials(s string) string {
	if !strings.ContainsAny(s, "=:") {
		return s
	}
	s = userInfo.ReplaceAllString(s, "${1}"+Hidden+"@")
	s = bareUserInfo.ReplaceAllString(s, Hidden+"@$1(")
	return keyword.ReplaceAllStringFunc(s, func(found string) string {
		if strings.HasPrefix(found, "(") { // usingPassword
			return found
		}
		return keyword.ReplaceAllString(found, "$1$2"+Hidden)
	})
}

// data takes out what may be a value of a row or a literal of a statement: all
// that is quoted, long numbers, rows that a server shows, and echoed statements.
// Names in quotes go with it; the code and our own text say enough without them.
func data(s string) string {
	s = echoed.ReplaceAllString(s, Hidden)
	s = dollarQuoted.ReplaceAllString(s, Hidden)
	s = failingRow.ReplaceAllString(s, "$1 "+Hidden)
	s = keyDetail.ReplaceAllString(s, ")="+Hidden)
	s = singleQuoted.ReplaceAllString(s, Hidden)
	s = doubleQuoted.ReplaceAllString(s, Hidden)
	return longNumber.ReplaceAllString(s, Hidden)
}
