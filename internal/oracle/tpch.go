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

// TPCHTables names the eight tables, small ones first.
var TPCHTables = []string{"region", "nation", "supplier", "part", "customer", "partsupp", "orders", "lineitem"}

// generator is DuckDB's extension that makes the data, out of the PyPI package
// duckdb-extension-tpch, which lies in the tests' Python environment. It runs
// native code, so only these files are loaded.
const generatorVersion = "1.5.5"

var generatorSums = map[string]string{
	"linux/amd64":  "3da16edae72039b20afccf092f49b9e17ebbcf56c93f89a9fcb54a39a027e088",
	"linux/arm64":  "a7a919c6e272442efccbb1cf9ce2724206d6355a6ecb95d499228913d292afc9",
	"darwin/arm64": "2ea825d6f14ab0bb3c4a04d136e60528655910a2892ca090331813f1e9ca929f",
	"darwin/amd64": "a7325244ab7c7f08c5441e0c5128f8ce456b58f49303d51580daf7c17e95c1ed",
}

// sumsFile lists the SHA-256 of each file of a data set, after a line that says
// what made it. It is written last.
const sumsFile = "SHA256SUMS"

// TPCH gives a folder with the tables of TPC-H at a scale factor, each a Parquet
// file named for it. The folder lies in the tests' cache and is made once; one
// whose checksums are wrong is made anew. Without the generator the test is
// skipped with that reason.
func TPCH(tb testing.TB, sf float64) string {
	tb.Helper()
	dir, err := tpch(tb.Context(), sf)
	if errors.Is(err, errNoGenerator) {
		tb.Skip(err)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return dir
}

var errNoGenerator = errors.New("needs the PyPI package duckdb-extension-tpch, and a network to fetch it once: scripts/install-test-deps.sh")

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

func tpch(ctx context.Context, sf float64) (string, error) {
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "tpch-sf"+strconv.FormatFloat(sf, 'f', -1, 64))
	if checkSums(dir) == nil {
		return dir, nil
	}
	extension, err := findGenerator(cache)
	if err != nil {
		return "", err
	}
	// Made aside and renamed, for another test may do the same at this moment.
	fresh, err := os.MkdirTemp(cache, "tpch-making-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := makeTPCH(ctx, extension, fresh, sf); err != nil {
		return "", err
	}
	if checkSums(dir) == nil {
		return dir, nil // the other was faster
	}
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, dir); err != nil && checkSums(dir) != nil {
		return "", err
	}
	return dir, nil
}

// findGenerator finds the extension and makes sure that it is the one we know.
func findGenerator(cache string) (string, error) {
	pattern := filepath.Join(cache, "venv", "lib", "python3*", "site-packages", "duckdb_extension_tpch", "extensions", "v"+generatorVersion, "tpch.duckdb_extension")
	found, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errNoGenerator
	}
	platform := runtime.GOOS + "/" + runtime.GOARCH
	sum, err := sumOf(found[0])
	if err != nil {
		return "", err
	}
	if sum != generatorSums[platform] {
		return "", fmt.Errorf("%s is not the generator known for %s: SHA-256 %s", found[0], platform, sum)
	}
	return found[0], nil
}

func makeTPCH(ctx context.Context, extension, dir string, sf float64) error {
	r, err := openReference(ctx, "?allow_unsigned_extensions=true")
	if err != nil {
		return err
	}
	// One thread: the same files each time.
	err = r.Exec(ctx, "SET threads = 1", "LOAD "+quote(extension), "CALL dbgen(sf = "+strconv.FormatFloat(sf, 'f', -1, 64)+")")
	sums := "# duckdb-extension-tpch " + generatorVersion + "\n"
	for _, table := range TPCHTables {
		if err != nil {
			break
		}
		file := filepath.Join(dir, table+".parquet")
		if err = r.Exec(ctx, "COPY "+table+" TO "+quote(file)+" (FORMAT parquet)"); err == nil {
			var sum string
			sum, err = sumOf(file)
			sums += sum + "  " + table + ".parquet\n"
		}
	}
	if cerr := r.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, sumsFile), []byte(sums), 0o600)
}

// checkSums reports whether the folder is complete and unchanged.
func checkSums(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if lines[0] != "# duckdb-extension-tpch "+generatorVersion || len(lines) != 1+len(TPCHTables) {
		return fmt.Errorf("%s: made by another version", dir)
	}
	for _, line := range lines[1:] {
		want, name, _ := strings.Cut(line, "  ")
		got, err := sumOf(filepath.Join(dir, filepath.Base(name)))
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
