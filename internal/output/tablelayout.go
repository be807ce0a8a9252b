package output

// lay chooses the columns' widths; where a terminal is too narrow for all of them,
// it chooses records.
func (t *table) lay() {
	n := len(t.names)
	t.widths = make([]int, n)
	for k, name := range t.names {
		if t.widths[k] = max(t.widest[k], width(name)); t.limit == 0 {
			t.widths[k] = min(t.widths[k], widestPad)
		}
	}
	if t.limit == 0 || n == 0 {
		return
	}
	room := t.limit - (3*n - 1) // the rule has two more dashes a column, and a plus between
	least := make([]int, n)
	for k, name := range t.names {
		least[k] = max(min(t.widest[k], t.floor(k)), min(width(name), leastName))
	}
	if sum(least) > room {
		t.records = true
		label := 0
		for _, name := range t.names {
			label = max(label, width(name))
		}
		t.widths = []int{min(label, max(t.limit/3, leastName))}
		return
	}
	level(t.widths, least, room)
}

// floor is what is left of column k's widest value at least.
func (t *table) floor(k int) int {
	if t.texts[k] {
		return leastText
	}
	return t.widest[k]
}

// level lowers the greatest widths to one level, but none below its least, until
// their sum fits into room.
func level(widths, least []int, room int) {
	for sum(widths) > room {
		// The greatest that can still be lowered, and the next one below it.
		top, next := 0, 0
		for k, w := range widths {
			switch {
			case w <= least[k]:
			case w > top:
				top, next = w, top
			case w < top && w > next:
				next = w
			}
		}
		var at []int
		for k, w := range widths {
			if w == top && w > least[k] {
				at = append(at, k)
			}
		}
		over := sum(widths) - room
		step := max(1, min(top-next, over/len(at)))
		for _, k := range at {
			if over <= 0 {
				break
			}
			lowered := max(widths[k]-step, least[k])
			over -= widths[k] - lowered
			widths[k] = lowered
		}
	}
}

func sum(of []int) int {
	total := 0
	for _, v := range of {
		total += v
	}
	return total
}
