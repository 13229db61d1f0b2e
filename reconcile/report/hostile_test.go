package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

// poison sets every string in v to s. Closed sets of words (Action, Status, …) stay, unless all is
// true: then they are set too, as a forged plan could.
func poison(v any, s string, all bool) {
	poisonValue(reflect.ValueOf(v).Elem(), s, all)
}

func poisonValue(v reflect.Value, s string, all bool) {
	switch v.Kind() {
	case reflect.String:
		if all || v.Type() == reflect.TypeFor[string]() {
			v.SetString(s)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			poisonValue(v.Elem(), s, all)
		}
	case reflect.Slice:
		for i := range v.Len() {
			poisonValue(v.Index(i), s, all)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			poisonValue(v.Field(i), s, all)
		}
	}
}

// drawings draws everything that this package can draw, with s in the place of every string.
func drawings(t *testing.T, s string, all bool, f report.Format, o report.Options) map[string]string {
	t.Helper()
	out := map[string]string{}
	add := func(name string, draw func(w io.Writer) error) {
		var b bytes.Buffer
		if err := draw(&b); err != nil {
			t.Fatal(err)
		}
		out[name] = b.String()
	}
	p, found := richPlan(), findings()
	p.People = concernedPlan(0).People
	poison(p, s, all)
	poison(&found, s, all)
	add("plan", func(w io.Writer) error { return report.Plan(w, p, f, o) })
	for name, r := range map[string]*apply.Result{"applied": appliedResult(), "partial": partialResult()} {
		poison(r, s, all)
		add(name, func(w io.Writer) error { return report.Result(w, r, f, o) })
	}
	switch f {
	case report.Markdown:
		for name, page := range comments(p, found, s, 0) {
			add(name, func(w io.Writer) error {
				_, err := io.WriteString(w, page)
				return err
			})
		}
		add("findings", func(w io.Writer) error { return report.FindingsMarkdown(w, found, o) })
	case report.Text:
		for name, draw := range lines(s, found, p) {
			add(name, func(w io.Writer) error { return draw(w, o) })
		}
	}
	return out
}

// comments are the pages of a pull request.
func comments(p *plan.Plan, found []diag.Finding, s string, budget int) map[string]string {
	r := resultOf(p, apply.ReasonPartial, 1)
	r.Error, r.Hint = s, s
	return map[string]string{
		"comment":         report.Comment(p, pullRequest(), budget),
		"result comment":  report.ResultComment(p, r, pullRequest(), budget),
		"lost comment":    report.ResultComment(nil, r, pullRequest(), budget),
		"failure comment": report.FailureComment(report.Failure{Target: s, Error: s, Hints: []string{s, s}, Findings: found}, pullRequest(), budget),
	}
}

// lines are the drawings that are only text.
func lines(s string, found []diag.Finding, p *plan.Plan) map[string]func(io.Writer, report.Options) error {
	out := apply.Outcome{Action: plan.Action(s), Kind: s, Key: s, Status: apply.Failed, Error: s, Note: s}
	return map[string]func(io.Writer, report.Options) error{
		"findings": func(w io.Writer, o report.Options) error { return report.Findings(w, found, o) },
		"summary":  func(w io.Writer, o report.Options) error { return report.FindingsSummary(w, found, o) },
		"progress": func(w io.Writer, o report.Options) error { return report.Progress(w, out, 1, 2, o) },
		"notes":    func(w io.Writer, o report.Options) error { return report.Notes(w, s, p.Unmanaged, o) },
		"error":    func(w io.Writer, o report.Options) error { return report.Error(w, fmt.Errorf("%s", s), o, s) },
		"warning":  func(w io.Writer, o report.Options) error { return report.Warning(w, s, o) },
	}
}

var ownColour = regexp.MustCompile(`\x1b\[[0-9;]+m`)

