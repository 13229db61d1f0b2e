package lint

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/diag"
)

func TestExampleFiles(t *testing.T) {
	got := ExampleFiles("a comment\n-- roles/a.yaml --\nkind: Role\n-- no mark\n--  b c.yaml  --\r\n-- --\nx")
	want := []ExampleFile{{"roles/a.yaml", "kind: Role\n-- no mark\n"}, {"b c.yaml", "-- --\nx"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := ExampleFiles(""); got != nil {
		t.Errorf("%v", got)
	}
}

func TestRulePage(t *testing.T) {
	rule := Rule{
		Code: "LD999", Title: "a title", Severity: diag.Warning, Needs: NeedsPeople, Doc: " Why.\n",
		Bad: "-- a.yaml --\nx: 1\n-- account.json --\n{}\n", Good: "-- a.yaml --\nx: \"```\"\n",
	}
	want := "# LD999: a title\n\nSeverity: warning at most. Needs the files, and who holds what in the account; `plan` reports it; `validate` does not ask the account.\n\n" +
		"Why.\n\n## What it reports\n\n`a.yaml`\n\n```yaml\nx: 1\n```\n\n`account.json`\n\n```json\n{}\n```\n\n```text\nthe output\n```\n\n" +
		"## Put right\n\n`a.yaml`\n\n````yaml\nx: \"```\"\n````\n\n" +
		"## Allow it\n\nBehind the line, or above the element, statement or document that it is about:\n\n```yaml\n# rolewright:allow LD999 until 2027-01-01: the reason\n```\n\n"
	if got := RulePage(rule, "the output\n"); !strings.HasPrefix(got, want) {
		t.Error(cmp.Diff(want, got))
	}
	rule.Code = ld001.Code
	if got := RulePage(rule, ""); !strings.Contains(got, "It cannot be allowed") || strings.Contains(got, "rolewright:allow") {
		t.Error(got)
	}
}

func TestRuleIndex(t *testing.T) {
	got := RuleIndex([]Rule{{Code: "LD1", Title: "a | b", Severity: diag.Error}, {Code: "LD2", Needs: NeedsPeople}})
	for _, row := range []string{"| [LD1](LD1.md) | error | files | a \\| b |\n", "| [LD2](LD2.md) | error | account |  |\n"} {
		if !strings.Contains(got, row) {
			t.Errorf("%q is missing in\n%s", row, got)
		}
	}
}

func TestNeedsInWords(t *testing.T) {
	seen := map[string]bool{}
	for _, n := range []Needs{NeedsFiles, NeedsInventory, NeedsPeople, NeedsInventory | NeedsPeople} {
		seen[n.String()] = true
	}
	if len(seen) != 4 {
		t.Errorf("%v", seen)
	}
}

// TestPagesAreThere: every rule has its page, and there is none of a rule that there is not.
func TestPagesAreThere(t *testing.T) {
	for _, r := range Rules() {
		if page := Page(r.Code); !strings.HasPrefix(page, "# "+r.Code+": "+r.Title+"\n") {
			t.Errorf("the page of %s is missing or another's; run go generate ./reconcile/lint", r.Code)
		}
	}
	for _, code := range []string{"LD000", "../rules/LD105", ""} {
		if page := Page(code); page != "" {
			t.Errorf("%q has a page", code)
		}
	}
}
