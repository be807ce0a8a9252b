package oracle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// generatorVersion is that of DuckDB's extensions that make the data. They come
// out of PyPI packages that lie in the tests' Python environment. They run native
// code, so only the files that are known are loaded.
const generatorVersion = "1.5.5"

// dataset is data that one of these extensions makes.
type dataset struct {
	name    string            // the extension's
	call    string            // the function that makes the tables
	sums    map[string]string // SHA-256 of the extension for each platform
	tables  []string
	columns map[string]datasetColumns
	texts   int // statements that come with it, read from the extension
}

// sumsFile lists the SHA-256 of each file of a data set, after a line that says
// what made it. It is written last.
const sumsFile = "SHA256SUMS"

// errNoGenerator says that a package is missing; its text names it.
var errNoGenerator = errors.New("and a network to fetch it once: scripts/install-test-deps.sh")

func (d dataset) pkg() string { return "duckdb-extension-" + d.name }

// folder gives the data at a scale factor, made once.
func (d dataset) folder(tb testing.TB, sf float64) string {
	tb.Helper()
	dir, err := d.prepare(tb.Context(), sf)
	if errors.Is(err, errNoGenerator) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

// files names what the folder holds beside its sums.
func (d dataset) files() []string {
	var out []string
	for _, table := range d.tables {
		out = append(out, table+".parquet")
	}
	for n := 1; n <= d.texts; n++ {
		out = append(out, statementFile(n))
	}
	return out
}

func cacheDir() (string, error) {
	base := os.Getenv("XDG_CACHE_HOME")
	if base == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		base = filepath.Join(home, ".cache")
	}
	return filepath.Join(base, "lianji-test"), nil
}

func (d dataset) prepare(ctx context.Context, sf float64) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, d.name+"-sf"+strconv.FormatFloat(sf, 'f', -1, 64))
	if d.checkSums(dir) == nil {
		return dir, nil
	}
	extension, err := d.generator(cache)
	if err != nil {
		return "", err
	}
	// Made aside and renamed, for another test may do the same at this moment.
	fresh, err := os.MkdirTemp(cache, d.name+"-making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := d.make(ctx, extension, fresh, sf); err != nil {
		return "", err
	}
	if d.checkSums(dir) == nil {
		return dir, nil // the other was faster
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil && d.checkSums(dir) != nil {
		return "", err
	}
	return dir, nil
}

// generator finds the extension and makes sure that it is the one we know.
func (d dataset) generator(cache string) (string, error) {
	pattern := filepath.Join(cache, "venv", "lib", "python3*", "site-packages", "duckdb_extension_"+d.name, "extensions", "v"+generatorVersion, d.name+".duckdb_extension")
	found, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("needs the PyPI package %s, %w", d.pkg(), errNoGenerator)
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	sum, err := sumOf(found[0])
	if err != nil {
		return "", err
	}
	if sum != d.sums[platform] {
		return "", fmt.Errorf("%s is not the generator known for %s: SHA-256 %s", found[0], platform, sum)
	}
	return found[0], nil
}

func (d dataset) make(ctx context.Context, extension, dir string, sf float64) error {
	r, err := openReference(ctx, "?allow_unsigned_extensions=true")
	if err != nil {
		return err
	}
	// One thread: the same files each time.
	err = r.Exec(ctx, "SET threads = 1", "LOAD "+quote(extension), "CALL "+d.call+"(sf = "+strconv.FormatFloat(sf, 'f', -1, 64)+")")
	for _, table := range d.tables {
		if err == nil {
			err = r.Exec(ctx, "COPY "+table+" TO "+quote(filepath.Join(dir, table+".parquet"))+" (FORMAT parquet)")
		}
	}
	if err == nil && d.texts > 0 {
		err = d.writeTexts(ctx, r, dir)
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	sums := d.firstLine() + "\n"
	for _, name := range d.files() {
		sum, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		sums += sum + "  " + name + "\n"
	}
	return os.WriteFile(filepath.Join(dir, sumsFile), []byte(sums), 0o600)
}

func (d dataset) firstLine() string { return "# " + d.pkg() + " " + generatorVersion }

// checkSums reports whether the folder is complete and unchanged.
func (d dataset) checkSums(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if lines[0] != d.firstLine() || len(lines) != 1+len(d.files()) {
		return fmt.Errorf("%s: made by another version", dir)
	}
	for i, name := range d.files() {
		want, found := strings.CutSuffix(lines[1+i], "  "+name)
		if !found {
			return fmt.Errorf("%s: %s is missing", dir, name)
		}
		got, err := sumOf(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		if got != want {
			return fmt.Errorf("%s is not what was written", name)
		}
	}
	return nil
}

func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
