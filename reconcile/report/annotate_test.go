package report_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

// runnerCommand is a command as GitHub's runner understands a line.
type runnerCommand struct {
	name       string
	properties map[string]string
	data       string
}

// parseCommand reads a line as the runner does (ActionCommand.cs): first the present form, then the
// legacy one, which may stand anywhere in a line. It knows every command of the runner's.
func parseCommand(line string) (runnerCommand, bool) {
	if c, ok := parseV2(line); ok {
		return c, true
	}
	return parseV1(line)
}

var runnerNames = []string{
	"error", "warning", "notice", "debug", "group", "endgroup", "echo", "add-mask", "add-matcher", "remove-matcher",
	"set-env", "set-output", "save-state", "add-path", "internal-set-repo-path", "stop-commands",
}

func parseV2(line string) (runnerCommand, bool) {
	line = strings.TrimLeft(line, " \t\v\f\r\u00a0\u2028\u2029\u0085\u3000")
	if !strings.HasPrefix(line, "::") {
		return runnerCommand{}, false
	}
	info, data, found := strings.Cut(line[2:], "::")
	if !found {
		return runnerCommand{}, false
	}
	return build(info, data, ",", strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%"),
		strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%"))
}

func parseV1(line string) (runnerCommand, bool) {
	_, rest, found := strings.Cut(line, "##[")
	if !found {
		return runnerCommand{}, false
	}
	info, data, found := strings.Cut(rest, "]")
	if !found {
		return runnerCommand{}, false
	}
	unescape := strings.NewReplacer("%3B", ";", "%0D", "\r", "%0A", "\n", "%5D", "]")
	return build(info, data, ";", unescape, unescape)
}

func build(info, data, separator string, property, text *strings.Replacer) (runnerCommand, bool) {
	name, rest, _ := strings.Cut(info, " ")
	c := runnerCommand{name: name, properties: map[string]string{}, data: text.Replace(data)}
	for part := range strings.SplitSeq(strings.TrimSpace(rest), separator) {
		if k, v, found := strings.Cut(part, "="); found {
			c.properties[k] = property.Replace(v)
		}
	}
	return c, slices.Contains(runnerNames, strings.ToLower(name))
}

// checkCommands fails unless the runner takes exactly want lines of out for commands, all of them
// annotations, and returns those.
func checkCommands(t interface {
	Helper()
	Fatalf(string, ...any)
}, out string, want int,
) []runnerCommand {
	t.Helper()
	var found []runnerCommand
	for line := range strings.SplitSeq(strings.NewReplacer("\r", "\n").Replace(out), "\n") {
		c, ok := parseCommand(line)
		if !ok {
			continue
		}
		if !slices.Contains([]string{"error", "warning", "notice"}, c.name) {
			t.Fatalf("command %q in %q", c.name, line)
		}
		for k := range c.properties {
			if !slices.Contains([]string{"file", "line", "col", "endColumn", "title"}, k) {
				t.Fatalf("property %q in %q", k, line)
			}
		}
		found = append(found, c)
	}
	if len(found) != want {
		t.Fatalf("%d commands, want %d, in\n%s", len(found), want, out)
	}
	return found
}

// TestRunnerParserBites proves that the copy of the runner's parser sees what it is there to see.
func TestRunnerParserBites(t *testing.T) {
	for _, line := range []string{
		"::error::x", "  ::stop-commands::x", "text ##[error]x", "::add-mask::x", "::set-output name=a::b", "##[add-path]/x", "::ERROR::x",
	} {
		if _, ok := parseCommand(line); !ok {
			t.Errorf("%q is no command", line)
		}
	}
	for _, line := range []string{"text ::error::x", ":error::x", "::error", "::unknown::x", "## [error]x"} {
		if c, ok := parseCommand(line); ok {
			t.Errorf("%q is the command %+v", line, c)
		}
	}
	c, _ := parseCommand("::error file=a%2Cb%3Ac%25,line=3,title=x::m%0An%25")
	if c.properties["file"] != "a,b:c%" || c.properties["line"] != "3" || c.data != "m\nn%" {
		t.Errorf("got %+v", c)
	}
}

func annotations(t *testing.T, findings []diag.Finding, prefix string) string {
	t.Helper()
	var b bytes.Buffer
	if err := report.Annotations(&b, findings, report.AnnotationOptions{Prefix: prefix}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAnnotations(t *testing.T) {
	want := `::error file=access/roles/ops.yaml,line=5,col=13,endColumn=17,title=schema/enum::effect "alow" is not valid (want "allow" or "deny")%0Ahint: did you mean "allow"?
::error file=access/roles/second.yaml,line=2,col=6,endColumn=9,title=role/duplicate-key::key "ops" is declared twice%0Asee roles/ops.yaml:2:6: "ops" is first declared here
::warning file=access/roles/second.yaml,line=9,title=LD003::the statement repeats statement 1
::notice file=access/roles,title=file/none::the workspace has no role
`
	if got := annotations(t, findings(), "access"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	bare := []diag.Finding{{Message: "100% wrong"}}
	if got := annotations(t, bare, "access"); got != "::error::100%25 wrong\n" {
		t.Errorf("got %q", got)
	}
	if got := annotations(t, nil, ""); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestAnnotationsAreSharedOut(t *testing.T) {
	var found []diag.Finding
	for i := range 30 {
		found = append(found, diag.Finding{Severity: diag.Error, Message: "e", Pos: diag.Position{File: "many.yaml", Line: i + 1}})
	}
	for i := range 3 {
		found = append(found, diag.Finding{Severity: diag.Error, Message: "e", Pos: diag.Position{File: fmt.Sprintf("%d.yaml", i), Line: 1}})
	}
	for i := range 11 {
		found = append(found, diag.Finding{Severity: diag.Warning, Message: "w", Pos: diag.Position{File: "many.yaml", Line: i + 1}})
	}
	commands := checkCommands(t, annotations(t, found, ""), 20)
	var files []string
	for _, c := range commands {
		files = append(files, c.name+" "+c.properties["file"]+":"+c.properties["line"])
	}
	want := []string{"error many.yaml:1", "error 0.yaml:1", "error 1.yaml:1", "error 2.yaml:1", "error many.yaml:2"}
	if !slices.Equal(files[:5], want) {
		t.Errorf("got %q", files)
	}
	if got := commands[9].data; got != "e\n(and 23 more errors that GitHub does not show here)" {
		t.Errorf("the last error says %q", got)
	}
	if got := commands[19].data; got != "w\n(and 1 more warning that GitHub does not show here)" {
		t.Errorf("the last warning says %q", got)
	}
}

func TestRiskFindings(t *testing.T) {
	p := richPlan()
	p.Changes[0].Risk = []plan.Risk{{Code: "escalation", Level: plan.High, Why: "lets somebody change who may do what"}}
	p.Changes[3].Risk = []plan.Risk{{Code: "account", Level: plan.High, Why: "reaches the account itself"}}
	p.Changes[3].Declared = nil
	p.Changes[1].Risk = []plan.Risk{{Code: "delete", Level: plan.Medium, Why: "deletes things"}}
	var b bytes.Buffer
	if err := report.Annotations(&b, report.RiskFindings(p), report.AnnotationOptions{Prefix: "access"}); err != nil {
		t.Fatal(err)
	}
	want := `::warning file=access/roles/flag-operator.yaml,line=2,title=high risk%3A escalation::create of role flag-operator lets somebody change who may do what
::warning file=access/roles/release-manager.yaml,line=12,title=high risk%3A critical::update of role release-manager reaches critical environments: it gains updateRules, updateScheduledChanges on proj/web:env/production:flag/* except proj/web:env/*:flag/*;pci
::warning title=high risk%3A account::delete of role old-releaser reaches the account itself
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// Whatever the data holds, the runner sees our commands and no others, and reads back what was meant.
func TestAnnotationsAreInert(t *testing.T) {
	check := func(t interface {
		Helper()
		Fatalf(string, ...any)
	}, s string,
	) {
		f := diag.Finding{
			Code: s, Message: s, Hint: s, Source: s, Pos: diag.Position{File: s, Line: 3, Column: 2},
			Related: []diag.Related{{Pos: diag.Position{File: s}, Message: s}},
		}
		var b bytes.Buffer
		if err := report.Annotations(&b, []diag.Finding{f}, report.AnnotationOptions{Prefix: "a"}); err != nil {
			t.Fatalf("%v", err)
		}
		c := checkCommands(t, b.String(), 1)[0]
		first, _, _ := strings.Cut(c.data, "\n")
		if len(s) < 2_000 && (c.properties["title"] != strings.TrimRight(report.Terminal(s), " ") || first != report.Terminal(s)) {
			t.Fatalf("%q reads back as %+v", s, c)
		}
		if s != "" && c.properties["line"] != "3" {
			t.Fatalf("%q: the line is %q", s, c.properties["line"])
		}
	}
	for _, s := range report.Hostile() {
		check(t, s)
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{
			"::", ":", ",", "%", "%0A", "%25", "\n", "\r", "##[", "#", "[", "]", "error", "add-mask", " ", "=", ";", "x", "\u2028",
		})).Draw(t, "parts")
		check(t, strings.Join(parts, ""))
	})
}

// Text that is not ours stays as it is but for its commands.
func TestInertText(t *testing.T) {
	for in, want := range map[string]string{
		"":                                 "",
		"+ a: 1\n  b ::error::x\n":         "+ a: 1\n  b ::error::x\n",
		"::error::x\n":                     "\\u{3a}:error::x\n",
		" a\n \t\u2003::error::x\n::y":     " a\n \t\u2003\\u{3a}:error::x\n\\u{3a}:y",
		"a\r::add-mask::x":                 "a\r\\u{3a}:add-mask::x",
		"+  ##[error]x ##[y]":              `+  ##\u{5b}error]x ##\u{5b}y]`,
		"\n\n \u0085 ::stop-commands::x\n": "\n\n \u0085 \\u{3a}:stop-commands::x\n",
	} {
		if got := report.Inert(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.SampledFrom([]string{
			"::", ":", "error", "\n", "\r", "##[", "#", "[", "]", " ", "\t", "\u00a0", "\u2028", "\u3000", "\v", "\f", "x",
		})).Draw(t, "parts")
		checkCommands(t, report.Inert(strings.Join(parts, "")), 0)
	})
}

// Everything else that is drawn holds no command, whatever the data.
func TestTextHoldsNoCommand(t *testing.T) {
	for _, s := range report.Hostile() {
		for _, f := range report.Formats() {
			for _, drawn := range drawings(t, s, true, f, report.Options{}) {
				checkCommands(t, drawn, 0)
			}
		}
	}
}
