package lint

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// desired returns a role of statements such as "allow updateOn on proj/*:env/*:flag/*".
func desired(key string, lines ...string) role.Desired {
	d := role.Desired{Role: role.Role{Key: key, Name: key, BasePermissions: role.NoAccess}}
	d.Source.File, d.Source.Pos = key+".yaml", role.Pos{Line: 1, Column: 1}
	for i, line := range lines {
		w := strings.Fields(line)
		d.Policy = append(d.Policy, role.Statement{Effect: role.Effect(w[0]), Actions: strings.Split(w[1], ","), Resources: w[3:]})
		d.Source.Policy = append(d.Source.Policy, role.StatementSource{Pos: role.Pos{Line: 2 + i, Column: 1}})
	}
	return d
}

func person(name, base string, own ...string) role.LiveMember {
	return role.LiveMember{ID: "id-" + name, Member: role.Member{Email: name + "@example.com", Role: base, CustomRoles: own}}
}

// world is an input of roles, all of the account and those that are not elsewhere of the files.
func world(members []role.LiveMember, roles ...role.Desired) Input {
	in := Input{Settings: DefaultSettings(), People: &people.Account{Members: members}}
	for _, d := range roles {
		in.People.Roles = append(in.People.Roles, role.Live{Role: d.Role})
		if !strings.HasPrefix(d.Key, "elsewhere") {
			in.Files.Roles = append(in.Files.Roles, d)
		}
	}
	return in
}

