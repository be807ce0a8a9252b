package document

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/catalog"
)

// What is written of an item is read as the same, and whatever else is refused.
func TestItems(t *testing.T) {
	r := &catalog.Resource{Items: []catalog.Item{{No: 1, Name: "xm"}, {No: 2, Name: "je"}}}
	text := catalog.Type{Kind: catalog.Text}
	for _, c := range []struct {
		text, again string
		want        catalog.GrantedItem
	}{
		{"clear", "clear", catalog.GrantedItem{Use: catalog.Clear}},
		{"masked name", "masked name", catalog.GrantedItem{Use: catalog.Masked, Mask: "name"}},
		{"token id_no", "token id_no", catalog.GrantedItem{Use: catalog.Tokenized, Identifier: catalog.IDNumber}},
		{"masked  left(xm, 1) || '**'  AS Text", "masked left(xm, 1) || '**' as text", catalog.GrantedItem{Use: catalog.Masked, Mask: "left(xm, 1) || '**'", Type: text}},
		{"masked CAST(xm as text) as text", "masked CAST(xm as text) as text", catalog.GrantedItem{Use: catalog.Masked, Mask: "CAST(xm as text)", Type: text}},
		{"masked je > 5 as boolean", "masked je > 5 as boolean", catalog.GrantedItem{Use: catalog.Masked, Mask: "je > 5", Type: catalog.Type{Kind: catalog.Bool}}},
	} {
		got, err := granted(r, "grant", "xm", c.text)
		if err != nil || cmp.Diff(c.want, got) != "" || useText(got) != c.again {
			t.Errorf("%s: %+v, %q, %v", c.text, got, useText(got), err)
			continue
		}
		if again, err := granted(r, "grant", "xm", c.again); err != nil || cmp.Diff(got, again) != "" {
			t.Errorf("%s again: %+v, %v", c.text, again, err)
		}
	}
	for _, text := range []string{
		"", "clear x", "Clear", "token", "token sfz", "token id_no x", "masked", "masked nome", "masked left(xm, 1)", "masked left(xm, 1) as", "masked left(xm, 1) as blob",
		"masked left(sfzh, 1) as text", "masked as text", "masked xm as text -- x", "match",
	} {
		if got, err := granted(r, "grant", "xm", text); err == nil {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
