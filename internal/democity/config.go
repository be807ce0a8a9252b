package democity

import (
	"fmt"
	"strings"
)

// configHead is what the city's configuration starts with; the sources follow from the
// list of tables. What of them is shared stands in the store.
const configHead = `# 示例城市：数据全部是虚构的，由 lianji demo 生成。
listen: {http: 127.0.0.1:8080}
catalog: {store: "sqlite://` + storeFile + `"}
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
	return b.String()
}
