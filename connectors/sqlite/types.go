package sqlite

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/lianji/lianji/catalog"
)

//go:generate go test -tags=duckdb_arrow -count=1 -run=^TestTypesDoc$ . -update-types

// typeRule says what columns of some declared types are. The first that matches
// holds; SQLite's own five rules of affinity stand at the end, so that every
// declared type has a rule. docs/types/sqlite.md is written from this table.
type typeRule struct {
	names []string // declared types, without their (numbers); nil for a rule of affinity
	part  []string // parts of a declared type, by SQLite's rules
	shown string   // how the documentation names the declared types
	typ   catalog.Type
	rule  string
}

const (
	wholeRule = "INTEGER cells. Every other class is an error."
	textRule  = "TEXT cells as they are, trailing blanks included: SQLite pads nothing. Text that is not UTF-8 and every other class are errors."
	blobRule  = "BLOB cells. Every other class is an error."
	realRule  = "REAL cells, bit for bit, and INTEGER cells that a double holds exactly. Every other cell is an error."
)

var typeRules = []typeRule{
	{names: []string{"BOOLEAN", "BOOL"}, shown: "BOOLEAN, BOOL", typ: catalog.Type{Kind: catalog.Bool},
		rule: "INTEGER cells 0 and 1. Every other cell is an error."},
	{names: []string{"DECIMAL", "NUMERIC", "NUMBER", "DEC"}, shown: "DECIMAL(p,s), NUMERIC(p,s), NUMBER(p,s), DEC(p,s)", typ: catalog.Type{Kind: catalog.Decimal},
		rule: "INTEGER cells, and REAL cells whose shortest decimal form has at most s places; more places, more digits than p, and TEXT are errors. Without s it is 0."},
	{names: []string{"DATE"}, shown: "DATE", typ: catalog.Type{Kind: catalog.Date},
		rule: "TEXT cells YYYY-MM-DD that name a day. Every other cell is an error."},
	{names: []string{"TIMESTAMP", "DATETIME", "TIMESTAMP WITHOUT TIME ZONE"}, shown: "TIMESTAMP, DATETIME", typ: catalog.Type{Kind: catalog.Timestamp},
		rule: "TEXT cells YYYY-MM-DD, alone (midnight) or with a blank or T and HH:MM, HH:MM:SS or HH:MM:SS.ffffff. A zone, a seventh place that is not 0, a number and every other cell are errors."},
	{names: []string{"TIME"}, shown: "TIME", typ: catalog.Type{Kind: catalog.Time},
		rule: "TEXT cells HH:MM, HH:MM:SS or HH:MM:SS.ffffff. Every other cell is an error."},
	{names: []string{"BINARY", "VARBINARY"}, shown: "BINARY(n), VARBINARY(n)", typ: catalog.Type{Kind: catalog.Blob}, rule: blobRule},
	{names: []string{"JSON", "UUID"}, shown: "JSON, UUID", typ: catalog.Type{Kind: catalog.Text},
		rule: "Text: SQLite checks neither. TEXT cells only; JSON that is a bare number has become a number in SQLite and is an error."},
	{names: []string{""}, shown: "none, ANY", typ: catalog.Type{Kind: catalog.Text},
		rule: "TEXT cells only. The computed columns of a view declare no type: CAST gives them one."},
	{part: []string{"INT"}, shown: "INTEGER, INT, BIGINT, SMALLINT, TINYINT and every type with INT in it", typ: catalog.Type{Kind: catalog.Int64}, rule: wholeRule},
	{part: []string{"CHAR", "CLOB", "TEXT"}, shown: "TEXT, VARCHAR(n), CHAR(n), NVARCHAR(n), CLOB and every type with CHAR, CLOB or TEXT in it", typ: catalog.Type{Kind: catalog.Text}, rule: textRule},
	{part: []string{"BLOB"}, shown: "BLOB and every type with BLOB in it", typ: catalog.Type{Kind: catalog.Blob},
		rule: blobRule + " A view's column over one without a declared type is called BLOB by SQLite, too."},
	{part: []string{"REAL", "FLOA", "DOUB"}, shown: "REAL, DOUBLE PRECISION, FLOAT and every type with REAL, FLOA or DOUB in it", typ: catalog.Type{Kind: catalog.Float64}, rule: realRule},
	{names: []string{"DECIMAL", "NUMERIC", "NUMBER", "DEC", "NUM"}, shown: "DECIMAL, NUMERIC, NUMBER, NUM without digits, or with more than 38", typ: catalog.Type{Kind: catalog.Float64},
		rule: realRule + " SQLite keeps no more of such a number than that."},
	{part: []string{""}, shown: "every other type", typ: catalog.Type{Kind: catalog.Text}, rule: "TEXT cells only. Numbers, which SQLite makes of text that looks like one, are errors."},
}

var declared = regexp.MustCompile(`^\s*([^()]*?)\s*(?:\(\s*([0-9]+)\s*(?:,\s*([0-9]+)\s*)?\))?\s*$`)

// typeOf gives the type of a column by its declared type.
func typeOf(sourceType string) catalog.Type {
	name, precision, scale := strings.ToUpper(strings.TrimSpace(sourceType)), 0, 0
	if m := declared.FindStringSubmatch(name); m != nil {
		name = strings.Join(strings.Fields(m[1]), " ")
		// A number too long for int leaves -1, which no type has.
		precision, scale = number(m[2]), number(m[3])
	}
	if name == "ANY" {
		name = ""
	}
	for _, r := range typeRules {
		if !r.matches(name) {
			continue
		}
		if r.typ.Kind != catalog.Decimal {
			return r.typ
		}
		if precision >= 1 && precision <= 38 && scale >= 0 && scale <= precision {
			return catalog.DecimalOf(int32(precision), int32(scale))
		}
	}
	return catalog.Type{Kind: catalog.Text}
}

func (r typeRule) matches(name string) bool {
	for _, n := range r.names {
		if n == name {
			return true
		}
	}
	for _, p := range r.part {
		if strings.Contains(name, p) {
			return true
		}
	}
	return false
}

func number(digits string) int {
	if digits == "" {
		return 0
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return -1
	}
	return n
}