// only returns the findings of one rule, as "place severity message".
func only(code string, in Input) (list []string) {
	for _, f := range RunAll(in, nil).Findings {
		if f.Code == code {
			list = append(list, fmt.Sprintf("%s %s %s", f.Pos, f.Severity, f.Message))
		}
	}
	return list
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.EqualFunc(got, want, strings.Contains) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const flags = "proj/web:env/*:flag/*"

func TestLockOut(t *testing.T) {
	admin := desired("account-admin", "allow * on role/*")
	half := desired("half-admin", "allow updatePolicy on role/*")
	pending := person("pia", "no_access", "account-admin")
	pending.Pending = true
	stranger := person("sam", "no_access")
	stranger.Strangers = []string{"0123"}
	for _, row := range []struct {
		name    string
		members []role.LiveMember
		min     int
		want    []string
	}{
		{"off", []role.LiveMember{person("ana", "reader")}, 0, nil},
		{"nobody is known", nil, 2, nil},
		{"nobody can", []role.LiveMember{person("ana", "reader")}, 1, []string{"error nobody can edit roles and members then, minAdmins is 1"}},
		{"invitations do not count", []role.LiveMember{person("ana", "reader", "account-admin"), pending}, 2, []string{`only "ana@example.com" can edit`}},
		{"too few", []role.LiveMember{person("ana", "reader", "account-admin"), person("bo", "owner")}, 3, []string{`only 2 people ("ana@example.com", "bo@example.com") can edit`}},
		{"enough", []role.LiveMember{person("ana", "reader", "account-admin"), person("bo", "admin")}, 2, nil},
		{"half", []role.LiveMember{person("ana", "reader", "half-admin")}, 1, []string{"nobody can"}},
		{"not known", []role.LiveMember{stranger}, 1, []string{`minAdmins is 1; of "sam@example.com" it could not be decided`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			in := world(row.members, admin, half)
			in.Settings.MinAdmins = row.min
			expect(t, only("LD211", in), row.want...)
		})
	}
}

func TestEither(t *testing.T) {
	for _, row := range [][3]access.Answer{
		{access.Yes, access.Undecided, access.Yes},
		{access.No, access.Yes, access.Yes},
		{access.No, access.No, access.No},
		{access.No, access.Undecided, access.Undecided},
		{access.Undecided, access.No, access.Undecided},
	} {
		if got := either(row[0], row[1]); got != row[2] {
			t.Errorf("%v or %v: %v", row[0], row[1], got)
		}
	}
}

// TestWaysUp: what is not known is said once, the same way is told once, and whoever cannot be named by
// id is named by address.
func TestWaysUp(t *testing.T) {
	admin := desired("account-admin", "allow * on role/*")
	giver := desired("giver", "allow updateCustomRole on member/*@example.com")
	setter := desired("setter", "allow updateMemberRoleAttributes on member/*", "allow updateMembers on role/${roleAttribute/r}")
	plain := desired("plain", "allow viewProject on proj/web")
	expect(t, only("LD202", world([]role.LiveMember{person("ana", "reader", "giver"), person("bo", "reader", "giver")}, admin, giver)),
		`giver.yaml:2:1 error "ana@example.com" and 1 more can become an administrator: gives themselves any role by "updateCustomRole on member/ana@example.com" through role "giver", which gives them "account-admin"`)
	nameless := person("ana", "reader", "giver")
	nameless.ID = ""
	expect(t, only("LD202", world([]role.LiveMember{nameless}, admin, giver)), `"updateCustomRole on member/ana@example.com"`)
	expect(t, only("LD202", world([]role.LiveMember{person("eve", "reader", "setter", "plain")}, admin, setter, plain)),
		`gives their role attributes any value by "updateMemberRoleAttributes on member/id-eve" through role "setter", then gives themselves the role by "updateMembers on role/account-admin" through role "setter", which gives them "account-admin"`)
	lead := desired("lead", "allow updateTeamRoleAttributes on team/t", "allow updateMembers on role/${roleAttribute/r}")
	team := world([]role.LiveMember{person("eve", "reader")}, admin, lead)
	team.People.Members[0].Teams = []string{"t"}
	team.People.Teams = []role.LiveTeam{{Team: role.Team{Key: "t", CustomRoles: []string{"lead"}, RoleAttributes: role.Attributes{"r": {"plain"}}}}}
	expect(t, only("LD202", team),
		`gives their team's role attributes any value by "updateTeamRoleAttributes on team/t" through role "lead" of team "t", then gives themselves the role by "updateMembers on role/account-admin" through role "lead" of team "t"`)
	unknown := []role.LiveMember{person("ana", "reader", "gone"), person("bo", "reader", "lost", "moved", "gone", "away")}
	expect(t, only("LD202", world(unknown, admin)), `info ways to become an administrator could not be decided for whoever holds what is not known: role "away", role "gone", role "lost", …`)
	expect(t, only("LD202", world(unknown[:1], admin)), `not known: role "gone"`)
}

// TestWaysUpThroughPresets: statements of a preset count, and a role of nobody's file is told by no place.
func TestWaysUpThroughPresets(t *testing.T) {
	in := world([]role.LiveMember{person("ana", "reader", "elsewhere")}, desired("account-admin", "allow * on role/*"), desired("elsewhere"))
	in.People.Roles[1].PresetStatements = []role.Statement{{Effect: role.Allow, Actions: []string{"updateMembers"}, Resources: []string{"role/*"}}}
	got := only("LD202", in)
	expect(t, got, `error "ana@example.com" can become an administrator: gives themselves the role by "updateMembers on role/account-admin" through role "elsewhere", which gives them "account-admin"`)
}

// TestMembersOfOtherRoles: the role that allows is in no file, or is a base role: then the place is that
// of the role in the files.
func TestMembersOfOtherRoles(t *testing.T) {
	dev := desired("dev", "allow viewProject on proj/web", "allow updateRules on "+flags+";web")
	tagger := desired("elsewhere", "allow updateTags on "+flags)
	expect(t, only("LD203", world([]role.LiveMember{person("ana", "reader", "dev", "elsewhere")}, dev, tagger)),
		`dev.yaml:1:1 error role "elsewhere" of "ana@example.com" and role "dev" together refuse "updateRules on`)

	both := desired("both", "allow viewProject on proj/web", "allow updateTags on "+flags, "allow updateRules on "+flags+";web")
	expect(t, only("LD203", world([]role.LiveMember{person("ana", "reader", "both", "more")}, both, desired("more", "allow updateName on "+flags))),
		`both.yaml:3:1 error role "both" refuses`) // and it is not said of ana once more

	guard := desired("guard", "allow updateRules on "+flags, "deny updateRules on proj/web:env/production:flag/*")
	in := world([]role.LiveMember{person("ana", "writer")}, guard)
	in.People.Members[0].Teams = []string{"web"}
	in.People.Teams = []role.LiveTeam{{Team: role.Team{Key: "web", CustomRoles: []string{"guard"}}}}
	expect(t, only("LD208", in), `guard.yaml:3:1 warning the deny in statement 2 of role "guard" does not bind "ana@example.com", who may do "updateRules on proj/web:env/production;{critical:false}:flag/any-flag" through base role "writer"`)

	seen := desired("seen", "allow updateRules on "+flags, "deny viewProject on proj/web")
	reads := desired("reads")
	reads.BasePermissions = role.Reader
	expect(t, only("LD208", world([]role.LiveMember{person("ana", "no_access", "seen", "reads")}, seen, reads)),
		`who may do "viewProject on proj/web" through role "reads"`)

	broken := desired("broken", "allow updateRules on "+flags, "deny updateRules on proj/web:", "deny updateRules on "+flags)
	expect(t, only("LD208", world([]role.LiveMember{person("ana", "no_access", "broken", "guard")}, broken, guard)))
}

// TestMovedStatement: the account has the statements in another order, or others, than the file.
func TestMovedStatement(t *testing.T) {
	dev := desired("dev", "allow viewProject on proj/web", "allow updateRules on "+flags+";web")
	tagger := desired("tagger", "allow viewProject on proj/web", "allow updateTags on "+flags)
	in := world([]role.LiveMember{person("ana", "reader", "dev", "tagger")}, dev, tagger)
	slices.Reverse(in.People.Roles[1].Policy)
	in.People.Roles[1].Policy = slices.Clone(in.People.Roles[1].Policy)
	in.Files.Roles[1] = tagger
	in.Files.Roles[1].Policy = []role.Statement{tagger.Policy[1], tagger.Policy[0]}
	expect(t, only("LD203", in), "tagger.yaml:")
	in.Files.Roles[1].Policy = []role.Statement{tagger.Policy[1]}
	in.Files.Roles[1].Policy[0].Actions = []string{"updateName"}
	expect(t, only("LD203", in), "tagger.yaml:1:1")
}

// TestUndecidedOfMembers: where nothing can be proved, every rule about members says so once.
func TestUndecidedOfMembers(t *testing.T) {
	in := world([]role.LiveMember{person("ana", "reader", "all", "rest"), person("bo", "reader", "all", "rest", "more")},
		desired("all", "allow viewProject,updateTags on proj/web", "allow updateTags,createApprovalRequest on "+flags+";a,{critical:true},view:b", "deny updateOn on "+flags, "allow updateCritical on proj/web:env/*;{critical:true}", "allow linkFlagToView on proj/web:view/*"),
		desired("rest", "allow applyApprovalRequest on "+flags), desired("more", "allow updateName on "+flags))
	in.Semantics = policy.DefaultSemantics()
	in.Semantics.GlobCrossesColon = true // is not modelled
	for code, n := range map[string]int{"LD203": 1, "LD204": 2, "LD205": 1} {
		undecided := slices.DeleteFunc(only(code, in), func(s string) bool { return !strings.Contains(s, "for all that") })
		if len(undecided) != n || !strings.Contains(undecided[0], `could not be decided for all that "ana@example.com" and 1 more hold`) {
			t.Errorf("%s: %q", code, undecided)
		}
	}
}

// TestTwoLinks: a flag must be in both views.
func TestTwoLinks(t *testing.T) {
	expect(t, only("LD204", Input{Settings: DefaultSettings(), Files: Files{Roles: []role.Desired{
		desired("dev", "allow updateOn on "+flags+";view:a,view:b", "allow linkFlagToView on proj/web:view/*"),
	}}}), `but "linkFlagToView on proj/web:view/a" and "linkFlagToView on proj/web:view/b" are allowed and make it "updateOn on proj/web:env/any-env;{critical:true}:flag/any-flag;view:a,view:b", which is allowed`)
}

// TestWorst: of several detours by the same action, one in a critical environment counts.
func TestWorst(t *testing.T) {
	change := []policy.Request{{Action: "updateTags", Resource: []policy.Part{{Type: "proj", Key: "web"}}}}
	list := worst([]access.Detour{{Changes: change}, {Changes: change, Critical: true}, {Changes: change}})
	if len(list) != 1 || !list[0].Critical || severityOf(list[0]) != diag.Error {
		t.Errorf("%v", list)
	}
}

// TestDeciderOfNothing: what no statement allows is told of the role.
func TestDeciderOfNothing(t *testing.T) {
	d := desired("dev", "allow updateOn on "+flags)
	p := newPass(Input{Files: Files{Roles: []role.Desired{d}}, Settings: DefaultSettings()})
	at := p.decider(p.Roles[0], policy.Request{Action: "updateName", Resource: []policy.Part{{Type: "team", Key: "a"}}}, nil)
	if at.text != "dev" || at.pos.Line != 1 {
		t.Errorf("%v", at)
	}
}

// TestMayMeet: roles that are passed over because of how their specifiers begin have nothing in common.
func TestMayMeet(t *testing.T) {
	pool := []string{"proj/web", "proj/web*", "proj/WEB", "proj/w*", "proj/shop", "proj/${roleAttribute/p}", "proj/*b", "proj/shop-${roleAttribute/p}", "proj/*"}
	apart, met := 0, 0
	for _, fold := range []bool{true, false} {
		sem := policy.DefaultSemantics()
		sem.CaseSensitive = fold
		e := access.New(sem, access.Budget{})
		for _, one := range pool {
			for _, other := range pool {
				a := role.Statement{Effect: role.Allow, Actions: []string{"updateOn"}, Resources: []string{one + ":env/*:flag/*"}}
				b := role.Statement{Effect: role.Allow, Actions: []string{"update*"}, Resources: []string{other + ":env/*:flag/*"}}
				if mayMeet(headsOf(a), headsOf(b), true) {
					met++
					continue
				}
				apart++
				held := func(s role.Statement) access.Region {
					return e.Alone(policy.Held{Role: role.Role{Policy: []role.Statement{s}}, Attributes: map[string][]string{"p": {"web", "shop", "-web"}}})
				}
				if x, answer := held(a).Meets(held(b)); answer != access.No {
					t.Errorf("%q and %q: %v, %v", one, other, x.Request, answer)
				}
			}
		}
	}
	if apart < 20 || met < 20 {
		t.Errorf("%d apart, %d met", apart, met)
	}
	except := role.Statement{Effect: role.Allow, Actions: []string{"*"}, NotResources: []string{"proj/web"}}
	if !mayMeet(headsOf(except), []string{"team/a"}, true) || mayMeet([]string{"team/a"}, []string{"team/a"}, true) {
		t.Error("notResources reach everything, and teams are in no project")
	}
}

// TestHollow: a key is left out where it is the whole key of a segment.
func TestHollow(t *testing.T) {
	got := hollow("allow\tupdateOn\tproj/web:env/web;web proj/web-2 subproj/web proj/web;a", "proj/web", "proj/?")
	if want := "allow\tupdateOn\tproj/?:env/web;web proj/web-2 subproj/web proj/?;a"; got != want {
		t.Error(got)
	}
}
