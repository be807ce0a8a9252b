package rules

// List gives all rules in the order in which they run. A rule may stand in it twice.
func List() []Rule {
	return nil
}
