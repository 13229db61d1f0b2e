// Package lint finds what is probably wrong in the policies of desired roles, and in who they are
// given to: text that LaunchDarkly refuses, words that it does not know, selectors that select
// nothing, statements that do nothing or do more than they seem to, role attributes that nobody
// fills in.
//
// Invariant: one finding per mistake, at the element that is wrong, with a way out. A word that
// the catalogue lacks is a warning, since LaunchDarkly adds words every month; a word that is
// nearly a known one is an error. What a rule says of the meaning of a policy is proved by package
// access, or it is said that it could not be. The same input gives the same findings in the same
// order.
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
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Needs says what a rule has to know beside the files. Values add up: NeedsInventory|NeedsPeople.
type Needs int

// What a rule may need.
const (
	NeedsFiles     Needs = 0
	NeedsInventory Needs = 1 // Input.Inventory
	NeedsPeople    Needs = 2 // Input.People
)

// Rule is one check. Exactly one of Run and Prove is set, or People alone.
type Rule struct {
	Code     string        // stable: "LD003"
	Title    string        // what it reports, in a few words
	Severity diag.Severity // the heaviest that it reports
	Needs    Needs
	Doc      string // why it matters and what to do, in Markdown
	// Bad is a workspace that shows it, as txtar, and Good is the same put right.
	Bad, Good string
	// Run looks at everything at once and reports through the pass.
	Run func(*Pass)
	// Prove looks at one role by itself, with what can be proved of it. What it reports may depend on
	// the role, the settings, the semantics and the inventory only: it is remembered (see [Cache]).
	Prove func(*Pass, *Proof)
	// People, if set, is what the rule looks for in what members hold together, where Input.People is
	// known.
	People func(*Pass) []watch
}

// Input is what there is to check.
type Input struct {
	Files Files
	// Semantics is what LaunchDarkly leaves open; the zero value stands for the default.
	Semantics policy.Semantics
	Settings  Settings
	// Inventory is what exists in the account; nil is not known.
	Inventory *role.Inventory
	// People is the account as it is, or as the plan leaves it; nil is not known.
	People *people.Account
	// Focus is what changes, if only that is to be judged; nil is everything.
	Focus *Focus
	// Cache remembers what was proved of roles in earlier runs; nil is none.
	Cache *Cache
}

// Result is what a run found.
type Result struct {
	Findings []diag.Finding // sorted
	NotRun   []string       // codes of the rules that had to know more, see Rule.Needs
}

// Rules returns all rules by code. LD000 is no rule (see [CheckDisabled] and [CheckSettings]); LD009, duplicates, is
// found by package manifest.
func Rules() []Rule {
	return []Rule{
		ld001, ld002, ld003, ld004, ld005, ld006, ld007, ld008, ld010,
		// by proof, and about holders
		ld101, ld102, ld103, ld104, ld105, ld106, ld107, ld108, ld109, ld110,
		ld111, ld112, ld113, ld114, ld115, ld116, ld117, ld118, ld119,
		// about what access lets people do to each other
		ld201, ld202, ld203, ld204, ld205, ld206, ld207, ld208, ld209, ld210, ld211,
	}
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

// Run checks roles that nobody is given, of an account that is not known, by the default settings.
func Run(roles []role.Desired, disable []string) []diag.Finding {
	return RunAll(Input{Files: Files{Roles: roles}, Settings: DefaultSettings()}, disable).Findings
}

// RunAll checks the input with every rule whose code is not in disable.
func RunAll(in Input, disable []string) Result {
	return newPass(in).run(in, disable)
}

func (p *Pass) run(in Input, disable []string) Result {
	off := func(code string) bool { return slices.Contains(disable, code) }
	p.checkSettings()
	var result Result
	var proving []Rule
	for _, rule := range Rules() {
		switch {
		case off(rule.Code) && !aboutWords(rule.Code):
		case rule.Needs&^in.knows() != 0:
			result.NotRun = append(result.NotRun, rule.Code)
		case rule.Prove != nil:
			proving = append(proving, rule)
		case rule.Run != nil:
			p.rule = rule
			rule.Run(p)
		}
	}
	p.prove(proving)
	p.ofPeople(disable)
	result.Findings = slices.DeleteFunc(p.findings, func(f diag.Finding) bool { return off(f.Code) })
	diag.Sort(result.Findings)
	return result
}

// ofPeople runs what rules look for in what members hold together, if these are known.
func (p *Pass) ofPeople(disable []string) {
	var list []watch
	for _, rule := range Rules() {
		if rule.People == nil || p.People == nil || slices.Contains(disable, rule.Code) {
			continue
		}
		for _, w := range rule.People(p) {
			w.rule = rule
			list = append(list, w)
		}
	}
	if len(list) > 0 {
		p.watchMembers(list)
	}
}

// aboutWords reports whether a rule is one about the words of a policy. These run even if what they
// find is not wanted, for the rules about its meaning keep silent where they find something.
func aboutWords(code string) bool { return code < "LD1" }

// AboutMeaning reports whether a code is that of a rule about what a policy means as a whole, and not
// about a word in it. That is of no interest while something in the file is an error.
func AboutMeaning(code string) bool { return !aboutWords(code) }

func (in Input) knows() Needs {
	known := NeedsFiles
	if in.Inventory != nil {
		known |= NeedsInventory
	}
	if in.People != nil {
		known |= NeedsPeople
	}
	return known
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

func didYouMean(text string) string { return fmt.Sprintf("did you mean %q?", text) }
