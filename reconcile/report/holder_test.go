package report_test

import (
	"io"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

func given(roles ...string) *[]role.Assignment {
	all := []role.Assignment{}
	for i, r := range roles {
		all = append(all, role.Assignment{Role: r, Pos: role.Pos{Line: 5 + i}})
	}
	return &all
}

func liveMember(email, id, base string, roles ...string) role.LiveMember {
	return role.LiveMember{ID: id, Member: role.Member{Email: email, Role: base, CustomRoles: roles}}
}

func liveTeam(key string, roles ...string) role.LiveTeam {
	return role.LiveTeam{Team: role.Team{Key: key, Name: "Team " + key, CustomRoles: roles}}
}

func inFile(name string) role.HolderSource {
	return role.HolderSource{File: "people/" + name + ".yaml", Pos: role.Pos{Line: 2}}
}

func peopleOptions() plan.Options {
	return plan.Options{
		Target: target(), Tool: "rolewright 0.1.0", GeneratedAt: "2026-10-20T12:00:00Z", Semantics: new(policy.DefaultSemantics()),
		Scope: plan.Scope{
			Roles:   role.Scope{Include: []string{"*"}},
			Teams:   &role.Scope{Include: []string{"*"}, Ignore: []string{"hr-*"}},
			Members: &role.Scope{Include: []string{"*"}},
		},
		Expired: []plan.Note{{
			Kind: plan.KindMember, Key: "ana@example.com", Reason: `"incident" ended on 2026-09-30`, Hint: "take it from the list",
			Declared: declared("people/ana.yaml", 7),
		}},
		Guards: plan.Guards{MaxDeletes: 3, MaxDeletePercent: 100},
	}
}

// peoplePlan has every kind of change of a holder.
func peoplePlan() *plan.Plan {
	ops := role.Role{Key: "ops", Name: "Operators", BasePermissions: role.NoAccess, Policy: []role.Statement{allow(list("viewProject"), list("proj/*"))}}
	dev, incident := ops, ops
	dev.Key, incident.Key = "dev", "incident"
	checkout := liveTeam("checkout", "dev")
	checkout.RoleAttributes = role.Attributes{"projects": {"checkout", "web"}}
	synced := liveTeam("idp", "dev")
	synced.Synced = true
	return plan.MakeAll(plan.Desired{
		Roles: []role.Desired{{Role: ops, Source: role.Source{File: "roles/ops.yaml"}}, {Role: dev}, {Role: incident}},
		Teams: []role.DesiredTeam{
			{Key: "checkout", CustomRoles: given("dev", "ops"), RoleAttributes: &role.Attributes{"projects": {"checkout", "web", "mobile"}}, Source: inFile("checkout")},
			{Key: "new", Create: true, Name: new("New team"), Description: new("made by files"), CustomRoles: given("ops"), Source: inFile("new")},
			{Key: "idp", CustomRoles: given("ops"), Source: inFile("idp")},
		},
		Members: []role.DesiredMember{
			{Email: "ana@example.com", CustomRoles: given("ops"), Source: inFile("ana")},
			{Email: "bo@example.com", CustomRoles: given(), Source: inFile("bo")},
			{Email: "cy@example.com", Role: new("writer"), Source: inFile("cy")},
			{Email: "di@example.com", CustomRoles: given("ops"), RoleAttributes: &role.Attributes{"projects": {"web"}}, Source: inFile("di")},
		},
	}, plan.Actual{
		Roles: []role.Live{{Role: dev, ID: "5f3a0e6b1c2d3e4f5a6b7c01"}, {Role: incident, ID: "5f3a0e6b1c2d3e4f5a6b7c02"}},
		Teams: []role.LiveTeam{checkout, synced, liveTeam("other", "dev"), liveTeam("hr-web", "dev")},
		Members: []role.LiveMember{
			liveMember("ana@example.com", "5f3a0e6b1c2d3e4f5a6b7c11", "reader", "dev", "incident"),
			liveMember("bo@example.com", "5f3a0e6b1c2d3e4f5a6b7c12", "admin", "dev"),
			liveMember("cy@example.com", "5f3a0e6b1c2d3e4f5a6b7c13", "reader", "dev"),
			liveMember("di@example.com", "5f3a0e6b1c2d3e4f5a6b7c14", "no_access", "dev"),
			liveMember("ed@example.com", "5f3a0e6b1c2d3e4f5a6b7c15", "reader", "dev"),
		},
	}, peopleOptions())
}

// blockedPeople has what a plan refuses of people, and nothing to do.
func blockedPeople() *plan.Plan {
	o := peopleOptions()
	o.Expired = nil
	return plan.MakeAll(plan.Desired{
		Teams:   []role.DesiredTeam{{Key: "chekout", Source: inFile("chekout")}, {Key: "checkout", CustomRoles: given("opps"), Source: inFile("checkout")}},
		Members: []role.DesiredMember{{Email: "Ana@example.com", Source: inFile("ana")}, {Email: "ed@example.com", Role: new("reader"), Source: inFile("ed")}},
	}, plan.Actual{
		Roles:   []role.Live{},
		Teams:   []role.LiveTeam{liveTeam("checkout", "opps")},
		Members: []role.LiveMember{liveMember("ana@example.com", "5f3a0e6b1c2d3e4f5a6b7c11", "reader"), liveMember("ed@example.com", "5f3a0e6b1c2d3e4f5a6b7c15", "owner")},
	}, o)
}

func TestPeopleGolden(t *testing.T) {
	for name, p := range map[string]*plan.Plan{"people": peoplePlan(), "people-blocked": blockedPeople()} {
		golden(t, name+".txt", func(w io.Writer) error { return report.Plan(w, p, report.Text, report.Options{}) })
		golden(t, name+"-verbose.txt", func(w io.Writer) error { return report.Plan(w, p, report.Text, report.Options{Verbose: true}) })
		golden(t, name+".md", func(w io.Writer) error { _, err := io.WriteString(w, report.Comment(p, pullRequest(), 0)); return err })
		golden(t, name+"-small.md", func(w io.Writer) error {
			_, err := io.WriteString(w, report.Comment(p, pullRequest(), report.LeastBudget))
			return err
		})
	}
}

// TestPeopleMatch: where nothing is to do, people are counted.
func TestPeopleMatch(t *testing.T) {
	p := emptyPlan()
	p.UnchangedHolders = 3
	var out strings.Builder
	if err := report.Plan(&out, p, report.Text, report.Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "roles, 3 of teams and members)") {
		t.Error(out.String())
	}
}

// TestAlikePeople: two holders that get the same share a diff, others do not.
func TestAlikePeople(t *testing.T) {
	var members []role.DesiredMember
	var actual []role.LiveMember
	roles := []role.Live{}
	var keys []string
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		keys = append(keys, key)
		roles = append(roles, role.Live{Role: role.Role{Key: key}, ID: "5f3a0e6b1c2d3e4f5a6b7c0" + key})
	}
	for _, n := range []string{"1", "2"} {
		d := role.DesiredMember{Email: n + "@x.org", CustomRoles: given(keys...), Source: inFile(n)}
		d.RoleAttributes = &role.Attributes{"p": {"1"}, "q": {"1"}, "r": {"1"}, "s": {"1"}, "t": {"1"}}
		members = append(members, d)
		actual = append(actual, liveMember(n+"@x.org", "5f3a0e6b1c2d3e4f5a6b7c1"+n, "no_access"))
	}
	o := peopleOptions()
	page := report.Comment(plan.MakeAll(plan.Desired{Members: members}, plan.Actual{Roles: roles, Members: actual}, o), pullRequest(), 0)
	if !strings.Contains(page, "The text changes exactly as that of `1@x.org` above.") {
		t.Error(page)
	}
}

