package tracing_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/tracing"
)

// recorder is a tracer whose spans are kept.
func recorder(t *testing.T, ratio float64) (*tracing.Tracer, *tracetest.SpanRecorder) {
	t.Helper()
	kept := tracetest.NewSpanRecorder()
	p := sdk.NewTracerProvider(sdk.WithSpanProcessor(kept))
	return tracing.New(p.Tracer("test"), ratio), kept
}

func attributes(s sdk.ReadOnlySpan) map[string]any {
	out := map[string]any{}
	for _, a := range s.Attributes() {
		out[string(a.Key)] = a.Value.AsInterface()
	}
	return out
}

const (
	caller    = "4bf92f3577b34da6a3ce929d0e0e4736"
	callersID = "00f067aa0ba902b7"
	followed  = "00-" + caller + "-" + callersID + "-01"
	not       = "00-" + caller + "-" + callersID + "-00"
)

func TestIsParent(t *testing.T) {
	for text, want := range map[string]bool{
		followed: true, not: true, "00-" + caller + "-" + callersID + "-fe": true,
		"": false, "00": false, strings.ToUpper(followed): false, followed + "-": false, " " + followed[1:]: false,
		"01" + followed[2:]:                                            false, // of a version that is not known
		"00_" + followed[3:]:                                           false,
		"00-" + caller + "_" + callersID + "-01":                       false,
		"00-" + caller + "-" + callersID + "_01":                       false,
		"00-" + caller + "-" + callersID + "-0G":                       false,
		"00-" + caller + "-" + callersID + "-0A":                       false,
		"00-" + caller + "-" + callersID + "-g0":                       false,
		"00-" + caller[:31] + "x-" + callersID + "-01":                 false,
		"00-" + strings.Repeat("0", 32) + "-" + callersID + "-01":      false,
		"00-" + caller + "-" + strings.Repeat("0", 16) + "-01":         false,
		"00-" + strings.ToUpper(caller) + "-" + callersID + "-01":      false,
		"00-" + caller + "-" + strings.ToUpper(callersID)[:16] + "-01": false,
		"00-" + caller[:30] + "--" + "-" + callersID + "-01":           false,
	} {
		if got := tracing.IsParent(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Who is followed, and in which trace.
func TestBegin(t *testing.T) {
	comment := "SELECT 1 /*action='x',traceparent='" + followed + "'*/ ;\n"
	for name, c := range map[string]struct {
		ratio        float64
		parent, text string
		follows, of  bool
	}{
		"nobody":                             {},
		"everybody":                          {ratio: 1, follows: true},
		"who is followed already":            {parent: followed, follows: true, of: true},
		"who is in a trace":                  {parent: not},
		"everybody, in their traces":         {ratio: 1, parent: not, follows: true, of: true},
		"what is no traceparent":             {parent: followed + "0"},
		"everybody, with no traceparent":     {ratio: 1, parent: followed + "0", follows: true},
		"by a comment":                       {text: comment, follows: true, of: true},
		"a header comes before a comment":    {parent: not, text: comment},
		"a broken header too":                {parent: "x", text: comment},
		"a comment that is not the last":     {text: comment + "SELECT 2"},
		"two comments":                       {text: comment + "/* x */"},
		"a longer one in a comment":          {text: "SELECT 1 /*traceparent='" + followed + "0'*/"},
		"a comment that is far too long":     {text: "SELECT 1 /*traceparent='" + followed + "'" + strings.Repeat(" ", 512) + "*/"},
		"a comment that begins nowhere":      {text: "traceparent='" + followed + "'*/"},
		"a comment that breaks off":          {text: "SELECT 1 /*traceparent='" + followed + "*/"},
		"nothing but the comment's own name": {text: "/*traceparent='*/"},
	} {
		tracer, kept := recorder(t, c.ratio)
		ctx, span := tracer.Begin(t.Context(), tracing.Whole, tracing.Statement{Parent: c.parent, Text: c.text})
		_, child := tracing.Start(ctx, tracing.Plan)
		child.End()
		span.End()
		ended := kept.Ended()
		if want := 2; !c.follows && (len(ended) != 0 || span != nil || child != nil || ctx != t.Context()) || c.follows && len(ended) != want {
			t.Fatalf("%s: %d spans", name, len(ended))
		}
		if !c.follows {
			continue
		}
		if got := span.TraceID() == caller; got != c.of {
			t.Errorf("%s: trace %s", name, span.TraceID())
		}
		if parent := ended[1].Parent(); parent.IsValid() != c.of || c.of && parent.SpanID().String() != callersID {
			t.Errorf("%s: under %s", name, parent.SpanID())
		}
		if ended[0].Parent().SpanID() != ended[1].SpanContext().SpanID() || child.TraceID() != span.TraceID() {
			t.Errorf("%s: its part is not below it", name)
		}
	}
}

// A span says what it is given, and leaves out what could be a text.
func TestAttributes(t *testing.T) {
	tracer, kept := recorder(t, 1)
	ctx, whole := tracer.Begin(t.Context(), tracing.Whole, tracing.Statement{Query: "q1.a-b_c", Door: "http", Purpose: "DB-HC", Agency: "MZ", Mode: "interface", Text: "SELECT 'secret'"})
	_, part := tracing.Start(ctx, tracing.Fragment)
	part.Source("人口库_2")
	part.Counts(3, 40)
	part.Outcome(errs.Timeout)
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	part.EndAt(at)
	part.Counts(9, 9) // too late
	whole.Outcome("")
	if want := "00-" + whole.TraceID() + "-" + kept.Started()[0].SpanContext().SpanID().String() + "-01"; whole.Traceparent() != want || whole.Query() != "q1.a-b_c" || part.Purpose() != "DB-HC" {
		t.Errorf("%s %s %s, want %s", whole.Traceparent(), whole.Query(), part.Purpose(), want)
	}
	whole.End()
	ended := kept.Ended()
	for i, want := range []map[string]any{
		{"lianji.source": "人口库_2", "lianji.rows": int64(3), "lianji.bytes": int64(40), "lianji.outcome": "timeout"},
		{"lianji.query": "q1.a-b_c", "lianji.door": "http", "lianji.purpose": "DB-HC", "lianji.agency": "MZ", "lianji.mode": "interface", "lianji.outcome": "ok"},
	} {
		if diff := cmp.Diff(want, attributes(ended[i])); diff != "" {
			t.Errorf("%s: %s", ended[i].Name(), diff)
		}
	}
	if s := ended[0].Status(); s.Code.String() != "Error" || s.Description != "" || ended[1].Status().Code.String() != "Unset" || !ended[0].EndTime().Equal(at) {
		t.Errorf("%+v %+v %v", s, ended[1].Status(), ended[0].EndTime())
	}
	for _, text := range []string{"姓名 = '张三'", "SELECT", "a b", "x'", "a;b", "a/b", "\xff", strings.Repeat("a", 129), "a\nb", "1=1"} {
		tracer, kept := recorder(t, 1)
		_, s := tracer.Begin(t.Context(), tracing.Whole, tracing.Statement{Query: text, Door: text, Purpose: text, Agency: text, Mode: text})
		s.Source(text)
		s.Outcome(errs.Code(text))
		s.End()
		if got := attributes(kept.Ended()[0]); len(got) != 0 && text != "SELECT" { // which a name may be
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Who is not followed pays nothing, whether or not others are.
func TestNobodyPays(t *testing.T) {
	few, _ := recorder(t, 0)
	for name, tracer := range map[string]*tracing.Tracer{"off": nil, "none of it": few} {
		ctx := context.WithValue(t.Context(), struct{ k int }{1}, 1)
		text := "SELECT a FROM t WHERE k = 17 /* x */"
		n := testing.AllocsPerRun(100, func() {
			ctx, whole := tracer.Begin(ctx, tracing.Whole, tracing.Statement{Query: "q", Door: "http", Text: text})
			ctx, part := tracing.Start(ctx, tracing.Fragment)
			part.Source("s")
			part.Counts(1, 2)
			part.Outcome("")
			part.EndAt(time.Time{})
			if tracing.Of(ctx) != nil || whole.TraceID()+whole.Traceparent()+part.Query()+part.Purpose() != "" {
				t.Error("it is followed")
			}
			whole.End()
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// Whatever stands in a statement, nothing but a traceparent is taken out of it.
func FuzzParent(f *testing.F) {
	f.Add("SELECT 1 /*traceparent='" + followed + "'*/")
	f.Add("/*traceparent='*/")
	f.Add("*/")
	kept := tracetest.NewSpanRecorder()
	tracer := tracing.New(sdk.NewTracerProvider(sdk.WithSpanProcessor(kept)).Tracer("fuzz"), 0)
	f.Fuzz(func(t *testing.T, sql string) {
		kept.Reset()
		_, span := tracer.Begin(t.Context(), tracing.Whole, tracing.Statement{Text: sql})
		span.End()
		for _, s := range kept.Ended() {
			if !strings.Contains(sql, "traceparent='00-"+s.SpanContext().TraceID().String()+"-"+s.Parent().SpanID().String()+"-") || len(s.Attributes()) != 0 {
				t.Errorf("%q is followed as %v", sql, s.SpanContext())
			}
		}
	})
}
