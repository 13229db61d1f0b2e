package lint

import (
	"embed"
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
)

//go:generate go test ../../cmd/rolewright -run ^TestRulePages$ -update

// Each rule has a page in the repository, rules/CODE.md, which is what `rolewright explain CODE`
// prints and code scanning shows. A page is made from the rule and from what the program says of
// the rule's example; a test of the command makes them anew and compares, so that no page can lie.

//go:embed rules
var pages embed.FS

// pageHome is where the pages are read on the web.
const pageHome = "https://github.com/rolewright/rolewright/blob/main/reconcile/lint/rules/"

// Page returns the page of a rule, in Markdown; "" where there is none.
func Page(code string) string {
	data, err := pages.ReadFile("rules/" + code + ".md")
	if err != nil {
		return ""
	}
	return string(data)
}

// PageURL returns where the page of a rule is on the web.
func PageURL(code string) string { return pageHome + code + ".md" }

// An ExampleFile is one file of a rule's example.
type ExampleFile struct{ Name, Text string }

// ExampleFiles returns the files of a workspace that a rule has as its example. Text before the first
// file is a comment, and left out.
func ExampleFiles(archive string) (files []ExampleFile) {
	for line := range strings.Lines(archive) {
		name, isMark := exampleMark(line)
		switch {
		case isMark:
			files = append(files, ExampleFile{Name: name})
		case len(files) > 0:
			files[len(files)-1].Text += line
		}
	}
	return files
}

// exampleMark returns the name in a line as "-- roles/qa.yaml --".
func exampleMark(line string) (name string, ok bool) {
	line = strings.TrimRight(line, "\r\n")
	if !strings.HasPrefix(line, "-- ") || !strings.HasSuffix(line, " --") || len(line) < len("-- x --") {
		return "", false
	}
	return strings.TrimSpace(line[3 : len(line)-3]), true
}

// String says in words what a rule has to know.
func (n Needs) String() string {
	switch n {
	case NeedsFiles:
		return "the files"
	case NeedsInventory:
		return "the files, and which projects and environments the account has"
	case NeedsPeople:
		return "the files, and who holds what in the account"
	}
	return "the files, who holds what in the account, and which projects and environments it has"
}

// asks says which command runs a rule.
func (n Needs) asks() string {
	if n == NeedsFiles {
		return "`validate` reports it, and everything else that reads the files."
	}
	return "`plan` reports it; `validate` does not ask the account."
}

// RulePage returns the page of a rule, given what the program prints for its example.
func RulePage(r Rule, output string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: %s\n\n", r.Code, r.Title)
	fmt.Fprintf(&b, "Severity: %s at most. Needs %s; %s\n\n", r.Severity, r.Needs, r.Needs.asks())
	fmt.Fprintf(&b, "%s\n\n", strings.TrimSpace(r.Doc))
	b.WriteString("## What it reports\n\n")
	exampleBlocks(&b, r.Bad)
	b.WriteString(fenced("text", output))
	b.WriteString("## Put right\n\n")
	exampleBlocks(&b, r.Good)
	b.WriteString(allowPage(r.Code))
	return b.String()
}

// allowPage says how a finding of the rule is allowed.
func allowPage(code string) string {
	if !mayBeAllowed(code) {
		return "## Allow it\n\nIt cannot be allowed: LaunchDarkly refuses what it finds.\n"
	}
	return "## Allow it\n\nBehind the line, or above the element, statement or document that it is about:\n\n" +
		fenced("yaml", "# rolewright:allow "+code+" until 2027-01-01: the reason") +
		"`until` and its day may be left out; the reason may not. For whole roles `lint.allow` in `rolewright.yaml`\n" +
		"says the same, and `lint.disable` switches the rule off.\n"
}

// exampleBlocks draws the files of an example.
func exampleBlocks(b *strings.Builder, archive string) {
	for _, f := range ExampleFiles(archive) {
		language := "yaml"
		if strings.HasSuffix(f.Name, ".json") {
			language = "json"
		}
		fmt.Fprintf(b, "`%s`\n\n%s", f.Name, fenced(language, f.Text))
	}
}

// fenced returns text as a block of code.
func fenced(language, text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence + language + "\n" + strings.TrimRight(text, "\n") + "\n" + fence + "\n\n"
}

// RuleIndex returns the page that lists the rules.
func RuleIndex(rules []Rule) string {
	var b strings.Builder
	b.WriteString("# Lint rules\n\n" +
		"`rolewright explain CODE` prints these pages; they are made by `go generate ./reconcile/lint`.\n\n" +
		"| Rule | Severity | Needs | What it reports |\n|---|---|---|---|\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "| [%s](%s.md) | %s | %s | %s |\n", r.Code, r.Code, r.Severity, shortNeeds(r.Needs), strings.ReplaceAll(r.Title, "|", "\\|"))
	}
	b.WriteString("\n" + severities + "\n" + howToAllow)
	return b.String()
}

// howToAllow says once for all rules how findings are allowed.
var howToAllow = "## Findings that are meant\n\n" +
	"A comment says that findings of some rules are meant, and why:\n\n" +
	fenced("yaml", "resources:\n  - \"proj/*\"\n  - \"proj/web\" # rolewright:allow LD105 until 2027-01-01: the import writes both") +
	"- Behind a value it covers the findings on its line, and those in the key or element that it stands behind.\n" +
	"- On a line of its own it covers those in the key, element or document that follows.\n" +
	"- Several codes are parted by commas. `until` names the last day, UTC; without it there is no end. The reason is no choice.\n\n" +
	"`rolewright.yaml` says the same of whole roles, teams and members, by globs:\n\n" +
	fenced("yaml", "lint:\n  allow:\n    - {code: LD105, roles: [\"imported-*\"], until: 2027-01-01, reason: the import writes both}") +
	"What is allowed is counted, listed by `--verbose`, and a suppressed result in SARIF. Reported instead are: a comment that is not\n" +
	"understood, a code that no rule has, a day that has passed (with the findings), and whatever allows a finding that is not there.\n" +
	"What LD001 finds cannot be allowed, nor can what is wrong with the form of a file: such files would not be applied.\n"

func shortNeeds(n Needs) string {
	if n == NeedsFiles {
		return "files"
	}
	return "account"
}

var severities = fmt.Sprintf("An %s keeps the files from being planned, %s and %s do not. A rule may report lighter ones than its severity\n"+
	"where less is certain.\n", diag.Error, diag.Warning, diag.Info)
