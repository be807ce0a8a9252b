package rules

// List gives all rules in the order in which they run. A rule may stand in it twice.
func List() []Rule {
	return []Rule{
		// First: casts of constants hide what a condition compares with.
		constantFolding,
		// After constant_folding, which computes the timestamp.
		dateComparison,
		// Before predicate_pushdown, which does not move filters into a CTE.
		cteInlining,
		// Before whatever looks at a join: WHERE stands above delim joins and products.
		predicatePushdown,
		crossToJoin,
		// After predicate_pushdown: the filter on a mark has come down to its join.
		markToSemi,
		// Before delim_to_join: a left join over a subquery's aggregate untangles in more
		// shapes than a single join.
		singleToLeft,
		// After mark_to_semi: a semi join counts no rows and knows no NULL.
		delimToJoin,
		// After cross_to_join: an inner join's condition rejects NULL like a filter.
		outerToInner,
		// Again: an inner join lets both its sides be filtered, an outer one did not.
		predicatePushdown,
		crossToJoin,
		// Again: a left join on an outer column's value untangles once it is inner.
		delimToJoin,
		// After all semi joins are there.
		semiPushdown,
		// After the last move of conditions: it looks for constants at both sides of joins.
		transitivePredicates,
		topN,
		// After all that moves expressions, whose columns are then known.
		columnPruning,
		// After column_pruning, which leaves projections that change nothing.
		mergeProjects,

		// Late, what became constant with the parameters, and then what moves with that.
		late(constantFolding),
		late(dateComparison),
		// After late constant folding, which casts what a list has for elements, and before
		// what moves the conditions that it makes.
		listMembership,
		predicatePushdownLate,
		late(topN),

		// Late: what a source does exactly moves below its border. Scans first, because
		// everything else stands over a border that is there; filters before joins, so
		// that a join finds both sides bare; grouping before joining, because it brings
		// the sides together. The late rules are repeated until none has anything to do.
		remoteScan,
		remoteFilter,
		remoteProject,
		remoteBarrier,
		joinGrouping,
		remoteJoin,
		remoteAggregate,
		remoteDistinct,
		remoteSetOp,
		// After remote_join, which leaves joins of two sources, and after what moves
		// filters below the border: what is added up there is not filtered any more.
		partialAggregate,
		remoteTopN,
		remoteSort,

		// Last, when nothing goes to a source any more.
		impliedFilter,
		// After implied_filter: what only repeats an OR would part two trees.
		sharedSubtree,
	}
}

// late gives an early rule's second run, for values of parameters.
func late(r Rule) Rule {
	r.Late = true
	return r
}
