package config

import (
	"math"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"github.com/lianji/lianji/internal/msg"
)

// The least memory with which DuckDB can sort and join anything worth asking, and
// the least that can be spilled at all.
const (
	minMemoryBytes = 64 << 20
	minTempBytes   = 1 << 20
)

var (
	sizePattern = regexp.MustCompile(`^([1-9][0-9]{0,8})(MiB|GiB|TiB)$`)
	sizeUnits   = map[string]int64{"MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
)

// size reads bytes with a unit, such as 2GiB.
func (r reader) size(v value, least int64) (int64, error) {
	n, ok := v.node.(*ast.StringNode)
	if !ok {
		return 0, r.wrong(v, "config_not_size")
	}
	m := sizePattern.FindStringSubmatch(n.Value)
	if m == nil {
		return 0, r.failValue(v, "config_not_size")
	}
	count, err := strconv.ParseInt(m[1], 10, 64)
	unit := sizeUnits[m[2]]
	if err != nil || count > math.MaxInt64/unit || count*unit < least {
		return 0, r.fail(v.node, "config_size_range", msg.Args{"Key": v.path, "Least": least >> 20})
	}
	return count * unit, nil
}

var durationPattern = regexp.MustCompile(`^[1-9][0-9]{0,5}(ms|s|m|h)$`)

// duration reads a number with one unit, such as 30s.
func (r reader) duration(v value) (time.Duration, error) {
	n, ok := v.node.(*ast.StringNode)
	if !ok {
		return 0, r.wrong(v, "config_not_duration")
	}
	if !durationPattern.MatchString(n.Value) {
		return 0, r.failValue(v, "config_not_duration")
	}
	d, err := time.ParseDuration(n.Value)
	if err != nil {
		return 0, r.failValue(v, "config_not_duration")
	}
	return d, nil
}

// count reads a whole number within bounds.
func (r reader) count(v value, least, most int) (int, error) {
	n, ok := v.node.(*ast.IntegerNode)
	if !ok {
		return 0, r.wrong(v, "config_not_whole")
	}
	i, err := strconv.Atoi(n.GetToken().Value)
	if err != nil || i < least || i > most {
		return 0, r.fail(v.node, "config_count_range", msg.Args{"Key": v.path, "Least": least, "Most": most})
	}
	return i, nil
}

// onOff reads a switch: YAML 1.2 has no off, so the words are taken too.
func (r reader) onOff(v value) (bool, error) {
	switch n := v.node.(type) {
	case *ast.BoolNode:
		return n.Value, nil
	case *ast.StringNode:
		switch n.Value {
		case "on":
			return true, nil
		case "off":
			return false, nil
		}
	}
	return false, r.wrong(v, "config_not_switch")
}

// address reads host:port. Whether the host may be listened on is decided where
// the door is opened.
func (r reader) address(v value) (string, error) {
	s, err := r.text(v)
	if err != nil {
		return "", err
	}
	if _, _, ok := SplitAddress(s); !ok {
		return "", r.failValue(v, "config_not_address")
	}
	return s, nil
}

// SplitAddress takes host:port apart. The host must be there: an address without
// one means every network of the machine, which nobody gets by leaving something out.
func SplitAddress(address string) (host, port string, ok bool) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || strings.ContainsAny(host, " /@?#%") {
		return "", "", false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return host, port, err == nil && strconv.FormatUint(n, 10) == port
}
