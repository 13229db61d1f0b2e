package people

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// effectOn returns the effect on one member, or one of no verdict if the member is not touched.
func effectOn(t *testing.T, before, after Account, name string, o Options) Effect {
	t.Helper()
	effects, _ := Effects(before, after, o)
	return byEmail(effects)[name+"@example.com"]
}

const (
	flags  = "proj/*:env/*:flag/*"
	seeing = "allow viewProject on proj/*"
)

// TestWhoReallyGains is the question that the package is for: of those who hold a role that gains,
// only those gain who had not got it from elsewhere.
func TestWhoReallyGains(t *testing.T) {
	before := Account{
		Roles: []role.Live{live("dev", seeing), live("ops", seeing, "allow update* on "+flags), live("blind", "allow updateOn on "+flags)},
		Teams: []role.LiveTeam{team("ops", "ops"), team("dev", "dev")},
		Members: []role.LiveMember{
			member("ana", "no_access", "dev"), member("bo", "no_access", "dev", "ops"), in(member("cy", "no_access", "dev"), "ops"),
			in(member("dee", "writer"), "dev"), member("eve", "writer", "dev"), in(member("fay", "reader"), "dev"), member("gil", "reader", "ops"),
		},
	}
	before.Members[4].Pending = true
	after := before
	after.Roles = slices.Clone(before.Roles)
	after.Roles[0] = live("dev", seeing, "allow updateOn on "+flags)
	effects, counts := Effects(before, after, defaults)
	var got []string
	for _, e := range effects {
		got = append(got, strings.TrimSuffix(e.Email, "@example.com")+" "+string(e.Verdict))
		if !e.Changed {
			t.Errorf("%s holds it", e.Email)
		}
	}
	if diff := cmp.Diff([]string{"ana gains", "bo none", "cy none", "dee none", "eve gains", "fay gains"}, got); diff != "" {
		t.Error(diff)
	}
	if want := (Counts{Members: 7, Holders: 6, Touched: 6, Gain: 3, None: 3, Pending: 1, Cases: 4}); counts != want || counts.Affected() != 3 {
		t.Errorf("%+v", counts)
	}
	ana := effects[0]
	if len(ana.Gained.Lines) != 1 || ana.Gained.Lines[0].String() != "updateOn on "+flags || !ana.Gained.Exact || !ana.Lost.Described || len(ana.Lost.Lines) > 0 {
		t.Errorf("%+v", ana)
	}
	blame := ana.Gained.Lines[0].Because
	if len(blame) != 1 || ana.After[blame[0].Held].Role != "dev" || blame[0].Statement != 1 {
		t.Errorf("%+v in %+v", blame, ana.After)
	}
}

// TestViews: a role that lets a project be viewed makes others work, and one that goes stops them.
func TestViews(t *testing.T) {
	a := Account{Roles: []role.Live{live("view", seeing), live("blind", "allow updateOn on "+flags)}}
	with := func(keys ...string) Account {
		b := a
		b.Members = []role.LiveMember{member("ana", "no_access", keys...)}
		return b
	}
	if e := effectOn(t, with("view"), with("view", "blind"), "ana", defaults); e.Verdict != access.Gains || !strings.HasPrefix(e.Gained.Example, "updateOn on ") {
		t.Errorf("%+v", e)
	}
	if e := effectOn(t, with("blind"), with(), "ana", defaults); e.Verdict != access.None || e.FallsBack != "no_access" || e.Changed {
		t.Errorf("%+v", e)
	}
}

