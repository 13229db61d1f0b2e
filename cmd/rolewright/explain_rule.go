package main

import (
	"regexp"
	"strings"

	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/report"
)

// ruleCode is what the code of a lint rule looks like, in any case.
var ruleCode = regexp.MustCompile(`^(?i)LD[0-9]+$`)

// explainRule prints the page of a lint rule. It asks neither files nor an account.
func (a *app) explainRule(code string, o explainOptions) error {
	if o.live || o.snapshot != "" || len(o.attributes) > 0 {
		return usage("rolewright explain "+code, "a rule is the same for every account: --live, --snapshot and --attribute go with a role")
	}
	rule, known := lint.Explain(strings.ToUpper(code))
	if !known {
		return a.noRule(code)
	}
	return report.Rule(a.out, rule, o.format.value)
}

// noRule is the failure of a code that no rule has.
func (a *app) noRule(code string) error {
	hint := "the rules are listed at " + lint.PageURL("README")
	if near := lint.NearestCode(code); near != "" {
		hint = "did you mean " + near + "?"
	}
	f := usage(hint, "there is no lint rule %q", code)
	asFailure(f).hints = append(asFailure(f).hints, "rolewright explain --role "+code+" explains the role with that key")
	return f
}
