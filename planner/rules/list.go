package rules

// List gives all rules in the order in which they run. A rule may stand in it twice.
func List() []Rule {
	return []Rule{
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
		remoteTopN,
		remoteSort,
	}
}
