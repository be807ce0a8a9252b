package dialect

import "github.com/lianji/lianji/catalog"

// Parts of SQL, by the names that entries have for them. Comparisons with constants go
// by their signs, joins and set operations by their words.
const (
	partPair     = "COMPARISON OF TWO COLUMNS"
	partGroup    = "GROUP BY"
	partDistinct = "DISTINCT"
	partCombined = "COLUMN OF A SET OPERATION"
	partOrder    = "ORDER BY"
	partCounted  = "count(DISTINCT)"
	partLimit    = "LIMIT"
	partFirst    = "DISTINCT ON"
	partSets     = "GROUPING SETS"
	partCase     = "CASE"
	partCoalesce = "COALESCE"
	partCast     = "CAST"
	partAnd      = "AND"
	partOr       = "OR"
	partNot      = "NOT"
	// Of a pattern without ESCAPE, by its shape.
	partPrefix  = "LIKE 'a%'"
	partSuffix  = "LIKE '%a'"
	partInfix   = "LIKE '%a%'"
	partPieces  = "LIKE 'a%b'"
	partPattern = "LIKE 'a_'"
)

// comparisons are the signs of comparisons with constants.
const comparisons = "=, <>, <, <=, >, >=, IN"

// sharedEntries are the parts of SQL that all dialects write alike.
func sharedEntries() []Entry {
	list := []Entry{
		{Names: "AND, OR", Any: true, Args: []Kinds{truths}, Verdict: Exact, NeverFails: true, Only: "a superset where a part is one"},
		{Names: partNot, Args: []Kinds{truths}, Verdict: Exact, NeverFails: true, Only: "of an exact condition"},
		{Names: "IS NULL, IS NOT NULL", Args: []Kinds{everything}, Verdict: Exact, NeverFails: true, Only: "of a column that is read as it is stored"},
		{Names: "count_star", Verdict: Exact, NeverFails: true},
		{Names: "count", Args: []Kinds{everything}, Verdict: Exact, NeverFails: true},
		{Names: "avg", Args: []Kinds{wholes.and(catalog.Decimal)}, Reason: "avg stays here: a sum and a count are asked for, and divided"},
		{Names: "INNER JOIN, LEFT JOIN, SEMI JOIN, ANTI JOIN", Verdict: Exact, NeverFails: true,
			Only: "of one source's rows, by exact conditions of which one is an equality of both sides; no correlated subquery"},
		{Names: "RIGHT JOIN", Reason: "a right join stays here"},
		{Names: "FULL JOIN", Reason: "a full join stays here"},
		{Names: "MARK JOIN", Reason: "a mark join stays here"},
		{Names: "SINGLE JOIN", Reason: "a single join stays here"},
		{Names: partLimit, Verdict: Exact, NeverFails: true, Only: "constant counts"},
		{Names: partFirst, Reason: "one row of each group by an order stays here"},
		{Names: partSets, Reason: "grouping sets stay here"},
		{Names: "WINDOW, UNNEST, VALUES, CTE", Reason: "not an operator that sources are given"},
	}
	return list
}
