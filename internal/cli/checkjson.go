package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/lianji/lianji/connectors"
	"github.com/lianji/lianji/internal/app"
	"github.com/lianji/lianji/internal/config"
	"github.com/lianji/lianji/internal/errs"
)

// CheckDocument is what check --json prints; docs/check.md describes the members.
type CheckDocument struct {
	OK        bool             `json:"ok"`
	File      string           `json:"file"`
	Errors    int              `json:"errors"`
	Warnings  int              `json:"warnings"`
	Hints     int              `json:"hints"`
	TimeZone  string           `json:"timezone,omitempty"`
	Published int              `json:"published"`
	Catalogue *int             `json:"catalogue,omitempty"`
	Findings  []CheckedFinding `json:"findings"`
	Sources   []CheckedSource  `json:"sources"`
}

// CheckedFinding is one thing that was found.
type CheckedFinding struct {
	Level string `json:"level"`
	Code  string `json:"code"`
	Text  string `json:"text"`
	Place string `json:"place,omitempty"`
}

// CheckedSource is what was found out about one source.
type CheckedSource struct {
	Name       string             `json:"name"`
	Kind       string             `json:"kind"`
	Usable     bool               `json:"usable"`
	Version    string             `json:"version,omitempty"`
	MS         float64            `json:"ms"`
	Tables     int                `json:"tables"`
	Views      int                `json:"views"`
	Account    *CheckedAccount    `json:"account,omitempty"`
	Standby    string             `json:"standby,omitempty"`
	Zone       string             `json:"zone,omitempty"`
	Encoding   string             `json:"encoding,omitempty"`
	Collation  string             `json:"collation,omitempty"`
	Text       CheckedText        `json:"text_columns"`
	Unreadable []CheckedColumn    `json:"unreadable"`
	Statistics *CheckedStatistics `json:"statistics,omitempty"`
	Findings   []CheckedFinding   `json:"findings"`
}

// CheckedAccount is what the gateway's account may do.
type CheckedAccount struct {
	Superuser    string `json:"superuser"`
	Writes       int    `json:"writes"`
	Creates      int    `json:"creates"`
	Denied       int    `json:"denied"`
	FileWritable string `json:"file_writable"`
}

// CheckedText counts columns of text by who compares them.
type CheckedText struct {
	Binary     int      `json:"binary"`
	Other      int      `json:"other"`
	Collations []string `json:"collations"`
}

// CheckedColumn is a column that cannot be read.
type CheckedColumn struct {
	Column string `json:"column"`
	Type   string `json:"type"`
}

// CheckedStatistics says of how many tables a source knows what is in them.
type CheckedStatistics struct {
	Tables int    `json:"tables"`
	Never  int    `json:"never"`
	Oldest string `json:"oldest,omitempty"`
	Newest string `json:"newest,omitempty"`
}

// checkJSON prints one document, whatever is wrong; the exit code is that of check.
func (c *command) checkJSON(ctx context.Context, file string) error {
	cfg, err := c.load(file)
	d := &CheckDocument{File: file, Findings: []CheckedFinding{}, Sources: []CheckedSource{}}
	if err != nil {
		e := errs.From(err)
		d.Errors = 1
		text, place := placed(e, c.langs)
		d.Findings = append(d.Findings, CheckedFinding{Level: string(app.LevelError), Code: string(e.Code), Text: text, Place: place})
		return errors.Join(c.document(d), worst([]error{err}))
	}
	report, err := app.Check(ctx, cfg, c.App, func(app.SourceReport) {})
	if err != nil {
		return err
	}
	c.fill(d, cfg, report)
	return errors.Join(c.document(d), worst(report.Wrong()))
}

// placed takes the place in the file off the text of a configuration's error.
func placed(e *errs.Error, langs []string) (text, place string) {
	text = e.Text(langs...)
	place, _ = e.Args["Place"].(string)
	for _, colon := range []string{": ", "：", ":"} {
		if rest, ok := strings.CutPrefix(text, place+colon); ok && place != "" {
			return rest, place
		}
	}
	return text, place
}

func (c *command) document(d *CheckDocument) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return errs.Internalf("check: %v", err)
	}
	return c.print(string(text))
}

func (c *command) fill(d *CheckDocument, cfg *config.Config, report *app.Report) {
	d.Errors, d.Warnings, d.Hints = report.Count(app.LevelError), report.Count(app.LevelWarning), report.Count(app.LevelHint)
	d.OK, d.TimeZone, d.Published = d.Errors == 0, cfg.Engine.TimeZone, len(cfg.Published)
	d.Catalogue = report.Catalogued
	d.Findings = c.findings(report.Findings)
	for _, r := range report.Sources {
		s := CheckedSource{
			Name: r.Name, Kind: r.Kind, Usable: r.Usable(), Version: r.Version, MS: float64(r.Took.Round(time.Millisecond/10)) / float64(time.Millisecond),
			Tables: r.Tables, Views: r.Views, Text: CheckedText{r.Text.Binary, r.Text.Other, append([]string{}, r.Text.Collations...)},
			Unreadable: []CheckedColumn{}, Findings: c.findings(r.Findings),
		}
		for _, u := range r.Unreadable {
			s.Unreadable = append(s.Unreadable, CheckedColumn(u))
		}
		if x := r.Examined; x != nil {
			a := x.Account
			s.Account = &CheckedAccount{answer(a.Superuser), a.Writes, a.Creates, a.Denied, answer(a.FileWritable)}
			s.Standby, s.Zone, s.Encoding, s.Collation = answer(x.Standby), x.Zone, x.Encoding, x.Collation
		}
		if r.Statistics.Read {
			s.Statistics = &CheckedStatistics{r.Statistics.Tables, r.Statistics.Never, day(r.Statistics.Oldest), day(r.Statistics.Newest)}
		}
		d.Sources = append(d.Sources, s)
	}
}

func (c *command) findings(list []app.Finding) []CheckedFinding {
	out := []CheckedFinding{}
	for _, f := range list {
		out = append(out, CheckedFinding{string(f.Level), f.Code, f.Text(c.langs...), f.Place()})
	}
	return out
}

func answer(a connectors.Answer) string {
	switch a {
	case connectors.Yes:
		return "yes"
	case connectors.No:
		return "no"
	}
	return "unknown"
}

// day writes an instant for people and programs alike; empty for none.
func day(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
