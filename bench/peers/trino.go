package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	trinoVersion = "476"
	trinoJava    = 24 // the oldest that it runs on
	trinoMemory  = "4G"
)

// trino is asked over its own protocol, JSON over HTTP, by a client in Go.
type trino struct {
	url     string
	client  http.Client
	process *process
}

// noTrino says why there is none.
type noTrino struct{ why string }

func (n noTrino) Error() string { return n.why }

func startTrino(ctx context.Context, dir string, pg, my *source) (*trino, error) {
	java, err := findJava(ctx)
	if err != nil {
		return nil, err
	}
	if err := fetchTrino(ctx, dir); err != nil {
		return nil, noTrino{fmt.Sprintf("Trino %s could not be fetched: %v", trinoVersion, err)}
	}
	home := filepath.Join(dir, "trino-server-"+trinoVersion)
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	url := "http://127.0.0.1:" + strconv.Itoa(port)
	login := "connection-user=" + reader + "\nconnection-password=" + password + "\n"
	for name, text := range map[string]string{
		"config.properties": "coordinator=true\nnode-scheduler.include-coordinator=true\nhttp-server.http.port=" + strconv.Itoa(port) +
			"\ndiscovery.uri=" + url + "\nquery.client.timeout=10s\n",
		"log.properties":        "io.trino=WARN\n",
		"catalog/pg.properties": "connector.name=postgresql\nconnection-url=jdbc:postgresql://" + pg.address() + "/" + database + "\n" + login,
		"catalog/my.properties": "connector.name=mariadb\nconnection-url=jdbc:mariadb://" + my.address() + "\n" + login,
	} {
		file := filepath.Join(home, "etc", name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	t := &trino{url: url, client: http.Client{Transport: &http.Transport{DisableCompression: true}}}
	t.process, err = server{name: "trino", dir: home, signal: "TERM", ready: t.ready, args: []string{java, "-Xmx" + trinoMemory, "-XX:+UseG1GC", "-XX:ReservedCodeCacheSize=512M",
		"-XX:PerMethodRecompilationCutoff=10000", "-XX:PerBytecodeRecompilationCutoff=10000", "-Djdk.attach.allowAttachSelf=true", "-Djdk.nio.maxCachedBufferSize=2000000",
		"-Dfile.encoding=UTF-8", "-Duser.timezone=UTC", "-Dnode.environment=bench", "-Dnode.id=bench", "-Dnode.data-dir=" + filepath.Join(home, "data"),
		"-Dlog.levels-file=etc/log.properties", "-Dconfig=etc/config.properties", "-cp", filepath.Join(home, "lib", "*"), "io.trino.server.TrinoServer"}}.start(ctx)
	return t, err
}

var javaVersion = regexp.MustCompile(`version "(\d+)`)

func findJava(ctx context.Context) (string, error) {
	candidates, err := filepath.Glob("/usr/lib/jvm/*/bin/java")
	if err != nil {
		return "", err
	}
	candidates = append(candidates, filepath.Join(os.Getenv("JAVA_HOME"), "bin", "java"), "java")
	for _, java := range candidates {
		out, err := exec.CommandContext(ctx, java, "-version").CombinedOutput()
		if m := javaVersion.FindSubmatch(out); err == nil && m != nil {
			if n, err := strconv.Atoi(string(m[1])); err == nil && n >= trinoJava {
				return java, nil
			}
		}
	}
	return "", noTrino{fmt.Sprintf("Trino %s needs Java %d or later, and there is none", trinoVersion, trinoJava)}
}

// trinoPlugins are those that are kept, for others would only make it start more
// slowly: the two connectors, and a type that that of PostgreSQL wants.
var trinoPlugins = []string{"postgresql", "mariadb", "geospatial"}

// fetchTrino takes it from Maven's central repository, once.
func fetchTrino(ctx context.Context, dir string) error {
	name := "trino-server-" + trinoVersion
	done := filepath.Join(dir, name, "complete-"+strings.Join(trinoPlugins, "-"))
	if _, err := os.Stat(done); err == nil {
		return nil
	}
	archive := filepath.Join(dir, name+".tar.gz")
	if _, err := os.Stat(archive); err != nil {
		say("fetching Trino " + trinoVersion + ", 800 MB, once")
		if err := once(ctx, dir, "", "mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy",
			"-Dartifact=io.trino:trino-server:"+trinoVersion+":tar.gz", "-DoutputDirectory="+dir); err != nil {
			return err
		}
	}
	if err := once(ctx, dir, "", "tar", "xzf", archive); err != nil {
		return err
	}
	plugins, err := os.ReadDir(filepath.Join(dir, name, "plugin"))
	if err != nil {
		return err
	}
	for _, p := range plugins {
		if !slices.Contains(trinoPlugins, p.Name()) {
			if err := os.RemoveAll(filepath.Join(dir, name, "plugin", p.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.Remove(archive); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o644)
}

func (t *trino) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.url+"/v1/info", nil)
	if err != nil {
		return err
	}
	answer, err := t.client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	var info struct{ Starting bool }
	if err := json.NewDecoder(answer.Body).Decode(&info); err != nil {
		return err
	}
	if info.Starting {
		return errors.New("it is still starting")
	}
	_, _, err = t.run(ctx, statement{sql: "SELECT count(*) FROM pg.public.region"}, nil)
	if err == nil {
		_, _, err = t.run(ctx, statement{sql: "SELECT count(*) FROM my.tpch.region"}, nil)
	}
	return err
}

func (t *trino) name() string { return "Trino " + trinoVersion }

// takes leaves the scans of lineitem out: six million rows as JSON take minutes and
// show JSON alone, as the scans of orders do.
func (t *trino) takes(w *work) bool { return !strings.Contains(w.sql, ".lineitem") || w.kind != scan }

var trinoSchemas = strings.NewReplacer("pg.", "pg.public.", "my.", "my."+database+".")

func (t *trino) run(ctx context.Context, s statement, use feed) (time.Duration, int64, error) {
	text := s.literal()
	if s.schema != nil {
		text = tableName.ReplaceAllStringFunc(text, trinoSchemas.Replace)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url+"/v1/statement", bytes.NewReader([]byte(text)))
	if err != nil {
		return 0, 0, err
	}
	request.Header.Set("X-Trino-User", reader)
	var rows int64
	begun := time.Now()
	for {
		page, err := t.page(request)
		if err != nil {
			return 0, 0, err
		}
		rows += int64(len(page.Data))
		if use != nil {
			cells, err := page.cells(s)
			if err != nil {
				return 0, 0, err
			}
			if err := use(s.schema, cells); err != nil {
				return 0, 0, err
			}
		}
		if page.NextURI == "" {
			return time.Since(begun), rows, nil
		}
		if request, err = http.NewRequestWithContext(ctx, http.MethodGet, page.NextURI, nil); err != nil {
			return 0, 0, err
		}
	}
}

type trinoPage struct {
	NextURI string
	Data    [][]any
	Error   *struct{ Message string }
}

func (t *trino) page(request *http.Request) (*trinoPage, error) {
	answer, err := t.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s", answer.Status)
	}
	var p trinoPage
	d := json.NewDecoder(answer.Body)
	d.UseNumber()
	if err := d.Decode(&p); err != nil {
		return nil, err
	}
	if p.Error != nil {
		return nil, fmt.Errorf("%s", p.Error.Message)
	}
	return &p, nil
}

// cells reads the page's values, each as what the right answer has there.
func (p *trinoPage) cells(s statement) ([][]any, error) {
	out := make([][]any, len(p.Data))
	for i, row := range p.Data {
		for k, value := range row {
			if value == nil {
				out[i] = append(out[i], nil)
				continue
			}
			c, err := cell(fmt.Sprint(value), s.schema.Field(k).Type)
			if err != nil {
				return nil, err
			}
			out[i] = append(out[i], c)
		}
	}
	return out, nil
}
