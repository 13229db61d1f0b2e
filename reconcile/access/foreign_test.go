package access

import (
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// TestForeign: actions that only other types have are no requests, and no region has them, unless
// the semantics say so.
func TestForeign(t *testing.T) {
	const flags, gadgets, roles = "proj/*:env/*:flag/*", "proj/*:gadget/*", "role/*"
	// Together these patterns leave one action: viewProject.
	onlyViewProject := func(on string) Subject {
		return policyOf(viewAll, allowing("viewPro*", on), denying("viewPro*oject", on), role.Statement{
			Effect: role.Deny, NotActions: []string{"*oject"}, Resources: []string{on},
		})
	}
	for _, tt := range []struct {
		name          string
		before, after Subject
		noRequest     Verdict
		anyRequest    Verdict
	}{
		{"by name", policyOf(viewAll), policyOf(viewAll, allowing("viewProject", flags)), None, Gains},
		{"by name, taken away", policyOf(viewAll, allowing("createRole", flags)), policyOf(viewAll), None, Loses},
		{"one of two", policyOf(viewAll, allowing("viewProject", flags)), policyOf(viewAll, allowing("viewProject", flags), allowing("updateOn", flags)), Gains, Gains},
		{"on an account type", policyOf(), policyOf(allowing("updateOn", roles)), None, Gains},
		{"by a pattern for it alone", policyOf(viewAll), onlyViewProject(flags), None, Gains},
		{"an unknown type has every action", policyOf(viewAll), onlyViewProject(gadgets), Gains, Gains},
		{"an unknown type has it by name", policyOf(viewAll), policyOf(viewAll, allowing("createRole", gadgets)), Gains, Gains},
		{"a type without known actions has it", policyOf(viewAll), policyOf(viewAll, allowing("createRole", "proj/*:ai-tool/*")), Gains, Gains},
		{"a pattern has unknown actions too", policyOf(viewAll), policyOf(viewAll, allowing("viewProject*", flags)), Gains, Gains},
		{"an unknown action is compared as text", policyOf(viewAll), policyOf(viewAll, allowing("viewProjects", flags)), Gains, Gains},
		{"letter case counts, so this is unknown", policyOf(viewAll), policyOf(viewAll, allowing("VIEWPROJECT", flags)), Gains, Gains},
	} {
		sem := policy.DefaultSemantics()
		checkForeign(t, tt.name, New(sem, Budget{}), tt.before, tt.after, tt.noRequest)
		sem.ForeignActions = policy.AnyRequest
		checkForeign(t, tt.name+", any request", New(sem, Budget{}), tt.before, tt.after, tt.anyRequest)
	}
	sem := policy.DefaultSemantics()
	sem.CaseSensitive = false
	checkForeign(t, "letter case does not count", New(sem, Budget{}), policyOf(viewAll), policyOf(viewAll, allowing("VIEWPROJECT", flags)), None)
}

// TestKnownByPatterns: patterns that leave one action, which is known, leave no class of actions that
// nobody knows.
func TestKnownByPatterns(t *testing.T) {
	const flags = "proj/*:env/*:flag/*"
	after := policyOf(viewAll, allowing("createFl*", flags), denying("createFl*lag", flags), role.Statement{
		Effect: role.Deny, NotActions: []string{"*lag"}, Resources: []string{flags},
	})
	e := New(policy.DefaultSemantics(), Budget{})
	d := e.Compare(policyOf(viewAll), after)
	cells, _ := d.Gained.Cells()
	if len(cells) != 1 || len(cells[0].Actions) != 1 || cells[0].Actions[0] != (Action{Name: "createFlag", Known: true}) {
		t.Errorf("%+v", cells)
	}
	gained, _ := e.DescribeChange(policyOf(viewAll), after, d, Budget{})
	if len(gained.Lines) != 1 || gained.Lines[0].NewActions || gained.Lines[0].String() != "createFlag on "+flags {
		t.Errorf("%+v", gained.Lines)
	}
}

// checkForeign compares, and sees that neither cells nor lines nor examples name what cannot be
// asked.
func checkForeign(t *testing.T, name string, e *Engine, before, after Subject, want Verdict) {
	t.Helper()
	d := e.Compare(before, after)
	if got := d.Verdict(); got != want {
		t.Errorf("%s: %s, want %s", name, got, want)
	}
	gained, lost := e.DescribeChange(before, after, d, Budget{})
	if !gained.Exact || !lost.Exact || len(gained.Lines)+len(lost.Lines) > 0 != (want != None) {
		t.Errorf("%s: %v %v", name, gained.Lines, lost.Lines)
	}
	for _, r := range []Region{d.Gained, d.Lost} {
		cells, _ := r.Cells()
		for _, c := range cells {
			for _, a := range c.Actions {
				if e.sem.Foreign(typeOf(c.Kind), e.fold(a.Name)) {
					t.Errorf("%s: %s on %s", name, a.Name, c.Kind)
				}
			}
		}
	}
	for _, l := range append(gained.Lines, lost.Lines...) {
		for _, a := range l.Actions {
			if flags := strings.Contains(strings.Join(l.Resources, " "), ":flag/"); flags && e.sem.Foreign("flag", a) {
				t.Errorf("%s: line %q", name, l)
			}
		}
		action, on, _ := strings.Cut(l.Example, " on ")
		if spec, err := policy.Parse(on); err != nil || e.sem.Foreign(spec.Type(), action) {
			t.Errorf("%s: example %q", name, l.Example)
		}
	}
}

// TestCanForeign: a question that nobody can ask is answered with what is wrong with it.
func TestCanForeign(t *testing.T) {
	held := policyOf(viewAll, allowing("*", "proj/*:env/*:flag/*")).Held
	for _, tt := range []struct{ question, answer, because string }{
		{"viewProject on proj/p:env/e:flag/f", SaysNo, `"flag" has no action "viewProject"; it is an action of "proj"`},
		{"viewProject on proj/p:env/*:flag/*", SaysNo, `"flag" has no action "viewProject"; it is an action of "proj"`},
		{"updateOn on role/*", SaysNo, `"role" has no action "updateOn"; it is an action of "integration" or "webhook" or "flag"`},
		{"view* on proj/p:env/*:flag/*", SaysYes, `statement 2, allows "*"`},
		{"launchRocket on proj/p:env/*:flag/*", SaysYes, `statement 2, allows "*"`},
	} {
		replies, err := New(policy.DefaultSemantics(), Budget{}).Can(held, tt.question)
		if err != nil {
			t.Fatal(err)
		}
		r := replies[0]
		if r.Answer != tt.answer || len(r.Because) == 0 || !strings.Contains(r.Because[0].Text, tt.because) {
			t.Errorf("%s: %s because %+v", tt.question, r.Answer, r.Because)
		}
		if foreign := tt.answer == SaysNo; foreign && (r.Near != nil || len(r.Because) != 1 || r.Because[0].Statement != -1) {
			t.Errorf("%s: near %+v, because %+v", tt.question, r.Near, r.Because)
		}
	}
	sem := policy.DefaultSemantics()
	sem.ForeignActions = policy.AnyRequest
	if replies, err := New(sem, Budget{}).Can(held, "viewProject on proj/p:env/*:flag/*"); err != nil || replies[0].Answer != SaysYes {
		t.Errorf("any request: %+v, %v", replies, err)
	}
}
