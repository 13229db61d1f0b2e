package report

// Annotations are commands to the runner of GitHub Actions, which shows them beside the lines of a
// pull request:
//
//	::error file=roles/ops.yaml,line=5,col=13,title=schema/enum::effect "alow" is not valid
//
// A command is one line. In its text "%", CR and LF are written %25, %0D and %0A, in its properties
// ":" and "," too. GitHub shows ten of each severity per step and drops the others without a word,
// so the choice is made here, and the last one says how many there are beside it.

import (
	"cmp"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// AnnotationOptions say where the files of findings are. The zero value is for a workspace at the
// root of the repository.
type AnnotationOptions struct {
	// Prefix is the folder of the workspace in the repository, slash-separated.
	Prefix string
}

// MostAnnotations is how many annotations of one severity GitHub shows of a step.
const MostAnnotations = 10

// Annotations writes the heaviest findings as annotations, those of different files first. The
// error is the writer's.
func Annotations(w io.Writer, findings []diag.Finding, o AnnotationOptions) error {
	var b strings.Builder
	for _, s := range []diag.Severity{diag.Error, diag.Warning, diag.Info} {
		var same []diag.Finding
		for _, f := range findings {
			if f.Severity == s {
				same = append(same, f)
			}
		}
		annotate(&b, fairly(same), o)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// RiskFindings returns a warning for each change of high risk, at the statement that is responsible.
func RiskFindings(p *plan.Plan) []diag.Finding {
	var risky []diag.Finding
	for _, c := range p.Changes {
		for _, r := range c.Risk {
			if isHigh(r) {
				risky = append(risky, riskFinding(c, r))
			}
		}
	}
	return risky
}

// GateFindings returns what a plan's workspace asserts and the plan does not keep, at its place in the
// files: findings of lint, and refusals because of access tests and what they say of changes.
func GateFindings(p *plan.Plan) []diag.Finding {
	found := slices.Clone(p.Findings)
	for _, b := range p.Blocks {
		if b.Guard == plan.GuardAccessTest || b.Guard == plan.GuardChanges {
			found = append(found, blockFinding(b))
		}
	}
	return found
}

// blockFinding is a refusal. The first line of what led to it says most: it is a counterexample.
func blockFinding(b plan.Block) diag.Finding {
	f := diag.Finding{Severity: diag.Error, Code: "guard/" + string(b.Guard), Message: b.Message, Hint: b.Hint}
	if b.Declared != nil {
		f.Pos = diag.Position{File: b.Declared.File, Line: b.Declared.Line}
	}
	if len(b.Detail) > 0 && !strings.Contains(b.Message, strings.TrimPrefix(b.Detail[0], "for example ")) {
		f.Message += ", " + b.Detail[0]
	}
	if f.Hint == "" && b.Flag != "" {
		f.Hint = "to let it through: " + b.Flag
	}
	return f
}

func riskFinding(c plan.Change, r plan.Risk) diag.Finding {
	f := diag.Finding{
		Severity: diag.Warning, Code: "high risk: " + r.Code,
		Message: fmt.Sprintf("%s of role %s %s", verbOf(c.Action).plain, item(c.Key), r.Why),
	}
	if isHolder(c.Kind) {
		f.Message = fmt.Sprintf("%s of %s %s: %s", verbOf(c.Action).plain, c.Kind, item(c.Key), r.Why)
	}
	if c.Declared != nil {
		f.Pos = diag.Position{File: c.Declared.File, Line: c.Declared.Line}
	}
	if c.Access == nil {
		return f
	}
	for _, l := range c.Access.Gained {
		for _, b := range l.Because {
			if b.Source != "" {
				f.Pos.File, f.Pos.Line = splitPlace(b.Source)
				f.Message += ": it gains " + l.Text
				return f
			}
		}
	}
	return f
}

// fairly orders findings so that each file has its first one before any has its second.
func fairly(findings []diag.Finding) []diag.Finding {
	type turn struct {
		n int
		f diag.Finding
	}
	var turns []turn
	seen := map[string]int{}
	for _, f := range findings {
		turns = append(turns, turn{seen[f.Pos.File], f})
		seen[f.Pos.File]++
	}
	slices.SortStableFunc(turns, func(a, b turn) int { return cmp.Compare(a.n, b.n) })
	var out []diag.Finding
	for _, t := range turns {
		out = append(out, t.f)
	}
	return out
}

// annotate writes the findings that are shown. They are of one severity.
func annotate(b *strings.Builder, findings []diag.Finding, o AnnotationOptions) {
	show := min(len(findings), MostAnnotations)
	for i, f := range findings[:show] {
		text := annotationText(f)
		if more := len(findings) - show; more > 0 && i == show-1 {
			text = append(text, fmt.Sprintf("(and %s that GitHub does not show here)", count(more, "more "+f.Severity.String())))
		}
		fmt.Fprintf(b, "::%s%s::%s\n", annotationLevel(f.Severity), annotationProperties(f, o), commandData(strings.Join(text, "\n")))
	}
}

func annotationLevel(s diag.Severity) string {
	if s == diag.Info {
		return "notice"
	}
	return s.String()
}

func annotationText(f diag.Finding) []string {
	text := []string{Terminal(elide(f.Message, longest))}
	for _, r := range f.Related {
		text = append(text, "see "+Terminal(elide(r.Pos.String()+": "+r.Message, longest)))
	}
	if f.Hint != "" {
		text = append(text, "hint: "+Terminal(elide(f.Hint, longest)))
	}
	return text
}

// annotationProperties returns the place and the code of a finding, with a space before them.
func annotationProperties(f diag.Finding, o AnnotationOptions) string {
	var parts []string
	if f.Pos.File != "" {
		parts = append(parts, "file="+commandProperty(path.Join(o.Prefix, f.Pos.File)))
		if f.Pos.Line > 0 {
			parts = append(parts, fmt.Sprintf("line=%d", f.Pos.Line))
		}
		if f.Pos.Line > 0 && f.Pos.Column > 0 {
			parts = append(parts, fmt.Sprintf("col=%d,endColumn=%d", f.Pos.Column, f.Pos.Column+max(1, f.Length)))
		}
	}
	if f.Code != "" {
		parts = append(parts, "title="+commandProperty(f.Code))
	}
	if len(parts) == 0 {
		return ""
	}
	return " " + strings.Join(parts, ",")
}

var dataEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")

// commandData returns s, which has been through [Terminal], as the text of a command.
func commandData(s string) string { return dataEscapes.Replace(s) }

var propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")

// commandProperty returns s as the value of a property of a command.
func commandProperty(s string) string {
	return propertyEscapes.Replace(Terminal(elide(s, longest)))
}
