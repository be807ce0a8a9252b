package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"time"
)

const (
	ours     = "lianji"
	byFlight = "lianji, Flight SQL"
	attach   = "DuckDB ATTACH"
	itself   = "the source itself"
)

// contenderNames are the columns of the first table, in their order.
var contenderNames = []string{ours, attach, "Trino " + trinoVersion, byFlight, "connectorx", "ADBC", itself}

// coldStart is what `lianji version` may take.
const coldStart = 150 * time.Millisecond

func show(d time.Duration) string {
	switch s := d.Seconds(); {
	case s >= 10:
		return fmt.Sprintf("%.0f s", s)
	case s >= 0.1:
		return fmt.Sprintf("%.2f s", s)
	case s >= 0.01:
		return fmt.Sprintf("%.0f ms", s*1000)
	default:
		return fmt.Sprintf("%.1f ms", s*1000)
	}
}

// report is all that was measured.
type report struct {
	head  string
	lines []*line
	cold  []*line
	tpch  [][]*line // by split
}

// failed lists what lianji did wrong: no answer or a wrong one.
func (r *report) failed() []string {
	var out []string
	for _, l := range r.all() {
		for _, name := range []string{ours, byFlight} {
			if e := l.cells[name]; e != nil && e.err != nil {
				out = append(out, l.work.name+", "+name+": "+e.err.Error())
			}
		}
	}
	return out
}

func (r *report) all() []*line {
	all := append(append([]*line(nil), r.lines...), r.cold...)
	for _, split := range r.tpch {
		all = append(all, split...)
	}
	return all
}

func (r *report) markdown() string {
	var b strings.Builder
	b.WriteString(r.head)
	n := &notes{}
	b.WriteString("\n| work | " + strings.Join(contenderNames, " | ") + " | ATTACH ÷ lianji | lianji ÷ source | is to reach |\n|---|" + strings.Repeat("--:|", len(contenderNames)+2) + "---|\n")
	for _, l := range append(append([]*line(nil), r.lines...), r.cold...) {
		fmt.Fprintf(&b, "| %s |", l.work.name)
		for _, name := range contenderNames {
			b.WriteString(" " + n.cell(l.cells[name]) + " |")
		}
		fmt.Fprintf(&b, " %s | %s | %s |\n", ratio(l.seconds(attach), l.seconds(ours)), ratio(l.seconds(ours), l.seconds(itself)), l.reached())
	}
	if len(r.tpch) > 0 {
		r.tpchTable(&b, n)
	}
	b.WriteString(n.text())
	return b.String()
}

func ratio(a, b float64) string {
	if a == 0 || b == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a/b)
}

// reached says what the line is to reach, and in bold what it does not.
func (l *line) reached() string {
	var out []string
	add := func(text string, ok bool) {
		if !ok {
			text = "**" + text + "**"
		}
		out = append(out, text)
	}
	us := l.seconds(ours)
	if need := l.work.needs.attach; need > 0 {
		add(fmt.Sprintf("ATTACH ≥ %g", need), us > 0 && l.seconds(attach) >= need*us)
	}
	if need := l.work.needs.source; need > 0 {
		add(fmt.Sprintf("source ≤ %g", need), us > 0 && us <= need*l.seconds(itself))
	}
	if strings.Contains(l.work.name, "version") {
		add("< "+show(coldStart), us > 0 && us < coldStart.Seconds())
	}
	return strings.Join(out, ", ")
}

// tpchTable writes the 22 statements, both splits side by side.
func (r *report) tpchTable(b *strings.Builder, n *notes) {
	names := contenderNames[:3]
	b.WriteString("\nTPC-H's 22 statements. ")
	head, rule := "| |", "|---|"
	for i := range r.tpch {
		fmt.Fprintf(b, "Split %d: %s. ", i+1, splits[i].name)
		for _, name := range names {
			head += fmt.Sprintf(" %d: %s |", i+1, name)
			rule += "--:|"
		}
	}
	b.WriteString("\n\n" + head + "\n" + rule + "\n")
	for q := range r.tpch[0] {
		fmt.Fprintf(b, "| %s |", r.tpch[0][q].work.name)
		for _, split := range r.tpch {
			for _, name := range names {
				b.WriteString(" " + n.cell(split[q].cells[name]) + " |")
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("| all |")
	for _, split := range r.tpch {
		for _, name := range names {
			total := 0.0
			for _, l := range split {
				total += l.seconds(name)
			}
			if total == 0 {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(b, " %s |", show(time.Duration(total*float64(time.Second))))
		}
	}
	b.WriteString("\n\nGeometric means of a peer's time over lianji's, of the statements that both answer:")
	for _, name := range names[1:] {
		var parts []string
		for i, split := range append(r.tpch, r.bothSplits()) {
			mean, count := geometricMean(split, name)
			if count == 0 {
				continue
			}
			which := "both splits"
			if i < len(r.tpch) {
				which = fmt.Sprintf("split %d", i+1)
			}
			parts = append(parts, fmt.Sprintf("%s %.2f (%d statements)", which, mean, count))
		}
		if parts != nil {
			fmt.Fprintf(b, " %s: %s.", name, strings.Join(parts, ", "))
		}
	}
	b.WriteString(" To reach: more than 1.\n")
}

func (r *report) bothSplits() []*line {
	var out []*line
	for _, split := range r.tpch {
		out = append(out, split...)
	}
	return out
}

func geometricMean(lines []*line, name string) (float64, int) {
	sum, n := 0.0, 0
	for _, l := range lines {
		if a, b := l.seconds(name), l.seconds(ours); a > 0 && b > 0 {
			sum += math.Log(a / b)
			n++
		}
	}
	return math.Exp(sum / float64(max(n, 1))), n
}

// notes collects why a cell has no time.
type notes struct{ texts []string }

func (n *notes) cell(e *entry) string {
	switch {
	case e == nil:
		return ""
	case e.err == nil:
		return show(e.median())
	}
	text := strings.Join(strings.Fields(e.err.Error()), " ")
	if runes := []rune(text); len(runes) > 240 {
		text = string(runes[:240]) + " ..."
	}
	for i, known := range n.texts {
		if known == text {
			return fmt.Sprintf("fails (%d)", i+1)
		}
	}
	n.texts = append(n.texts, text)
	return fmt.Sprintf("fails (%d)", len(n.texts))
}

func (n *notes) text() string {
	var b strings.Builder
	if n.texts != nil {
		b.WriteString("\nFailures:\n\n")
	}
	for i, text := range n.texts {
		fmt.Fprintf(&b, "%d. `%s`\n", i+1, strings.ReplaceAll(text, "`", "'"))
	}
	return b.String()
}

const (
	begin = "<!-- made by make bench: begin -->\n"
	end   = "<!-- made by make bench: end -->\n"
)

// write puts the text between the marks of a file.
func write(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no marks for what is generated", file)
	}
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644)
}
