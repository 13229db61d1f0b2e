package lint

import (
	"flag"
	"testing"

	"github.com/rolewright/rolewright/reconcile/internal/seeded"
)

var mutantsToo = flag.Bool("mutants", false, "build the rules with each seeded fault and see that the tests fail")

// The seeded faults, at least one in each rule: one wrong piece of text each.
var mutants = []seeded.Fault{
	{"both lists of a pair are fine", "ld001_malformed.go", "case n > 0 && not > 0:", "case false:"},
	{"a near type is not an error", "ld002_unknown_type.go", `case r.Meant != "":`, "case false:"},
	{"a near action is not an error", "ld003_unknown_action.go", "diag.Error, a.Pos", "diag.Warning, a.Pos"},
	{"an idle glob is fine", "ld004_idle_glob.go", "eachAction(idleGlob", "eachAction(fits"},
	{"a foreign action is fine", "ld005_foreign_action.go", "eachAction(foreign", "eachAction(unknown"},
	{"only tags are looked at", "ld006_idle_selector.go", "if !has(typ) {", `if !has(typ) && what == "tags" {`},
	{"every value is one", "ld007_unknown_property.go", "case !slices.Contains(propertyValues, prop.Value):", "case false:"},
	{"two attributes are one", "ld008_partial_attribute.go", "len(parts) == 1", "len(parts) <= 2"},
	{"kinds are types", "ld010_mixed_kinds.go", "r.Specifier.Kind() != first.Specifier.Kind():", "r.Specifier.Type() == first.Specifier.Type():"},
	{"an overridden allow is a shadowed one", "redundant.go", "u.kind = overridden", "u.kind = shadowed"},
	{"only one statement may cover", "redundant.go", "if holds(q.of(less, effect)) {", "if len(less) > 1 && holds(q.of(less, effect)) {"},
	{"what is gone still covers", "redundant.go", "if i != n && s.Effect == effect && !(q.gone[i] && q.now[n].Effect == effect) {", "if i != n && s.Effect == effect {"},
	{"a deny is idle without a look at what is allowed", "redundant.go", "return q.empty(left.And(q.all(role.Allow)))", "return q.empty(left)"},
	{"denies do not count", "redundant.go", "return q.empty(left.Minus(q.all(role.Deny)))", "return q.empty(left)"},
	{"statements may stand for what others leave out", "redundant.go", "if isNot(name) || !q.needless", "if !q.needless"},
	{"removed elements are still there", "redundant.go", "	q.now[n] = s\n", "	_ = s\n"},
	{"what is covered is a warning", "ld103_idle_deny.go", "len(u.by) > 0", "len(u.by) > 99"},
	{"a role of views grants nothing", "ld104_empty_role.go", "!q.empty(q.Grants())", "q.empty(q.Grants())"},
	{"the rest never covers", "ld105_redundant_element.go", "case r.rest:", "case false:"},
	{"what is spared need not be allowed", "ld106_inverted_deny.go", "q.meets(q.about(spared), q.Grants()); some {\n\t\t\tpos, _ := q.element(n, \"notActions\"", "q.meets(q.about(spared), q.about(spared)); some {\n\t\t\tpos, _ := q.element(n, \"notActions\""},
	{"the denies do not count for administration", "ld107_reaching_administration.go", "q.Matches(n).And(q.Grants())", "q.Matches(n)"},
	{"administrators may not either", "ld107_reaching_administration.go", "if q.pass.Administrative(q.Key) {", "if false {"},
	{"the bypass need not be critical", "ld108_not_actions.go", "Value: \"true\"", "Value: \"false\""},
	{"one way round is enough", "ld109_or_of_nots.go", "pair.byI, some = q.meets(", "pair.byI, _ = q.meets("},
	{"touching a wide box is having it", "ld110_breadth.go", "q.within(wide, q.Grants())", "!q.empty(wide.And(q.Grants()))"},
	{"the old actions are new", "ld111_catalogue_growth.go", "a.Since > p.Settings.NewSince", "a.Since < p.Settings.NewSince"},
	{"new actions need not be allowed", "ld111_catalogue_growth.go", "return !some", "return !some && false"},
	{"a tagged environment stands for all", "ld112_never_everywhere.go", ".Minus(q.box([]string{action}, tagged...))", ""},
	{"a project in which it works is not enough", "ld112_never_everywhere.go", "case touched && refused == \"\":", "case false:"},
	{"a deny for everywhere stops it by surprise", "ld113_stopped_everywhere.go", "|| !slices.ContainsFunc(s.Resources, onlySome) {", "|| len(s.Resources) == 0 && !slices.ContainsFunc(s.Resources, onlySome) {"},
	{"others never complete a role", "ld114_no_view.go", "return len(v.holders[r.Key]) > 0", "return false"},
	{"any holder completes it", "ld114_no_view.go", "known && v.uses(about, roles...) == access.No", "known && false && v.uses(about, roles...) == access.No"},
	{"another project will do", "ld115_prerequisite.go", `projectPart(r.Specifier)+":env`, `"proj/*:env`},
	{"unset attributes of files that are silent are warnings", "ld116_unset_attribute.go", "case !h.said && !h.made:", "case false:"},
	{"idle attributes are certain", "ld117_idle_attribute.go", "if !certain {", "if !certain && false {"},
	{"a brace is in keys", "ld118_dangerous_value.go", `"._-"`, `"._-${}"`},
	{"guards are no errors", "ld119_names_nothing.go", "(s.Effect == role.Deny) != (len(s.NotResources) > 0)", "s.Effect == role.Deny && len(s.NotResources) == 0"},
	{"unknown flags have no tags", "ld119_names_nothing.go", "seg.Type == \"flag\" && l.complete", "seg.Type == \"flag\""},
	{"rules look at what was found before", "proof.go", "func(r Resource) bool { return p.said[r.Pos] }", "func(Resource) bool { return false }"},
	{"what is undecided is forgotten", "proof.go", "q.undecided = q.undecided || m.undecided", "_ = m.undecided"},
	{"the settings are no part of a question", "cache.go", "}{p.Semantics, p.Settings, p.Inventory}", "}{p.Semantics, Settings{}, p.Inventory}"},
	{"other actions cover", "share.go", "case s.n == n || !s.actions.has(action):", "case s.n == n:"},
}

// TestMutantsAreCurrent: each fault has its place.
func TestMutantsAreCurrent(t *testing.T) {
	seeded.Current(t, mutants)
	t.Logf("%d seeded faults; -mutants builds them", len(mutants))
}

// TestMutants builds the tests with each fault in turn. It takes minutes, so it runs on demand.
func TestMutants(t *testing.T) {
	if !*mutantsToo {
		t.Skip("SKIPPED: run with -mutants")
	}
	seeded.Caught(t, mutants, "-timeout", "300s", "-skip", "^TestMutants", ".", "-rapid.checks=300", "-rapid.nofailfile")
}
