package oracle

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// schemaMark stands before each table's name in the statements' files, where the
// name of its schema goes.
const schemaMark = "{schema}"

func statementFile(number int) string { return fmt.Sprintf("q%02d.sql", number) }

// writeTexts writes each statement of the extension into a file of its own.
func (d dataset) writeTexts(ctx context.Context, r *Reference, dir string) error {
	texts, err := r.Query(ctx, "SELECT query, json_serialize_sql(query)::VARCHAR FROM "+d.name+"_queries() ORDER BY query_nr")
	if err != nil {
		return err
	}
	if len(texts.Rows) != d.texts {
		return fmt.Errorf("%s has %d statements, want %d", d.name, len(texts.Rows), d.texts)
	}
	for i, row := range texts.Rows {
		text, _ := row[0].(string)
		tree, _ := row[1].(string)
		marked, err := d.markTables(text, tree)
		if err != nil {
			return fmt.Errorf("statement %d of %s: %w", i+1, d.name, err)
		}
		if err := os.WriteFile(filepath.Join(dir, statementFile(i+1)), []byte(marked), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// markTables finds the tables by the statement's tree: some statements use the
// same names for columns.
func (d dataset) markTables(text, tree string) (string, error) {
	var parsed any
	if err := json.Unmarshal([]byte(tree), &parsed); err != nil {
		return "", err
	}
	var places []int
	var walk func(any) error
	walk = func(node any) error {
		switch node := node.(type) {
		case []any:
			for _, child := range node {
				if err := walk(child); err != nil {
					return err
				}
			}
		case map[string]any:
			name, _ := node["table_name"].(string)
			if node["type"] == "BASE_TABLE" && slices.Contains(d.tables, strings.ToLower(name)) {
				at, _ := node["query_location"].(float64)
				if at < 1 || at >= float64(len(text)) || !strings.HasPrefix(text[int(at):], name) {
					return fmt.Errorf("table %s does not stand at byte %v", name, at)
				}
				places = append(places, int(at))
			}
			for _, child := range node {
				if err := walk(child); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := walk(parsed); err != nil {
		return "", err
	}
	slices.Sort(places)
	for _, at := range slices.Backward(slices.Compact(places)) {
		text = text[:at] + schemaMark + text[at:]
	}
	return text, nil
}
