package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

func replies(text string) []access.Reply {
	return []access.Reply{
		{
			Question: "updateOn on " + text, Answer: access.SaysPartly, Allowed: "updateOn on a" + text, Denied: "updateOn on b" + text,
			Because: []access.Cause{{Text: "statement 2 allows " + text, Source: "roles/a.yaml:7"}, {Text: "no role allows " + text}},
			Near:    &access.Cause{Text: "statement 3, would match " + text, Source: "roles/a.yaml:9"}, Notes: []string{"note " + text},
		},
		{Question: "updateOff on " + text, Answer: access.SaysYes, Allowed: "updateOff on " + text},
		{Question: "createFlag on " + text, Answer: access.SaysNo, Denied: "createFlag on " + text},
		{Question: "* on " + text, Answer: access.SaysUndecided},
	}
}

func description(text string) access.Description {
	return access.Description{
		Lines: []access.Line{
			{Actions: []string{"updateOn"}, Resources: []string{"proj/web:env/*:flag/*" + text}, Except: []string{"proj/web:env/production:flag/*"}},
			{Actions: []string{"view*"}, Resources: []string{"*"}, NewActions: true},
		},
		Rest: "updateOn on " + text,
	}
}

var asked = role.Role{Key: "ops", Name: "Operators"}

func TestQuestions(t *testing.T) {
	for _, f := range []report.Format{report.Text, report.JSON} {
		golden(t, "replies."+string(f), func(w io.Writer) error { return report.Replies(w, replies("proj/web"), f, report.Options{}) })
		golden(t, "explain."+string(f), func(w io.Writer) error {
			return report.Explain(w, asked, description(""), []access.Question{{Why: "too much"}}, f, report.Options{})
		})
	}
	golden(t, "explain-nothing.text", func(w io.Writer) error {
		return report.Explain(w, asked, access.Description{Exact: true}, nil, report.Text, report.Options{})
	})
	for _, write := range []func(io.Writer) error{
		func(w io.Writer) error { return report.Replies(w, nil, report.Markdown, report.Options{}) },
		func(w io.Writer) error {
			return report.Explain(w, asked, access.Description{}, nil, report.Markdown, report.Options{})
		},
	} {
		if err := write(io.Discard); err == nil {
			t.Error("an unknown format was taken")
		}
	}
}

// TestQuestionsAreInert puts what acts on a terminal into every text.
func TestQuestionsAreInert(t *testing.T) {
	const hostile = "\x1b[31m\r\u202e\u200b##[error]"
	var b strings.Builder
	if err := report.Replies(&b, replies(hostile), report.Text, report.Options{}); err != nil {
		t.Fatal(err)
	}
	r := asked
	r.Key, r.Name = hostile, hostile
	if err := report.Explain(&b, r, description(hostile), []access.Question{{Why: hostile}}, report.Text, report.Options{}); err != nil {
		t.Fatal(err)
	}
	for _, c := range b.String() {
		if c < ' ' && c != '\n' || c == '\u202e' || c == '\u200b' {
			t.Fatalf("%q reaches the terminal in\n%s", c, b.String())
		}
	}
	if strings.Contains(b.String(), "##[") {
		t.Error("a command of the runner gets through")
	}
}