// checkText fails if drawn holds anything that acts on a terminal, beside our own colours, or that
// cannot be seen, or a line that GitHub's runner takes for a command.
func checkText(t *testing.T, drawn string) {
	t.Helper()
	drawn = ownColour.ReplaceAllString(drawn, "")
	for _, r := range drawn {
		if r != '\n' && (!unicode.IsPrint(r) || r == '\u3164' || r == '\u2800' || r == '\ufe0f') {
			t.Fatalf("%U in %q", r, drawn)
		}
	}
	for l := range strings.Lines(drawn) {
		if strings.HasPrefix(strings.TrimSpace(l), "::") || strings.Contains(l, "##[") {
			t.Fatalf("a command: %q", l)
		}
	}
}

func TestTextIsInert(t *testing.T) {
	n := 0
	for _, s := range report.Hostile() {
		for _, o := range []report.Options{{Color: true, Verbose: true}, {Width: 40}} {
			for _, all := range []bool{false, true} {
				for _, drawn := range drawings(t, s, all, report.Text, o) {
					checkText(t, drawn)
					n++
				}
			}
		}
	}
	t.Logf("%d drawings of %d hostile strings", n, len(report.Hostile()))
}

// ourTags is the fixed list of HTML that this package writes.
var ourTags = regexp.MustCompile(`</?(details|details open|summary|b|code|sub)>`)

// skeleton returns the structure of a Markdown page: its nodes, without their text. Node kinds
// that only data could bring in fail the test.
func skeleton(t *testing.T, page string) string {
	t.Helper()
	source := []byte(page)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	var b strings.Builder
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Text:
			return ast.WalkContinue, nil
		case *ast.Image, *ast.AutoLink:
			t.Fatalf("%s in %q", n.Kind(), page)
		case *ast.Link: // of a path that is one; others stand without, so links are no part of the structure
			checkLink(t, n, source)
			return ast.WalkContinue, nil
		case *ast.HTMLBlock:
			checkHTML(t, string(n.Lines().Value(source)))
		case *ast.RawHTML:
			checkHTML(t, string(n.Segments.Value(source)))
		case *ast.FencedCodeBlock:
			checkDiff(t, string(n.Lines().Value(source)))
		}
		depth := 0
		for up := n.Parent(); up != nil; up = up.Parent() {
			if up.Kind() != ast.KindLink {
				depth++
			}
		}
		fmt.Fprintf(&b, "%d%s ", depth, n.Kind())
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ownLink is an address that this package may write on the page of [pullRequest].
var ownLink = regexp.MustCompile(`^https://github\.com/acme/access/(commit/[0-9a-f]{40}|actions/runs/17283940112(#artifacts)?|` +
	`blob/` + headCommit + `/launch%20darkly/([A-Za-z0-9_.~/-]|%[0-9A-F]{2})+(#L[0-9]+)?)$`)

// checkLink fails on a link that is not ours: another address, or a text that is neither our own
// word nor code.
func checkLink(t *testing.T, n *ast.Link, source []byte) {
	t.Helper()
	child := n.FirstChild()
	text, isText := child.(*ast.Text)
	own := isText && slices.Contains([]string{"run", "plan file", "with the run"}, string(text.Value(source)))
	if !ownLink.Match(n.Destination) || n.ChildCount() != 1 || !own && child.Kind() != ast.KindCodeSpan {
		t.Fatalf("a link that is not ours: %q", n.Destination)
	}
}

func checkHTML(t *testing.T, html string) {
	t.Helper()
	if rest := ourTags.ReplaceAllString(html, ""); strings.ContainsAny(rest, "<>") {
		t.Fatalf("HTML that is not ours: %q", html)
	}
}

// marked is a line of a diff: a mark and a space, or nothing after them.
var marked = regexp.MustCompile(`^([-+! ] .*|[-+!]?)\n$`)

// checkDiff fails if a line of a diff does not begin with a mark.
func checkDiff(t *testing.T, body string) {
	t.Helper()
	for l := range strings.Lines(body) {
		if !marked.MatchString(l) {
			t.Fatalf("a line without a mark: %q", l)
		}
	}
}

