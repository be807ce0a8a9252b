package catalog

import (
	"slices"
	"time"
)

// Mode is a way in which data is handed over (article 21 of the regulation).
type Mode string

// The modes. The zero value is none: what states no mode gets nothing.
const (
	Interface Mode = "interface" // 接口交换
	Download  Mode = "download"  // 文件下载
	Online    Mode = "online"    // 在线浏览
	Offline   Mode = "offline"   // 离线交换
)

// Modes lists every mode.
func Modes() []Mode { return []Mode{Interface, Download, Online, Offline} }

// Use is what a grant permits with an item's values. The zero value permits nothing.
type Use string

// The uses.
const (
	Clear  Use = "clear"  // the values themselves
	Masked Use = "masked" // an expression in their place
	// Tokenized puts a keyed token in their place: equal values have equal tokens for
	// one agency and purpose, and nothing else of them is told.
	Tokenized Use = "token"
)

// Identifier is the kind of number or name that an item holds. It says how a value is
// written before its token is made, so that two ways to write it give one token.
type Identifier string

// The identifiers.
const (
	IDNumber   Identifier = "id_no"  // 公民身份号码
	Mobile     Identifier = "mobile" // 手机号码
	CreditCode Identifier = "uscc"   // 统一社会信用代码
	PersonName Identifier = "name"   // 姓名
	OtherID    Identifier = "other"  // anything else: only space around it is left out
)

// Identifiers lists every kind of identifier.
func Identifiers() []Identifier {
	return []Identifier{IDNumber, Mobile, CreditCode, PersonName, OtherID}
}

// GranteeKind says whom a grant names.
type GranteeKind string

// The kinds of grantees.
const (
	ToAgency    GranteeKind = "agency"
	ToPrincipal GranteeKind = "principal" // a person or an application
)

// Grantee is whom a grant opens something to.
type Grantee struct {
	Kind GranteeKind
	ID   string
}

// GrantedItem is an item of a grant.
type GrantedItem struct {
	No   int    `json:"no"`
	Use  Use    `json:"use"`
	Mask string `json:"mask,omitempty"` // of a masked item: a built-in mask's name, or an expression in DuckDB's SQL
	// Type is what Mask gives when it is an expression; Invalid for a built-in one.
	Type Type `json:"type,omitzero"`
	// Identifier is what a tokenized item holds, and KeyVersion the version of the key
	// with which its tokens are made as long as the grant lasts, from 1.
	Identifier Identifier `json:"identifier,omitempty"`
	KeyVersion uint8      `json:"key_version,omitempty"`
	// Keys lists the codes of the agencies into whose sources the values may be sent as
	// keys of a join; AnyAgency stands for every one.
	Keys []string `json:"keys,omitempty"`
}

// AnyAgency in GrantedItem.Keys is every agency.
const AnyAgency = "*"

// Grant opens items of a resource to a grantee, for purposes, in modes, for a term.
type Grant struct {
	ID        string
	Resource  string // its ID
	Grantee   Grantee
	Items     []GrantedItem
	Purposes  []string // codes; at least one
	Modes     []Mode   // at least one
	RowFilter string   // DuckDB's SQL over the resource's items; empty keeps every row
	From      time.Time
	Until     time.Time // exclusive; zero means without end
	Hours     Hours
	Rows      int64  // most rows a day; 0 means no limit
	Queries   int64  // most statements a day; 0 means no limit
	By        string // the principal who granted it
	Version   int64
}

// Hours is the part of the day in which a grant holds, in minutes from midnight of
// the gateway's time zone. The zero value is the whole day.
type Hours struct {
	From  int `json:"from"`
	Until int `json:"until"` // exclusive
}

// For reports whether the grant is for a purpose in a mode.
func (g *Grant) For(purpose string, mode Mode) bool {
	return slices.Contains(g.Purposes, purpose) && slices.Contains(g.Modes, mode)
}
