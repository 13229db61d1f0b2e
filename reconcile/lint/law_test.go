package lint

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// genRole draws small roles whose statements overlap a lot.
func genRole() *rapid.Generator[role.Desired] {
	specifier := rapid.SampledFrom([]string{
		"proj/*", "proj/a", "proj/a*",
		"proj/*:env/*:flag/*", "proj/a:env/*:flag/*", "proj/*:env/*;{critical:true}:flag/*", "proj/a:env/*;{critical:false}:flag/*",
		"proj/*:env/p:flag/*;t", "proj/*:env/*:flag/*;t,u", "proj/*:env/*:flag/x*", "proj/${roleAttribute/r}:env/*:flag/*",
		"proj/a:env/*:segment/*", "team/*", "team/x",
	})
	action := rapid.SampledFrom([]string{"*", "view*", "viewProject", "updateOn", "update*", "updateTags", "*T*", "deleteFlag", "updateTeamMembers"})
	return rapid.Custom(func(t *rapid.T) role.Desired {
		d := role.Desired{Role: role.Role{Key: "r", BasePermissions: rapid.SampledFrom([]string{role.NoAccess, role.NoAccess, role.Reader}).Draw(t, "base")}}
		for range rapid.IntRange(1, 5).Draw(t, "n") {
			first := specifier.Draw(t, "resource")
			spec, _ := policy.Parse(first)
			of := specifier.Filter(func(text string) bool { other, _ := policy.Parse(text); return other.Kind() == spec.Kind() })
			resources := append(rapid.SliceOfN(of, 0, 2).Draw(t, "more"), first)
			actions := rapid.SliceOfN(action, 1, 3).Draw(t, "actions")
			s := role.Statement{Effect: rapid.SampledFrom([]role.Effect{role.Allow, role.Allow, role.Deny}).Draw(t, "effect")}
			if rapid.IntRange(0, 4).Draw(t, "notActions") == 0 {
				s.NotActions = actions
			} else {
				s.Actions = actions
			}
			if rapid.IntRange(0, 4).Draw(t, "notResources") == 0 {
				s.NotResources = resources
			} else {
				s.Resources = resources
			}
			d.Policy = append(d.Policy, s)
		}
		return placed(d)
	})
}

// placed gives every element of a role a position of its own.
func placed(d role.Desired) role.Desired {
	line := 1
	next := func() role.Pos { line++; return role.Pos{Line: line, Column: 1} }
	each := func(list []string) (at []role.Pos) {
		for range list {
			at = append(at, next())
		}
		return at
	}
	d.Source = role.Source{File: "r.yaml", Pos: role.Pos{Line: 1, Column: 1}}
	for _, s := range d.Policy {
		d.Source.Policy = append(d.Source.Policy, role.StatementSource{
			Pos: next(), Actions: each(s.Actions), NotActions: each(s.NotActions), Resources: each(s.Resources), NotResources: each(s.NotResources),
		})
	}
	return d
}

// apply carries out the removals of fixes. Pointers are into the role as it was.
func apply(r role.Role, fixes []*diag.Fix) role.Role {
	r = r.Clone()
	var pointers []string
	for _, f := range fixes {
		for _, e := range f.Edits {
			pointers = append(pointers, e.Pointer)
		}
	}
	// from the last to the first, elements before statements
	slices.SortFunc(pointers, func(a, b string) int {
		x, y := strings.Split(a, "/"), strings.Split(b, "/")
		if len(x) != len(y) {
			return len(y) - len(x)
		}
		for _, i := range []int{2, 4} {
			if i < len(x) {
				m, _ := strconv.Atoi(x[i])
				n, _ := strconv.Atoi(y[i])
				if m != n {
					return n - m
				}
			}
		}
		return 0
	})
	for _, p := range pointers {
		parts := strings.Split(p, "/")
		n, _ := strconv.Atoi(parts[2])
		if len(parts) == 3 {
			r.Policy = slices.Delete(r.Policy, n, n+1)
			continue
		}
		i, _ := strconv.Atoi(parts[4])
		list := r.Policy[n].List(parts[3])
		*list = slices.Delete(*list, i, i+1)
	}
	return r
}

var redundancy = []string{"LD101", "LD102", "LD103", "LD105"}

func redundancies(d role.Desired) []diag.Finding {
	return slices.DeleteFunc(Run([]role.Desired{d}, nil), func(f diag.Finding) bool { return !slices.Contains(redundancy, f.Code) || f.Fix == nil })
}

func compare(before, after role.Role) access.Verdict {
	e := access.New(policy.DefaultSemantics(), access.Budget{})
	return e.Compare(subject(before.BasePermissions, before.Policy...), subject(after.BasePermissions, after.Policy...)).Verdict()
}