// TestForeignPeople: what others changed of people is counted as changes, since not all are roles.
func TestForeignPeople(t *testing.T) {
	p := peoplePlan()
	p.Attribute(strings.Repeat("0", 40), "", func(c plan.Change) (plan.Cause, bool) { return plan.AlreadyPending, false })
	if page := report.Comment(p, pullRequest(), 0); !strings.Contains(page, "<b>Not caused by this pull request</b>: 7 changes,") {
		t.Error(page)
	}
}

// TestRiskOfPeople: a base role that begins to count is announced where the file declares the member.
func TestRiskOfPeople(t *testing.T) {
	found := report.RiskFindings(peoplePlan())
	if len(found) != 2 || !strings.Contains(found[1].Message, "lets somebody change who may do what") || found[0].Pos.File != "people/bo.yaml" || found[0].Message != "update of member bo@example.com: the base role admin counts, since no role is held directly" {
		t.Errorf("%+v", found)
	}
}

// TestBaseRolesInWords: a base role counts only while no role is held, and the table says so.
func TestBaseRolesInWords(t *testing.T) {
	const id = "5f3a0e6b1c2d3e4f5a6b7c11"
	for _, tt := range []struct {
		live        role.LiveMember
		want        role.DesiredMember
		says, edits string
	}{
		{liveMember("a@x.org", id, "reader"), role.DesiredMember{Role: new("writer")}, "| gets |", "update: base role `reader` → `writer` |"},
		{liveMember("a@x.org", id, "writer"), role.DesiredMember{Role: new("reader")}, "| loses |", "update: base role `writer` → `reader` |"},
		{liveMember("a@x.org", id, "reader"), role.DesiredMember{CustomRoles: given("ops")}, "| gets and loses |", "update: gets `ops`; the base role counts no longer |"},
		{liveMember("a@x.org", id, "reader", "ops"), role.DesiredMember{CustomRoles: given()}, "| gets and loses |", "update: loses `ops`; the base role counts from then on |"},
		{liveMember("a@x.org", id, "reader", "ops"), role.DesiredMember{Role: new("admin")}, "| holds the same |", "the base role does not count while roles are held |"},
	} {
		tt.want.Email, tt.want.Source = "a@x.org", inFile("a")
		ops := role.Role{Key: "ops", Policy: []role.Statement{allow(list("viewProject"), list("proj/*"))}}
		page := report.Comment(plan.MakeAll(
			plan.Desired{Roles: []role.Desired{{Role: role.Role{Key: "more", BasePermissions: role.NoAccess}}}, Members: []role.DesiredMember{tt.want}},
			plan.Actual{Roles: []role.Live{{Role: ops, ID: "5f3a0e6b1c2d3e4f5a6b7c01"}}, Members: []role.LiveMember{tt.live}}, peopleOptions(),
		), pullRequest(), 0)
		if !strings.Contains(page, tt.says) || !strings.Contains(page, tt.edits) {
			t.Errorf("want %q and %q in:\n%s", tt.says, tt.edits, page)
		}
	}
}
