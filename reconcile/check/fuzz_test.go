package check

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/role"
)

// FuzzTexts feeds texts that files can hold: nothing panics, and what is no box is said to be none.
func FuzzTexts(f *testing.F) {
	for _, text := range []string{
		"updateOn on proj/*:env/*:flag/*", "* on *", "* on role/*, member/*", "a,b on proj/${roleAttribute/x}", " on ", "on", "x on y, ", "* on proj/*;a,b:env/*;{critical:true}:*",
		"gain of a on b", "loss on *", "* on \x00", "** on acct", "* on proj/*:env/*:flag/*;view:*",
	} {
		f.Add(text, text)
	}
	roles := rolesOf(role.Role{Key: "a", Policy: []role.Statement{allow("*", "proj/*:env/*:flag/*"), allow("viewProject", "proj/${roleAttribute/x}")}})
	f.Fuzz(func(t *testing.T, one, two string) {
		defer fuzzing.Timed(t)()
		as := &role.TestSubject{Role: "a"}
		results := Run(Input{Roles: roles, Semantics: real, Tests: []role.AccessTest{
			{Name: "1", As: as, Can: textOf(one), CanSome: textOf(two), Cannot: textOf(one, two)},
			{Name: "2", Nobody: textOf(one)},
			{Name: "3", Somebody: textOf(two), AtLeast: 1},
			{Name: "4", NoEscalation: textOf(one)},
			{Name: "5", NoOneBoth: textOf(one, two), Resources: textOf("proj/*:env/*:flag/*")},
			{Name: "6", NoOneBoth: textOf("updateOn", "updateRules"), Resources: textOf(one, two)},
			{Name: "7", Changes: []role.TestGate{{When: role.TestText{Text: one}, Require: role.TestText{Text: role.RequireFail}}}},
		}})
		for _, r := range results {
			if r.Verdict == Error && r.Message == "" || r.Verdict == Fail && r.Message == "" {
				t.Errorf("nothing is said: %+v", r)
			}
		}
		if _, wrong := readBox(one); wrong == nil && results[0].Verdict == Error && len(results[0].Message) == 0 {
			t.Errorf("%q is refused", one)
		}
		Gate([]Change{{Key: "a", After: &roles[0].Role}}, []role.AccessTest{{Changes: []role.TestGate{{When: role.TestText{Text: two}, Require: role.TestText{Text: role.RequireFail}}}}}, GateOptions{Semantics: real})
	})
}

// TestMemberLaws: a member of an account is asked about as they are, and a team as if its members
// could view every project.
func TestMemberLaws(t *testing.T) {
	verdicts := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		roles := drawRoles(t)
		a := drawAccount(t, roles)
		box := drawBox(t)
		m, sem := a.Members[0], real
		test := role.AccessTest{Name: "x", As: &role.TestSubject{Member: m.Email}}
		form := rapid.SampledFrom([]string{Can, CanSome, Cannot}).Draw(t, "form")
		if rapid.Bool().Draw(t, "team") {
			m = role.LiveMember{ID: "t0", Member: role.Member{Role: role.NoAccess}, Teams: []string{"t0"}}
			test.As = &role.TestSubject{Team: "t0"}
			if form == Cannot {
				sem = given
			}
		}
		all, _ := heldBy(a, m, "")
		allowed := allowing(sem, all...)
		some := slices.ContainsFunc(requestsIn(box), allowed)
		refused := false
		for _, r := range requestsIn(box) {
			refused = refused || !allowed(r)
		}
		switch form {
		case Can:
			test.Can = textOf(box)
		case CanSome:
			test.CanSome = textOf(box)
		default:
			test.Cannot = textOf(box)
		}
		r := refuted(t, Input{Tests: []role.AccessTest{test}, Roles: roles, People: a}, func() (string, bool) {
			return "enumeration says otherwise", map[string]bool{Can: refused, CanSome: !some, Cannot: some}[form]
		})
		replays(t, r, all, sem, form == Cannot)
		verdicts[form+" "+string(r.Verdict)]++
	})
	for _, form := range []string{Can, CanSome, Cannot} {
		if !testing.Short() && (verdicts[form+" pass"] == 0 || verdicts[form+" fail"] == 0) {
			t.Errorf("one-sided: %v", verdicts)
		}
	}
}