// TestFixesChangeNothing: each fix of what is redundant by itself, and all of them together, leave the
// role equal, and the finding is gone.
func TestFixesChangeNothing(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		d := genRole().Draw(t, "role")
		list := redundancies(d)
		found += len(list)
		var fixes []*diag.Fix
		for _, f := range list {
			fixes = append(fixes, f.Fix)
			after := d
			after.Role = apply(d.Role, []*diag.Fix{f.Fix})
			if v := compare(d.Role, after.Role); v != access.None {
				t.Fatalf("%s: %s %s", v, f.Code, f.Message)
			}
			if again := redundancies(placed(after)); countCode(again, f.Code) > countCode(list, f.Code) {
				t.Fatalf("%s was fixed, and now there are\n%s", f.Message, render(again))
			}
		}
		if v := compare(d.Role, apply(d.Role, fixes)); v != access.None {
			t.Fatalf("%s after all fixes of\n%s", v, render(list))
		}
	})
	if !testing.Short() && found < 20 {
		t.Errorf("only %d findings", found)
	}
	t.Logf("%d findings", found)
}

// TestNothingIsMissed: a statement that is not reported makes a difference, among those of its effect
// that are not reported and all of the other effect.
func TestNothingIsMissed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := genRole().Draw(t, "role")
		all := Run([]role.Desired{d}, nil)
		if slices.ContainsFunc(all, func(f diag.Finding) bool {
			return aboutWords(f.Code) || f.Code == "LD104" || strings.Contains(f.Message, "could not be decided")
		}) {
			t.Skip("the words are wrong, or the role grants nothing")
		}
		gone := map[int]bool{}
		for _, f := range redundancies(d) {
			if parts := strings.Split(f.Fix.Edits[0].Pointer, "/"); len(parts) == 3 {
				n, _ := strconv.Atoi(parts[2])
				gone[n] = true
			}
		}
		for n := range d.Policy {
			if gone[n] {
				continue
			}
			var with, without []role.Statement
			for i, s := range d.Policy {
				if gone[i] && s.Effect == d.Policy[n].Effect {
					continue
				}
				with = append(with, s)
				if i != n {
					without = append(without, s)
				}
			}
			before, after := d.Role, d.Role
			before.Policy, after.Policy = with, without
			if compareAlone(before, after) == access.None {
				t.Fatalf("statement %d of\n%+v\nmakes no difference:\n%s", n+1, d.Policy, render(all))
			}
		}
	})
}

// compareAlone compares without regard to who may view a project, as the rules do.
func compareAlone(before, after role.Role) access.Verdict {
	sem := policy.DefaultSemantics()
	sem.ViewPrecondition = false
	e := access.New(sem, access.Budget{})
	return e.Compare(subject(before.BasePermissions, before.Policy...), subject(after.BasePermissions, after.Policy...)).Verdict()
}

// TestQuickIsRight: the search for a plain request never says that something makes a difference that
// package access proves to make none: without the search the same is found.
func TestQuickIsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Input{Files: Files{Roles: []role.Desired{genRole().Draw(t, "role")}}, Settings: DefaultSettings()}
		in.Settings.WideBoxes = append(in.Settings.WideBoxes, "update* on proj/a:env/*:flag/*")
		quick := render(RunAll(in, nil).Findings)
		p := newPass(in)
		p.slowly = true
		if slow := render(p.run(in, nil).Findings); slow != quick {
			t.Fatalf("with the search\n%s\nwithout\n%s", quick, slow)
		}
	})
}

// TestUndecidedIsSaid: a role for which the questions run out is said to be undecided by every rule
// that asked, and is not reported otherwise.
func TestUndecidedIsSaid(t *testing.T) {
	d := role.Desired{Role: role.Role{Key: "hard"}}
	for i := range 40 { // each is covered by two others, and so has to be proved
		d.Policy = append(d.Policy, role.Statement{Effect: role.Allow, Actions: []string{"updateOn"}, Resources: []string{
			fmt.Sprintf("proj/a%d*:env/*:flag/*;t%d", i%3, i%2), fmt.Sprintf("proj/a%d*:env/*:flag/*", i%3),
		}})
	}
	p := newPass(Input{Files: Files{Roles: []role.Desired{placed(d)}}})
	q := p.proof(p.Roles[0])
	q.work = 300
	p.rule = ld102
	found := p.proveOne(ld102, p.Roles[0])
	if len(found) == 0 || !strings.Contains(found[len(found)-1].Message, "the budget for reasoning ran out") {
		t.Errorf("found\n%s", render(found))
	}
	for _, rule := range []Rule{ld101, ld105} { // they share what was looked for
		p.rule = rule
		if found := p.proveOne(rule, p.Roles[0]); countCode(found, rule.Code) == 0 {
			t.Errorf("%s says nothing", rule.Code)
		}
	}
}

// TestNotModelled: where the semantics ask for what package access does not model, nothing is proved,
// and that is said.
func TestNotModelled(t *testing.T) {
	sem := policy.DefaultSemantics()
	sem.GlobCrossesColon = true
	d := placed(role.Desired{Role: role.Role{Key: "r", Policy: []role.Statement{{Effect: role.Deny, Actions: []string{"updateOn"}, Resources: []string{"proj/*:env/*:flag/*"}}}}})
	found := RunAll(Input{Files: Files{Roles: []role.Desired{d}}, Semantics: sem}, nil).Findings
	for _, rule := range Rules() {
		if rule.Prove == nil {
			continue
		}
		if countCode(found, rule.Code) != 1 || !strings.Contains(render(found), "could not be decided: where \"*\" runs on") {
			t.Errorf("%s: %s", rule.Code, render(found))
		}
	}
}
