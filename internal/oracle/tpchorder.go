package oracle

import (
	"regexp"
	"strconv"
)

// tpchKeys lists the statements of TPC-H whose order leaves ties open, with the
// columns that they sort by. All others sort by a key of their rows or give one row.
var tpchKeys = map[int][]int{
	3:  {1, 2}, // revenue, o_orderdate
	5:  {1},    // revenue
	10: {2},    // revenue
	11: {1},    // value
	18: {4, 3}, // o_totalprice, o_orderdate
}

var lastLimit = regexp.MustCompile(`(?i)\s+limit\s+([0-9]+)\s*$`)

// TPCHStatement gives what is known of TPC-H's statement of that number (1 to
// 22), whose text is given: the names of its tables may have been changed.
func TPCHStatement(number int, text string) Statement {
	s := Statement{SQL: text, Unlimited: text, Order: Order{Total: true}}
	keys, open := tpchKeys[number]
	if !open {
		return s
	}
	s.Order = Order{Keys: keys}
	s.cutLimit()
	return s
}

// cutLimit takes the LIMIT at the end of the text off: which rows it leaves is
// uncertain in an order that is not total.
func (s *Statement) cutLimit() {
	m := lastLimit.FindStringSubmatchIndex(s.SQL)
	if m == nil {
		return
	}
	if n, err := strconv.ParseInt(s.SQL[m[2]:m[3]], 10, 64); err == nil {
		s.Order.Limited, s.Order.Limit = true, n
		s.Unlimited = s.SQL[:m[0]]
	}
}
