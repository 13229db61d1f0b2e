// Package lint finds what is probably wrong in the policies of desired roles, and in who they are
// given to: text that LaunchDarkly refuses, words that it does not know, selectors that select
// nothing, role attributes that nobody fills in.
//
// Invariant: one finding per mistake, at the element that is wrong, with a way out. A word that
// the catalogue lacks is a warning, since LaunchDarkly adds words every month; a word that is
// nearly a known one is an error. The same roles give the same findings in the same order.
//
// The package must not read files or repeat what package manifest finds (duplicates, characters
// outside ASCII in keys and names, missing fields). A rule is one file: its code, its page, its
// function.
package lint

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Rule is one check.
type Rule struct {
	Code     string        // stable: "LD003"
	Title    string        // what it reports, in a few words
	Doc      string        // why it matters and what to do, in Markdown
	Severity diag.Severity // the heaviest that it reports
	Run      func(*Pass)   // reports through the pass
}

// Rules returns all rules by code. LD000 is no rule (see [CheckDisabled]); LD009, duplicates, is
// found by package manifest.
func Rules() []Rule {
	return []Rule{ld001, ld002, ld003, ld004, ld005, ld006, ld007, ld008, ld010, ld011, ld012}
}

// Explain returns the rule with that code.
func Explain(code string) (Rule, bool) {
	rules := Rules()
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.Code == code })
	if i < 0 {
		return Rule{}, false
	}
	return rules[i], true
}

// Run is [RunAll] for roles that nobody is given.
func Run(roles []role.Desired, disable []string) []diag.Finding {
	return RunAll(Files{Roles: roles}, disable)
}

// RunAll checks what files declare with every rule whose code is not in disable, and returns what
// they found, sorted.
func RunAll(files Files, disable []string) []diag.Finding {
	p := newPass(files)
	for _, rule := range Rules() {
		if !slices.Contains(disable, rule.Code) {
			p.rule = rule
			rule.Run(p)
		}
	}
	diag.Sort(p.findings)
	return p.findings
}

// CheckDisabled returns a warning, LD000, for every code in disable that no rule has: whoever
// wrote it believes that something is switched off. at says where the code at an index stands.
func CheckDisabled(disable []string, at func(index int) diag.Position) []diag.Finding {
	var codes []string
	for _, rule := range Rules() {
		codes = append(codes, rule.Code)
	}
	var findings []diag.Finding
	for i, code := range disable {
		if slices.Contains(codes, code) {
			continue
		}
		findings = append(findings, diag.Finding{
			Severity: diag.Warning, Code: "LD000", Pos: at(i), Length: utf8.RuneCountInString(code),
			Message: fmt.Sprintf("there is no lint rule %q to disable", code),
			Hint:    fmt.Sprintf("remove it; the rules are %s to %s", codes[0], codes[len(codes)-1]),
		})
	}
	return findings
}

// Pass is what a rule looks at and reports to: the statements of all roles and those who hold them,
// read once for all rules.
type Pass struct {
	Catalogue  *policy.Catalogue
	Statements []Statement
	rule       Rule
	findings   []diag.Finding
	resources  map[string]reading
	actions    map[actionKey]verdict
	holders    []holder
	byRole     map[string][]Statement    // of the first role with each key
	attributes map[string]map[string]use // by role and name; see uses
	unread     map[string]bool           // roles with a specifier that is malformed
}

func newPass(files Files) *Pass {
	roles := files.Roles
	p := &Pass{
		Catalogue: policy.DefaultCatalogue(),
		resources: map[string]reading{},
		actions:   map[actionKey]verdict{},
		holders:   files.holders(), byRole: map[string][]Statement{}, attributes: map[string]map[string]use{}, unread: map[string]bool{},
	}
	for i := range roles {
		first := len(p.Statements)
		for n := range roles[i].Policy {
			p.Statements = append(p.Statements, p.statement(&roles[i], n))
		}
		if _, taken := p.byRole[roles[i].Key]; !taken && !roles[i].Absent {
			p.byRole[roles[i].Key] = p.Statements[first:len(p.Statements):len(p.Statements)]
		}
	}
	return p
}

// report adds a finding of the running rule about text at pos.
func (p *Pass) report(s diag.Severity, pos diag.Position, text, message, hint string) *diag.Finding {
	p.findings = append(p.findings, diag.Finding{
		Severity: s, Code: p.rule.Code, Message: message, Hint: hint,
		Pos: pos, Length: utf8.RuneCountInString(text),
	})
	return &p.findings[len(p.findings)-1]
}

func didYouMean(text string) string { return fmt.Sprintf("did you mean %q?", text) }