func TestMarkdownIsInert(t *testing.T) {
	n := 0
	for _, all := range []bool{false, true} {
		harmless := map[string]string{}
		for name, page := range drawings(t, "harmless", all, report.Markdown, report.Options{}) {
			harmless[name] = skeleton(t, page)
		}
		for _, s := range report.Hostile() {
			if s == "" {
				continue // a field that is empty is left out, and so are its nodes
			}
			for name, page := range drawings(t, s, all, report.Markdown, report.Options{}) {
				checkText(t, page)
				if got := skeleton(t, page); got != harmless[name] {
					t.Errorf("%q changes the page of %s:\n got %s\nwant %s", s, name, got, harmless[name])
				}
				n++
			}
		}
	}
	t.Logf("%d pages", n)
}

// Pages that had to be made smaller hold nothing foreign either. Their structure depends on how long
// the data is.
func TestSmallPagesAreInert(t *testing.T) {
	for _, all := range []bool{false, true} {
		for _, s := range report.Hostile() {
			for _, budget := range []int{9_000, report.LeastBudget} {
				p, found := bigPlan(25), findings()
				poison(p, s, all)
				poison(&found, s, all)
				for name, page := range comments(p, found, s, budget) {
					checkText(t, page)
					skeleton(t, page)
					if len(page) > budget {
						t.Errorf("%s of %q: %d bytes of %d", name, s, len(page), budget)
					}
				}
			}
		}
	}
}

// TestMarkdownCheckBites proves that the check above sees what it is there to see.
func TestMarkdownCheckBites(t *testing.T) {
	plain := skeleton(t, "| a |\n| --- |\n| `x` |\n")
	for _, page := range []string{"| a |\n| --- |\n| *x* |\n", "| a |\n| --- |\n| `x |\n", "# a\n"} {
		if skeleton(t, page) == plain {
			t.Errorf("%q has the structure of a harmless page", page)
		}
	}
	if !slices.Contains(strings.Fields(plain), "4CodeSpan") {
		t.Errorf("no code span in %s", plain)
	}
}

// TestMarkdownKeepsValues reads values back from the page: what a reader sees is what was drawn.
func TestMarkdownKeepsValues(t *testing.T) {
	for _, s := range report.Hostile() {
		if s == "" || strings.Contains(s, `\|`) {
			continue // shown as a pair of quotes, and as \u{7c}
		}
		page := "| a |\n| --- |\n| " + report.MarkdownCell(s) + " |\n\n" + report.MarkdownSpan(s) + "\n"
		source := []byte(page)
		root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
		var spans []string
		ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if span, ok := n.(*ast.CodeSpan); ok && entering {
				spans = append(spans, value(span, source))
			}
			return ast.WalkContinue, nil
		})
		want := report.Terminal(s)
		if !slices.Equal(spans, []string{want, want}) {
			t.Errorf("%q reads back as %q", s, spans)
		}
	}
}

func value(span ast.Node, source []byte) string {
	var b strings.Builder
	for c := span.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.Write(c.Value(source))
		case *ast.String:
			b.Write(c.Value)
		}
	}
	return b.String()
}

// JSON keeps every value, and shows none that cannot be seen.
func TestJSONIsInertAndKeepsValues(t *testing.T) {
	for _, s := range report.Hostile() {
		valid := strings.ToValidUTF8(s, "\ufffd")
		doc := report.FailureJSON("failed", fmt.Errorf("%s", valid), []string{valid}, nil)
		checkJSONText(t, doc)
		checkCommands(t, string(doc), 0)
		var d report.Document
		if err := json.Unmarshal(doc, &d); err != nil {
			t.Fatalf("%q: %v in %s", s, err, doc)
		}
		if d.Error != valid || d.Complete || d.ExitReason != "failed" {
			t.Errorf("%q reads back as %+v", valid, d)
		}
	}
}

func checkJSONText(t *testing.T, doc []byte) {
	t.Helper()
	for _, r := range string(doc) {
		if r != '\n' && !unicode.IsPrint(r) {
			t.Fatalf("%U in %q", r, doc)
		}
	}
}

