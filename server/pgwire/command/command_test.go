package command_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/server/pgwire/command"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		text string
		want []command.Piece
	}{
		{"", nil}, {" ; ;-- x\n", nil}, {"SELECT 1", []command.Piece{{"SELECT 1", 0}}},
		{" SELECT ';' ; /* ; */ b;", []command.Piece{{"SELECT ';' ", 1}, {"b", 22}}},
		{"SELECT 1; SELECT 2 /* t */ ", []command.Piece{{"SELECT 1", 0}, {"SELECT 2 /* t */", 10}}},
		{"SELECT 1; /* t */", []command.Piece{{"SELECT 1; /* t */", 0}}}, {"SELECT 1 /* t */; ", []command.Piece{{"SELECT 1 /* t */", 0}}},
		{"SELECT 'x", []command.Piece{{"SELECT 'x", 0}}},
		{"-- of whom\n\tSELECT 1", []command.Piece{{"-- of whom\n\tSELECT 1", 0}}}, {" /* a */ SELECT 1; /* b */ SELECT 2", []command.Piece{{" /* a */ SELECT 1", 0}, {"SELECT 2", 27}}},
		{"; /* a */ SELECT 1;", []command.Piece{{"SELECT 1", 10}}},
	} {
		if d := cmp.Diff(c.want, command.Split(c.text)); d != "" {
			t.Errorf("%q: %s", c.text, d)
		}
	}
}

