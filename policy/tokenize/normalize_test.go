package tokenize_test

import (
	"testing"

	"github.com/lianji/lianji/catalog"
	"github.com/lianji/lianji/policy/tokenize"
)

// Check characters were computed by hand: the sum of the digits times 7 9 10 5 8 4 2 1
// 6 3 7 9 10 5 8 4 2, modulo 11, counts in 1 0 X 9 8 7 6 5 4 3 2.
func TestNormalize(t *testing.T) {
	for _, c := range []struct {
		kind       catalog.Identifier
		text, want string
	}{
		// 182 mod 11 is 6.
		{catalog.IDNumber, "130503670401001", "130503196704010016"},
		{catalog.IDNumber, " 130503670401001\t", "130503196704010016"},
		{catalog.IDNumber, "１３０５０３６７０４０１００１", "130503196704010016"},
		{catalog.IDNumber, "130503196704010016", "130503196704010016"},
		// 167 mod 11 is 2.
		{catalog.IDNumber, "110105491231002", "11010519491231002X"},
		{catalog.IDNumber, "11010519491231002x", "11010519491231002X"},
		{catalog.IDNumber, "　11010519491231002ｘ　", "11010519491231002X"},
		// Of the century before: 313 mod 11 is 5.
		{catalog.IDNumber, "440524800101996", "440524188001019967"},
		{catalog.IDNumber, "44052480010199", "44052480010199"},
		// A check character that is wrong stays: it may be a misprint of another number.
		{catalog.IDNumber, "130503196704010017", "130503196704010017"},
		{catalog.IDNumber, " Ｅ12345678 ", "Ｅ12345678"},
		{catalog.IDNumber, "1305031967040100１X", "1305031967040100１X"[:16] + "1X"},
		{catalog.IDNumber, "x10105194912310020", "x10105194912310020"},
		{catalog.IDNumber, "", ""},
		{catalog.IDNumber, "  ", ""},
		{catalog.IDNumber, "a\x00b", "a\x00b"},

		{catalog.Mobile, "13812345678", "13812345678"},
		{catalog.Mobile, "138 1234-5678", "13812345678"},
		{catalog.Mobile, "+86 138 1234 5678", "13812345678"},
		{catalog.Mobile, "008613812345678", "13812345678"},
		{catalog.Mobile, "8613812345678", "13812345678"},
		{catalog.Mobile, "１３８１２３４５６７８", "13812345678"},
		{catalog.Mobile, " 024-2345678 ", "024-2345678"},
		{catalog.Mobile, "2381234567８", "2381234567８"},

		{catalog.CreditCode, " 91210100ma0p4xyz1k ", "91210100MA0P4XYZ1K"},
		{catalog.CreditCode, "９１２１０１００ＭＡ０Ｐ４ＸＹＺ１Ｋ", "91210100MA0P4XYZ1K"},
		{catalog.CreditCode, "91210100ma0p4xyz1", "91210100ma0p4xyz1"},

		{catalog.PersonName, " 张　三 ", "张三"},
		{catalog.PersonName, "张三", "张三"},
		{catalog.PersonName, "阿依古丽•买买提", "阿依古丽·买买提"},
		{catalog.PersonName, "阿依古丽．买买提", "阿依古丽·买买提"},
		{catalog.PersonName, "阿依古丽 · 买买提", "阿依古丽·买买提"},
		{catalog.PersonName, "John   smith", "JOHN SMITH"},
		{catalog.PersonName, "Ｊｏｈｎ Smith", "JOHN SMITH"},

		{catalog.OtherID, "  A b ", "A b"},
		{catalog.OtherID, "Ａ", "Ａ"},
		{"", " x ", "x"},
	} {
		if got := tokenize.Normalize(c.kind, c.text); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.kind, c.text, got, c.want)
		}
	}
}