// ours reports whether a text is a word of our own, which says what a page has on it where it stands in a
// field that is there for such words.
func ours(s string) bool {
	switch plan.Action(s) {
	case plan.Create, plan.Update, plan.Delete, plan.Replace:
		return true
	}
	switch plan.ExitReason(s) {
	case plan.NoChanges, plan.Changes, plan.Blocked, apply.ReasonApplied, apply.ReasonPartial, apply.ReasonStale, apply.ReasonAuth,
		apply.ReasonFailed, apply.ReasonInterrupted:
		return true
	}
	switch access.Verdict(s) {
	case access.None, access.Gains, access.Loses, access.Both, access.Unsure:
		return true
	}
	return slices.Contains([]string{
		plan.KindRole, plan.KindTeam, plan.KindMember, string(plan.ThisChange), string(plan.AlreadyPending), string(plan.Drift),
		string(plan.High), string(plan.Medium), string(apply.Unknown), string(apply.NotAttempted), string(role.Allow), string(role.Deny),
	}, s) || slices.ContainsFunc(phases, func(p plan.Phase) bool { return string(p) == s })
}

var phases = []plan.Phase{
	plan.PhaseCreate, plan.PhaseFirst, plan.PhaseWiden, plan.PhaseTeam, plan.PhaseAssign, plan.PhaseMixed, plan.PhaseReassign,
	plan.PhaseUnassign, plan.PhaseNarrow, plan.PhaseDelete,
}

func FuzzPlan(f *testing.F) {
	for _, s := range report.Hostile() {
		f.Add(s, false)
		f.Add(s, true)
	}
	harmless := map[bool]string{}
	f.Fuzz(func(t *testing.T, s string, all bool) {
		defer fuzzing.Timed(t)()
		if s == "" || ours(s) {
			return
		}
		if harmless[all] == "" {
			harmless[all] = skeleton(t, drawPlan(t, "harmless", all, report.Markdown))
		}
		checkText(t, drawPlan(t, s, all, report.Text))
		page := drawPlan(t, s, all, report.Markdown)
		if got := skeleton(t, page); got != harmless[all] {
			t.Fatalf("%q changes the page:\n got %s\nwant %s", s, got, harmless[all])
		}
	})
}

func drawPlan(t *testing.T, s string, all bool, f report.Format) string {
	t.Helper()
	p := richPlan()
	p.People = concernedPlan(0).People
	poison(p, s, all)
	var b bytes.Buffer
	if err := report.Plan(&b, p, f, report.Options{Color: f == report.Text}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func FuzzComment(f *testing.F) {
	for _, s := range report.Hostile() {
		f.Add(s, 0)
		f.Add(s, report.LeastBudget|1)
	}
	draw := func(s string, budget int) map[string]string {
		p, found := causedPlan(), findings()
		poison(p, s, false)
		poison(&found, s, false)
		return comments(p, found, s, budget)
	}
	harmless := map[string]string{}
	f.Fuzz(func(t *testing.T, s string, budget int) {
		defer fuzzing.Timed(t)()
		if s == "" || ours(s) {
			return
		}
		if len(harmless) == 0 {
			for name, page := range draw("harmless", 0) {
				harmless[name] = skeleton(t, page)
			}
		}
		if budget%2 == 0 { // as much as there is
			for name, page := range draw(s, 0) {
				checkText(t, page)
				if got := skeleton(t, page); got != harmless[name] {
					t.Fatalf("%q changes the page of %s:\n got %s\nwant %s", s, name, got, harmless[name])
				}
			}
			return
		}
		budget = max(report.LeastBudget, budget%70_000)
		for name, page := range draw(s, budget) {
			checkText(t, page)
			skeleton(t, page)
			if len(page) > budget {
				t.Fatalf("%s of %q: %d bytes of %d", name, s, len(page), budget)
			}
		}
	})
}
