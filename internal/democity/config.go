package democity

import (
	"fmt"
	"strings"
)

// configHead is what the city's configuration starts with; the sources and the
// published resources follow from the list of tables.
const configHead = `# 示例城市：数据全部是虚构的，由 lianji demo 生成。
listen: {http: 127.0.0.1:8080}
engine: {memory: 2GiB, temp: ./tmp, timezone: Asia/Shanghai}
`

// configuration returns the text of lianji.yaml.
func configuration() string {
	var b strings.Builder
	b.WriteString(configHead)
	b.WriteString("sources:\n")
	for _, s := range sources {
		fmt.Fprintf(&b, "  %s: {kind: %s, path: ./%s/%s}\n", s.name, s.kind, dataFolder, s.path)
	}
	b.WriteString("publish:\n")
	agency := ""
	for _, t := range tables {
		if t.agency != agency {
			agency = t.agency
			fmt.Fprintf(&b, "  %s:\n", agency)
		}
		fmt.Fprintf(&b, "    %s: %s.main.%s\n", t.resource, t.source, t.name)
	}
	return b.String()
}