func TestParse(t *testing.T) {
	text := command.CopyOptions{Delimiter: '\t', Null: `\N`, Quote: '"', Escape: '"'}
	csv := command.CopyOptions{Format: command.CSVFormat, Delimiter: ',', Quote: '"', Escape: '"'}
	special := command.CopyOptions{Format: command.CSVFormat, Delimiter: ';', Null: "-", Quote: '\'', Escape: '"', Header: true, ForceQuote: true}
	binary := command.CopyOptions{Format: command.BinaryFormat, Delimiter: '\t', Null: `\N`, Quote: '"', Escape: '"'}
	for _, c := range []struct {
		text string
		want command.Command
	}{
		{"SELECT 1", command.Command{}}, {"", command.Command{}}, {"SHOW TABLES", command.Command{}}, {"SHOW GRANTS", command.Command{}}, {"show", command.Command{}},
		{"begin isolation level serializable;", command.Command{Kind: command.Begin}}, {"START TRANSACTION READ ONLY", command.Command{Kind: command.Begin}},
		{"COMMIT WORK", command.Command{Kind: command.Commit}}, {"end", command.Command{Kind: command.Commit}}, {"ABORT", command.Command{Kind: command.Rollback}},
		{"ROLLBACK TO SAVEPOINT \"A\"", command.Command{Kind: command.RollbackTo, Name: "A"}}, {"SAVEPOINT A", command.Command{Kind: command.Savepoint, Name: "a"}}, {"RELEASE a", command.Command{Kind: command.Release, Name: "a"}},
		{"SET purpose = 'DB-HC'", command.Command{Kind: command.Set, Name: "purpose", Value: "DB-HC"}}, {"SET SESSION DateStyle TO ISO, DMY", command.Command{Kind: command.Set, Name: "datestyle", Value: "ISO, DMY"}},
		{"SET LOCAL x.y TO 'it''s'", command.Command{Kind: command.Set, Name: "x.y", Value: "it's", Local: true}}, {`SET x = E'\'\t\x41\102''\\C'`, command.Command{Kind: command.Set, Name: "x", Value: "'\tAB'\\C"}}, {"SET extra_float_digits = -3", command.Command{Kind: command.Set, Name: "extra_float_digits", Value: "-3"}},
		{"SET TIME ZONE LOCAL", command.Command{Kind: command.Set, Name: "timezone", Default: true}}, {"SET NAMES 'utf8'", command.Command{Kind: command.Set, Name: "client_encoding", Value: "utf8"}},
		{"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", command.Command{Kind: command.SetNothing}}, {"SET TRANSACTION READ ONLY", command.Command{Kind: command.SetNothing}},
		{"SET SESSION AUTHORIZATION DEFAULT", command.Command{Kind: command.SetNothing}}, {"RESET SESSION AUTHORIZATION", command.Command{Kind: command.SetNothing}},
		{"RESET ALL", command.Command{Kind: command.ResetAll}}, {"SHOW TRANSACTION ISOLATION LEVEL", command.Command{Kind: command.Show, Name: "transaction_isolation"}}, {"SHOW ALL", command.Command{Kind: command.ShowAll}},
		{"DISCARD ALL", command.Command{Kind: command.DiscardAll}}, {"DEALLOCATE PREPARE \"S_1\"", command.Command{Kind: command.Deallocate, Name: "S_1"}}, {"DEALLOCATE ALL", command.Command{Kind: command.DeallocateAll}},
		{"DECLARE c BINARY NO SCROLL CURSOR WITH HOLD FOR SELECT 1", command.Command{Kind: command.Declare, Name: "c", Binary: true, Hold: true, SQL: "SELECT 1", Offset: 48}},
		{"FETCH FORWARD ALL FROM c", command.Command{Kind: command.Fetch, Name: "c", Count: command.All}}, {"FETCH 10 c", command.Command{Kind: command.Fetch, Name: "c", Count: 10}}, {"fetch next from \"C\"", command.Command{Kind: command.Fetch, Name: "C", Count: 1}},
		{"MOVE 3 IN c", command.Command{Kind: command.Move, Name: "c", Count: 3}}, {"CLOSE ALL", command.Command{Kind: command.CloseAll}}, {"UNLISTEN *", command.Command{Kind: command.Listen}},
		{"COPY (SELECT (1)) TO STDOUT", command.Command{Kind: command.Copy, SQL: "SELECT (1)", Offset: 6, CopyOptions: text}},
		{`COPY "a"."b" ("c", d) TO STDOUT WITH CSV`, command.Command{Kind: command.Copy, SQL: `SELECT "c", d FROM "a"."b"`, Offset: -1, CopyOptions: csv}},
		{`COPY t TO STDOUT (FORMAT "binary")`, command.Command{Kind: command.Copy, SQL: "SELECT * FROM t", Offset: -1, CopyOptions: binary}},
		{`COPY t TO STDOUT (FORMAT csv, HEADER, DELIMITER ';', NULL '-', QUOTE '''', ESCAPE '"', FORCE_QUOTE *, ENCODING 'utf-8')`, command.Command{Kind: command.Copy, SQL: "SELECT * FROM t", Offset: -1, CopyOptions: special}},
	} {
		got, err := command.Parse(c.text)
		if d := cmp.Diff(c.want, got); err != nil || d != "" {
			t.Errorf("%s: %v %s", c.text, err, d)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for text, code := range map[string]errs.Code{
		"COMMIT AND CHAIN": errs.SyntaxError, "SAVEPOINT": errs.SyntaxError, "SET x": errs.SyntaxError, "SET x = ": errs.SyntaxError, "SET x = (1)": errs.SyntaxError, "DISCARD x": errs.SyntaxError,
		"DECLARE c SCROLL CURSOR FOR SELECT 1": errs.NotSupported, "DECLARE c CURSOR FOR": errs.SyntaxError, "FETCH PRIOR FROM c": errs.NotSupported, "FETCH -1 FROM c": errs.NotSupported, "FETCH 99999999999999999999 FROM c": errs.SyntaxError,
		"COPY t FROM STDIN": errs.ReadOnly, "COPY t TO 'x'": errs.NotAllowed, "COPY t TO PROGRAM 'x'": errs.NotAllowed, "COPY t TO STDOUT (DELIMITER 'ab')": errs.NotSupported, "COPY t TO STDOUT (FORMAT csv, QUOTE ',')": errs.NotSupported,
		"COPY t TO STDOUT (FORMAT binary, NULL 'x')": errs.NotSupported, "COPY (SELECT 1": errs.SyntaxError, "CLOSE a b": errs.SyntaxError, `SET x = E'\u0041'`: errs.NotSupported, `SET x = E'\xff'`: errs.NotSupported, `SET x = E'\0'`: errs.NotSupported, "SET x = 'a'\n'b'": errs.NotSupported,
	} {
		if got, err := command.Parse(text); errs.CodeOf(err) != code || got.Kind != command.None {
			t.Errorf("%s: %v %v, want %s", text, got, err, code)
		}
	}
}

// FuzzParse: no text makes reading crash, and what is kept of it stands in it.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"SELECT 1; COMMIT", "COPY (SELECT ')') TO STDOUT (FORMAT csv, HEADER)", "DECLARE c CURSOR FOR SELECT $1", "FETCH FORWARD 3 FROM \"c\"", "SET x TO 'a', b, -1", "COPY a.b (c) TO STDOUT WITH CSV FORCE QUOTE *", "$$;$$;\x00", "SHOW TIME ZONE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range command.Split(text) {
			if text[p.Offset:p.Offset+len(p.SQL)] != p.SQL {
				t.Fatalf("%q does not stand at %d of %q", p.SQL, p.Offset, text)
			}
			c, err := command.Parse(p.SQL)
			if err == nil && c.Offset > 0 && !strings.HasPrefix(p.SQL[c.Offset:], c.SQL) {
				t.Fatalf("%q does not stand at %d of %q", c.SQL, c.Offset, p.SQL)
			}
		}
	})
}

// What would be read back as another value is refused, as PostgreSQL refuses it.
func TestCopyThatReadsOtherwise(t *testing.T) {
	for options, ok := range map[string]bool{
		"DELIMITER 'b'": false, "DELIMITER '0'": false, "DELIMITER '.'": false, "DELIMITER 'N'": false, `DELIMITER '|'`: true, "NULL 'a	b'": false, "NULL ''": true,
		"FORMAT csv, NULL 'a,b'": false, `FORMAT csv, NULL 'a"b'`: false, "FORMAT csv, DELIMITER 'b'": true, "FORMAT csv, DELIMITER '|', NULL 'a,b'": true, `FORMAT csv, DELIMITER '"'`: false,
	} {
		c, err := command.Parse("COPY (SELECT 1) TO STDOUT (" + options + ")")
		if (err == nil) != ok || c.Kind != command.Copy && ok {
			t.Errorf("%s: %v, %v", options, c.Kind, err)
		}
	}
}