// TestFallsBack: the base role takes over when the last role of one's own goes.
func TestFallsBack(t *testing.T) {
	a := Account{Roles: []role.Live{live("see", seeing), live("all", role.Reader, "allow * on not proj/zz")}}
	for _, c := range []struct {
		name          string
		before, after role.LiveMember
		verdict       access.Verdict
		base          string
		notes         int
	}{
		{"to more", member("ana", "writer", "see"), member("ana", "writer"), access.Gains, "writer", 1},
		{"to less", member("ana", "no_access", "see"), member("ana", "no_access"), access.Loses, "no_access", 0},
		{"from all but one to another part", member("ana", "admin", "all"), member("ana", "admin"), access.Both, "admin", 1},
		{"to what nobody knows", member("ana", "ruler", "see"), member("ana", "ruler"), access.Unsure, "ruler", 0},
		{"not while another one stays", member("ana", "writer", "see", "all"), member("ana", "writer", "all"), "", "", 0},
		{"away", member("ana", "writer"), member("ana", "writer", "see"), access.Loses, "", 1},
		{"base role of somebody with roles of their own", member("ana", "writer", "see"), member("ana", "owner", "see"), "", "", 0},
	} {
		before, after := a, a
		before.Members, after.Members = []role.LiveMember{c.before}, []role.LiveMember{c.after}
		e := effectOn(t, before, after, "ana", defaults)
		if c.name == "not while another one stays" {
			c.verdict = access.None
		}
		if e.Verdict != c.verdict || e.FallsBack != c.base || len(e.Notes) != c.notes {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}

// TestUntouched: what says the same is nobody's business.
func TestUntouched(t *testing.T) {
	before := Account{
		Roles:   []role.Live{live("a", seeing, "allow updateOn,createFlag on "+flags), live("b", seeing)},
		Teams:   []role.LiveTeam{team("web", "b"), team("ios", "b")},
		Members: []role.LiveMember{in(member("ana", "reader", "a"), "web"), member("", "reader", "a"), member("cy", "writer")},
	}
	before.Members[1].ID, before.Members[1].Email = "", "Bo@example.com"
	after := Account{Roles: slices.Clone(before.Roles), Teams: slices.Clone(before.Teams), Members: slices.Clone(before.Members)}
	after.Roles[0] = live("a", "allow createFlag,updateOn on "+flags, seeing)
	after.Roles[0].Name = "another"
	after.Members[0].RoleAttributes = role.Attributes{"unused": {"x"}}
	after.Members[0].Teams = []string{"ios"}
	after.Members[1].Email = "bo@Example.com"
	effects, counts := Effects(before, after, defaults)
	if len(effects) != 0 || counts != (Counts{Members: 3}) {
		t.Errorf("%+v %+v", counts, effects)
	}
}

// TestMembersOfOneSide: who comes holds nothing before, who goes nothing after.
func TestMembersOfOneSide(t *testing.T) {
	a := Account{Members: []role.LiveMember{member("ana", "writer")}}
	effects, counts := Effects(a, Account{Members: []role.LiveMember{member("bo", "reader")}}, defaults)
	if len(effects) != 2 || effects[0].Verdict != access.Loses || effects[1].Verdict != access.Gains || counts.Members != 2 {
		t.Errorf("%+v %+v", counts, effects)
	}
}

// TestCreatedAndDeleted: a role that is new or gone is a changed role.
func TestCreatedAndDeleted(t *testing.T) {
	none := Account{Members: []role.LiveMember{member("ana", "no_access")}}
	has := Account{Roles: []role.Live{live("new", seeing)}, Members: []role.LiveMember{member("ana", "no_access", "new")}}
	if e := effectOn(t, none, has, "ana", defaults); e.Verdict != access.Gains || !e.Changed || e.FallsBack != "" {
		t.Errorf("%+v", e)
	}
	if e := effectOn(t, has, none, "ana", defaults); e.Verdict != access.Loses || !e.Changed || e.FallsBack != "no_access" {
		t.Errorf("%+v", e)
	}
}

// TestUnknown: what can be said where something is held that nobody knows.
func TestUnknown(t *testing.T) {
	a := Account{Roles: []role.Live{
		live("see", seeing), live("on", seeing, "allow updateOn on "+flags), live("blind", "allow updateOn on "+flags), live("web", "allow viewProject on proj/${roleAttribute/p}"),
	}}
	stranger := func(m role.LiveMember, ids ...string) role.LiveMember { m.Strangers = ids; return m }
	attributed := func(m role.LiveMember, value string) role.LiveMember {
		m.RoleAttributes = role.Attributes{"p": {value}}
		return m
	}
	ana := func(own ...string) role.LiveMember { return member("ana", "reader", own...) }
	for _, c := range []struct {
		name          string
		before, after role.LiveMember
		verdict       access.Verdict
		gains, loses  bool
		why           string
	}{
		{"a gain may have been there", stranger(ana("see"), "5f"), stranger(ana("on"), "5f"), access.Unsure, false, false, `role "5f" is not in what is known of the account, so it cannot be said what is gained`},
		{"a loss may be kept", stranger(ana("on"), "5f"), stranger(ana("see"), "5f"), access.Unsure, false, false, "what is lost"},
		{"the stranger comes, and with it a known gain", ana("see"), stranger(ana("on"), "5f"), access.Unsure, true, false, "what is gained"},
		{"the stranger goes, and with it something known", stranger(ana("on"), "5f"), ana("see"), access.Unsure, false, true, "what is lost"},
		{"another stranger comes", stranger(ana("see"), "5f"), stranger(ana("see"), "60"), access.Unsure, false, false, `role "5f" and role "60"`},
		{"what changes without a view may work with the stranger's", stranger(ana("web"), "5f"), stranger(ana("web", "blind"), "5f"), access.Unsure, false, false, "what is gained"},
		{"a role that is covered by another", stranger(ana("see", "on"), "5f"), stranger(ana("on"), "5f"), access.None, false, false, ""},
		{"a team that nobody knows", in(ana("see"), "gone"), in(ana("on"), "gone"), access.Unsure, false, false, `team "gone"`},
		{"nothing of it moves", stranger(ana("see"), "5f"), stranger(ana("see"), "5f"), "", false, false, ""},
		{"its attributes move", attributed(stranger(ana(), "5f"), "a"), attributed(stranger(ana(), "5f"), "b"), access.Unsure, false, false, `role "5f"`},
		{"a role that is not listed", ana("nowhere"), ana("see"), access.Unsure, false, false, `role "nowhere"`},
	} {
		before, after := a, a
		before.Members, after.Members = []role.LiveMember{c.before}, []role.LiveMember{c.after}
		e := effectOn(t, before, after, "ana", defaults)
		if e.Verdict != c.verdict || (e.Gained.Example != "") != c.gains || (e.Lost.Example != "") != c.loses {
			t.Errorf("%s: %+v", c.name, e)
		}
		if e.Gained.Described != c.gains && c.loses || e.Lost.Described != c.loses && c.gains {
			t.Errorf("%s: %+v", c.name, e)
		}
		if !slices.ContainsFunc(e.Undecided, func(q access.Question) bool { return strings.Contains(q.Why, c.why) }) && c.why != "" {
			t.Errorf("%s: %+v", c.name, e.Undecided)
		}
	}
}

// TestUnknownLeavesOneSide: only the side that cannot be known is undecided.
func TestUnknownLeavesOneSide(t *testing.T) {
	before := Account{Roles: []role.Live{live("blind", "allow updateOn on "+flags)}, Members: []role.LiveMember{member("ana", "no_access")}}
	before.Members[0].Strangers = []string{"5f"}
	after := before
	after.Members = []role.LiveMember{member("ana", "no_access", "blind")}
	if e := effectOn(t, before, after, "ana", defaults); len(e.Undecided) != 1 || !strings.HasSuffix(e.Undecided[0].Why, "lost") {
		t.Errorf("%+v", e)
	}
	if e := effectOn(t, after, before, "ana", defaults); len(e.Undecided) != 1 || !strings.HasSuffix(e.Undecided[0].Why, "gained") {
		t.Errorf("%+v", e)
	}
}

// TestUnknownBesideViews: where the same role must let the project be viewed, two roles are not one.
func TestUnknownBesideViews(t *testing.T) {
	o := defaults
	o.Semantics.ViewFrom = policy.SameRole
	before := Account{
		Roles:   []role.Live{live("blind", "allow updateOn on "+flags), live("see", seeing), live("both", seeing, "allow updateOn on "+flags)},
		Members: []role.LiveMember{member("ana", "no_access", "blind", "see")},
	}
	before.Members[0].Strangers = []string{"5f"}
	after := before
	after.Members = []role.LiveMember{member("ana", "no_access", "both")}
	after.Members[0].Strangers = []string{"5f"}
	if e := effectOn(t, before, after, "ana", o); e.Verdict != access.Unsure {
		t.Errorf("%+v", e)
	}
}

// TestPresets: the statements of a preset count, and come first.
func TestPresets(t *testing.T) {
	preset := live("preset", "allow updateOn on "+flags)
	preset.PresetVersion, preset.PresetStatements = 1, live("", seeing).Policy
	before, after := person([]string{"preset"}), person([]string{"preset"}, preset)
	before.Roles = []role.Live{live("preset", "allow updateOn on "+flags)}
	if e := effectOn(t, before, after, "ana", defaults); e.Verdict != access.Gains || !e.Changed {
		t.Errorf("%+v", e)
	}
	if got := can(t, after, "ana", "updateOn on proj/a:env/e:flag/f"); got.Answer != access.SaysYes || got.Grants[0].Statement != 1 {
		t.Errorf("%+v", got)
	}
}

// TestUndecided: the engine's doubts are ours.
func TestUndecided(t *testing.T) {
	before := Account{Roles: []role.Live{live("r", seeing, "allow updateOn on "+flags)}, Members: []role.LiveMember{member("ana", "reader", "r")}}
	after := before
	after.Roles = []role.Live{live("r", seeing, "allow createFlag on "+flags+";*a*b*", "deny * on "+flags+";*c*a*")}
	broken := before
	broken.Roles = []role.Live{live("r", seeing, "allow updateOn on proj/*:flag/:")}
	for name, c := range map[string]struct {
		after Account
		o     Options
	}{
		"budget":        {after, Options{Semantics: policy.DefaultSemantics(), Budget: access.Budget{Steps: 1}}},
		"malformed":     {broken, defaults},
		"colon crosses": {after, Options{Semantics: func() policy.Semantics { s := policy.DefaultSemantics(); s.GlobCrossesColon = true; return s }()}},
	} {
		if e := effectOn(t, before, c.after, "ana", c.o); e.Verdict != access.Unsure {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if e := effectOn(t, before, after, "ana", defaults); e.Verdict != access.Both {
		t.Errorf("%+v", e)
	}
}

// TestPerRole: what one role must allow in every environment is not lost where it is cut in two.
func TestPerRole(t *testing.T) {
	o := Options{Semantics: policy.DefaultSemantics()}
	o.Semantics.EnvironmentWide = policy.PerRole
	a := Account{Roles: []role.Live{
		live("whole", seeing, "allow createFlag on proj/*:env/a:flag/*", "allow createFlag on proj/*:env/b:flag/*"),
		live("one", seeing, "allow createFlag on proj/*:env/a:flag/*"), live("two", seeing, "allow createFlag on proj/*:env/b:flag/*"),
	}}
	before, after := a, a
	before.Members, after.Members = []role.LiveMember{member("ana", "reader", "whole")}, []role.LiveMember{member("ana", "reader", "one", "two")}
	if e := effectOn(t, before, after, "ana", o); e.Verdict != access.Unsure {
		t.Errorf("%+v", e)
	}
	after.Members = []role.LiveMember{member("ana", "reader", "one")}
	if e := effectOn(t, before, after, "ana", o); e.Verdict != access.Loses {
		t.Errorf("%+v", e)
	}
}

// TestDescribed: as many different effects are described as are asked for, those of most members
// first; all have examples.
func TestDescribed(t *testing.T) {
	before := Account{Members: []role.LiveMember{
		member("ana", "no_access", "one"), member("bo", "no_access", "two"), member("cy", "no_access", "two"),
	}}
	after := before
	before.Roles = []role.Live{live("one", seeing), live("two", seeing)}
	after.Roles = []role.Live{live("one", seeing, "allow updateOn on "+flags), live("two", seeing, "allow createFlag on "+flags)}
	for n, want := range map[int][]bool{0: {true, true, true}, 1: {false, true, true}, 2: {true, true, true}, -1: {false, false, false}} {
		effects, _ := Effects(before, after, Options{Semantics: policy.DefaultSemantics(), Described: n})
		for i, e := range effects {
			if e.Gained.Described != want[i] || e.Gained.Described != (len(e.Gained.Lines) > 0) || e.Gained.Example == "" {
				t.Errorf("%d described: %+v", n, e)
			}
		}
	}
}

// TestBaseIsData: what base roles grant can be put right by the caller.
func TestBaseIsData(t *testing.T) {
	before, after := Account{Members: []role.LiveMember{member("ana", "reader")}}, Account{Members: []role.LiveMember{member("ana", "auditor")}}
	o := defaults
	o.Base = map[string]role.Role{"auditor": {Key: "auditor", BasePermissions: role.NoAccess}}
	if e := effectOn(t, before, after, "ana", o); e.Verdict != access.Loses {
		t.Errorf("%+v", e)
	}
	if e := effectOn(t, before, after, "ana", defaults); e.Verdict != access.Unsure || !strings.Contains(e.Undecided[0].Why, `base role "auditor"`) {
		t.Errorf("%+v", e)
	}
}

// TestStatementsOfEachRole: two roles that say the same in another order keep their own statements.
func TestStatementsOfEachRole(t *testing.T) {
	on := "allow updateOn on " + flags
	before := Account{Roles: []role.Live{live("one", on, seeing), live("two", seeing, on)}, Members: []role.LiveMember{member("ana", "no_access", "one"), member("bo", "no_access", "two")}}
	for name, want := range map[string]int{"ana": 0, "bo": 1} {
		if got := can(t, before, name, "updateOn on proj/a:env/e:flag/f"); got.Grants[0].Statement != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestCases: whoever was not the same before is another case.
func TestCases(t *testing.T) {
	before := Account{Members: []role.LiveMember{member("ana", "owner"), member("bo", "reader"), member("cy", "reader")}}
	after := Account{Members: []role.LiveMember{member("ana", "writer"), member("bo", "writer"), member("cy", "writer")}}
	effects, counts := Effects(before, after, defaults)
	if effects[0].Verdict != access.Loses || effects[1].Verdict != access.Gains || effects[2].Verdict != access.Gains || counts.Cases != 2 {
		t.Errorf("%+v", counts)
	}
}

// TestRoleNamedAsBase: a role that has the key of a base role is another thing.
func TestRoleNamedAsBase(t *testing.T) {
	before, after := person(nil, live("reader")), person(nil, live("reader", seeing))
	if effects, _ := Effects(before, after, defaults); len(effects) > 0 {
		t.Errorf("%+v", effects)
	}
	before.Members, after.Members = person([]string{"reader"}).Members, person([]string{"reader"}).Members
	if e := effectOn(t, before, after, "ana", defaults); e.Verdict != access.Gains || !e.Changed {
		t.Errorf("%+v", e)
	}
}

// TestSwapped: two roles that take each other's place change nothing for who holds both.
func TestSwapped(t *testing.T) {
	before := Account{
		Roles:   []role.Live{live("one", seeing), live("two", "allow updateOn on "+flags)},
		Members: []role.LiveMember{member("ana", "no_access", "one", "two"), member("bo", "no_access", "one")},
	}
	after := before
	after.Roles = []role.Live{live("two", seeing), live("one", "allow updateOn on "+flags)}
	if e := effectOn(t, before, after, "ana", defaults); e.Verdict != access.None || !e.Changed {
		t.Errorf("%+v", e)
	}
	if e := effectOn(t, before, after, "bo", defaults); e.Verdict != access.Loses {
		t.Errorf("%+v", e)
	}
}
