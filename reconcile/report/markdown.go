package report

// What pages of Markdown have in common. The frame is ours: headings, tables, alerts and a fixed
// list of HTML tags (details, summary, b, code, sub). Whatever comes from data stands in a code
// span, in a fence or in our <code>, where GitHub links no mention, number or address and reads no
// HTML; links are put together in link.go.

import (
	"io"
	"strings"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// planMarkdown is the page of a plan outside a pull request: the same, without links and limit.
func planMarkdown(p *plan.Plan, r *apply.Result, o Options) string {
	m := newModel(p, r, Page{})
	m.verbose, m.width = o.Verbose, o.width()
	return m.fit(0)
}

// span returns lead and s as a code span, or nothing if s is empty.
func span(lead, s string) string {
	if s == "" {
		return ""
	}
	return lead + MarkdownSpan(s)
}

func spans(list []string) []string {
	var out []string
	for _, s := range list {
		out = append(out, MarkdownSpan(s))
	}
	return out
}

// cellOr returns s for a cell of a table, or a dash.
func cellOr(s string) string {
	if s == "" {
		return "–"
	}
	return MarkdownCell(s)
}

func holdersCell(c plan.Change) string {
	switch {
	case c.Assigned == nil:
		return "nobody yet"
	case c.Assigned.None():
		return "nobody"
	}
	return holders(*c.Assigned)
}

// shortHash returns enough of a digest to tell plans apart by eye.
func shortHash(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	return hex[:min(12, len(hex))]
}

func mdOutcome(out apply.Outcome) string {
	s := map[apply.Status]string{
		apply.Applied: "applied", apply.Failed: "**failed**",
		apply.Unknown: "**unknown**", apply.NotAttempted: "not attempted",
	}[out.Status]
	if out.AlreadyThere {
		s = already(out.Action)
	}
	for _, more := range []string{out.Error, out.Note} {
		if more != "" {
			s += ": " + MarkdownCell(more)
		}
	}
	return s
}

// FindingsMarkdown draws findings as a table, in the order given. The error is the writer's.
func FindingsMarkdown(w io.Writer, findings []diag.Finding, _ Options) error {
	s := &sheet{model: newModel(nil, nil, Page{})}
	s.line("### LaunchDarkly roles: ", findingCount(findings), "\n")
	s.findings(findings, len(findings))
	_, err := io.WriteString(w, inert(s.String()))
	return err
}
