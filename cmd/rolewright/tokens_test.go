package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/launchdarkly"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/role"
)

// The two roles of examples/tokens are proved on the account of examples/acme, against an emulator that
// refuses what a token has no right to: each is enough for everything that its token is for, and without
// any one of its statements or actions something fails.

// tokenRole is a role of examples/tokens.
func tokenRole(t *testing.T, key string) role.Role {
	t.Helper()
	ws, findings, err := reconcile.Load("../../examples/tokens", manifest.Options{})
	if err != nil || len(findings) > 0 {
		t.Fatal(err, findings)
	}
	for _, d := range ws.Roles {
		if d.Key == key {
			return d.Role
		}
	}
	t.Fatalf("no role %q", key)
	return role.Role{}
}

// lessOne returns the role without each of its statements, and without each action of those that have
// several, by what is missing.
func lessOne(r role.Role) map[string]role.Role {
	less := map[string]role.Role{}
	for i, s := range r.Policy {
		one := r.Clone()
		one.Policy = slices.Delete(one.Policy, i, i+1)
		less[fmt.Sprintf("statement %d", i+1)] = one
		for j, action := range s.Actions {
			if len(s.Actions) > 1 {
				one := r.Clone()
				one.Policy[i].Actions = slices.Delete(one.Policy[i].Actions, j, j+1)
				less[action] = one
			}
		}
	}
	return less
}

// tokenAccount is an account that a test starts from.
type tokenAccount struct {
	dir     string // with the files of examples/acme
	ids     string // what the ids of what is made later come from
	roles   []emulator.Role
	members []emulator.Member
	teams   []emulator.Team
}

// acmeAccount is the account of examples/acme, made by its files and then changed in every way in which
// an apply changes one back.
func acmeAccount(t *testing.T) tokenAccount {
	t.Helper()
	a := tokenAccount{dir: t.TempDir(), ids: "0123456789abcdef"}
	extra := "kind: Team\nkey: described\nname: Described\ndescription: Has a description.\ncreate: true\n"
	for _, err := range []error{
		os.CopyFS(a.dir, withoutData{os.DirFS("../../examples/acme")}),
		os.WriteFile(filepath.Join(a.dir, "teams", "extra.yaml"), []byte(extra), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	ws, _, err := reconcile.Load(a.dir, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range ws.Members {
		a.members = append(a.members, emulator.Member{Email: m.Email})
	}
	s := a.serve(t, role.Role{}, emulator.Behaviour{})
	s.must(0, "apply", "--auto-approve")
	s.drift()
	a.roles, a.members, a.teams, a.ids = s.emu.Roles(), s.emu.Members(), s.emu.Teams(), "fedcba9876543210"
	return a
}

// tokenServer is an account, served, and the token that speaks to it.
type tokenServer struct {
	t     *testing.T
	dir   string
	emu   *emulator.Emulator
	addr  string
	token string
}

// serve serves an account in which the token "limited" has the role, if that has a key, and the token
// "all" may do everything. What it returns speaks with the first of those that there is.
func (a tokenAccount) serve(t *testing.T, limits role.Role, b emulator.Behaviour) *tokenServer {
	t.Helper()
	s := &tokenServer{t: t, dir: a.dir, token: "all"}
	tokens := []emulator.Token{{Secret: "all", Service: true}}
	if limits.Key != "" {
		s.token = "limited"
		tokens = append(tokens, emulator.Token{Secret: "limited", Service: true, CustomRoles: []string{limits.Key}})
	}
	emu, err := emulator.New(emulator.Options{Seed: a.roles, Tokens: tokens, Behaviour: b, Rand: strings.NewReader(a.ids)})
	if err != nil {
		t.Fatal(err)
	}
	s.emu = emu
	for _, m := range a.members {
		s.ok(emu.AddMember(m))
	}
	for _, team := range a.teams {
		s.ok(emu.AddTeam(team))
	}
	if limits.Key != "" {
		s.ok(emu.Add(asEmulated(limits)))
	}
	s.ok(emu.Seed(tokenStock))
	ctx, cancel := context.WithCancel(t.Context())
	addr, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- emulator.Serve(ctx, "127.0.0.1:0", emu, func(at string) { addr <- at }) }()
	t.Cleanup(func() {
		cancel()
		s.ok(<-done)
		s.ok(emu.Close())
	})
	s.addr = <-addr
	return s
}

// tokenStock is what the account has for policies to speak of.
var tokenStock = role.Inventory{Projects: []role.Project{
	{Key: "acq-one", Environments: []role.Environment{{Key: "test"}}, Flags: []role.Flag{{Key: "secret"}}},
	{
		Key: "payments", Environments: []role.Environment{{Key: "production", Critical: true}, {Key: "test"}},
		Flags: []role.Flag{{Key: "pay-card", Tags: []string{"pci", "security-reviewed"}}, {Key: "pay-later", Tags: []string{"beta"}}},
	},
	{Key: "web", Tags: []string{"shop"}, Environments: []role.Environment{{Key: "production", Critical: true}}, Flags: []role.Flag{{Key: "search"}, {Key: "old", Archived: true}}},
}}

func asEmulated(r role.Role) emulator.Role {
	e := emulator.Role{Key: r.Key, Name: r.Name, Description: r.Description, BasePermissions: r.BasePermissions, ResourceCategory: r.ResourceCategory}
	for _, s := range r.Policy {
		e.Policy = append(e.Policy, emulator.Statement{
			Effect: string(s.Effect), Actions: s.Actions, NotActions: s.NotActions, Resources: s.Resources, NotResources: s.NotResources,
		})
	}
	return e
}

func (s *tokenServer) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// run runs a command on the account and returns its exit code and what it prints.
func (s *tokenServer) run(args ...string) (code int, out, problems string) {
	s.t.Helper()
	var printed, said bytes.Buffer
	env := map[string]string{"LAUNCHDARKLY_API_HOST": s.addr, "LAUNCHDARKLY_ACCESS_TOKEN": s.token}
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	code = run(s.t.Context(), stdio{
		in: strings.NewReader(""), out: &printed, err: &said,
		getenv: func(name string) string { return env[name] }, now: func() time.Time { return now },
	}, append(args, "--target", "production", s.dir))
	return code, printed.String(), said.String()
}

func (s *tokenServer) must(want int, args ...string) string {
	s.t.Helper()
	code, out, problems := s.run(args...)
	if code != want {
		s.t.Fatalf("%q: exit code %d, want %d\n%s%s", args, code, want, out, problems)
	}
	return out
}

// drift changes one thing of each sort that an apply changes.
func (s *tokenServer) drift() {
	s.t.Helper()
	edit := func(key string, f func(*emulator.Role)) { s.ok(s.emu.Edit(key, f)) }
	edit("developer", func(r *emulator.Role) { r.Name = "Was called otherwise" })
	edit("finance", func(r *emulator.Role) { r.Description = "Was described otherwise." })
	edit("auditor", func(r *emulator.Role) {
		r.BasePermissions = map[string]string{"reader": "no_access", "no_access": "reader"}[r.BasePermissions]
	})
	edit("support", func(r *emulator.Role) { r.Policy = r.Policy[:1] })
	// Whoever held it would hold a role of which nothing is known, and no access test could be decided.
	for _, email := range []string{"rana.hoffmann@acme.example", "zoe.kaya@acme.example"} {
		s.ok(s.emu.EditMember(email, func(m *emulator.Member) { m.CustomRoles = nil }))
	}
	s.ok(s.emu.Remove("change-approver"))
	s.ok(s.emu.Add(emulator.Role{Key: "summer-interns", Name: "Summer interns"}))
	s.ok(s.emu.EditMember("hana.yilmaz@acme.example", func(m *emulator.Member) { m.Role = "writer" }))
	s.ok(s.emu.EditMember("pablo.ito@acme.example", func(m *emulator.Member) { m.CustomRoles = []string{"finance", "privacy-officer"} }))
	s.ok(s.emu.EditMember("helga.kaya@acme.example", func(m *emulator.Member) { m.RoleAttributes = nil }))
	s.ok(s.emu.EditTeam("mobile", func(t *emulator.Team) { t.Name = "Was called otherwise" }))
	s.ok(s.emu.EditTeam("described", func(t *emulator.Team) { t.Description = "" }))
	s.ok(s.emu.EditTeam("payments", func(t *emulator.Team) { t.CustomRoles = []string{"support"} }))
	s.ok(s.emu.EditTeam("squad-search", func(t *emulator.Team) { t.RoleAttributes = nil }))
	s.ok(s.emu.RemoveTeam("logistics"))
}

// look is everything that reading the account says to a token: of the commands, and of the client for
// what no command prints.
func (s *tokenServer) look() map[string]string {
	s.t.Helper()
	seen := map[string]string{}
	for _, args := range [][]string{
		{"plan", "--format", "json"}, {"export", "--snapshot", "-"}, {"who-can", "updatePolicy on role/developer"},
	} {
		code, out, problems := s.run(args...)
		seen[args[0]] = strings.ReplaceAll(fmt.Sprintln(code, out, problems), s.addr, "HOST")
	}
	c, err := launchdarkly.New(launchdarkly.Options{Host: s.addr, Token: launchdarkly.Secret(s.token), ReadOnly: true})
	s.ok(err)
	defer c.Close()
	inv, err := c.Inventory(s.t.Context(), launchdarkly.InventoryWant{Flags: []string{"*"}})
	seen["inventory"] = fmt.Sprintf("%+v %v", inv, err)
	return seen
}

// TestPlanToken: with the role of examples/tokens a token sees all that one sees which may do
// everything, writes nothing, and sees less with less.
func TestPlanToken(t *testing.T) {
	a, limits := acmeAccount(t), tokenRole(t, "rolewright-plan")
	for _, b := range []emulator.Behaviour{{}, {HiddenList: "refused", HiddenRead: "403", AboveMaxLimit: "clamp", MaxTeamLimit: 5, MaxLimit: 20}} {
		limited := a.serve(t, limits, b)
		got := limited.look()
		limited.token = "all"
		if diff := cmp.Diff(limited.look(), got); diff != "" {
			t.Errorf("-a token that may do everything +the plan token:\n%s", diff)
		}
		if !strings.Contains(got["inventory"], "acq-one") || !strings.Contains(got["plan"], "logistics") {
			t.Errorf("there is little to see: %v", got)
		}
		limited.token = "limited"
		limited.must(1, "apply", "--auto-approve")
		if limited.emu.Writes() != 0 {
			t.Errorf("the plan token wrote %d times", limited.emu.Writes())
		}
		for missing, less := range lessOne(limits) {
			if diff := cmp.Diff(got, a.serve(t, less, b).look()); diff == "" {
				t.Errorf("without %s a token sees as much", missing)
			}
		}
	}
}

// TestApplyToken: the role of examples/tokens is enough to make the account what the files say, and
// with less some part of that fails.
func TestApplyToken(t *testing.T) {
	a, limits := acmeAccount(t), tokenRole(t, "rolewright-apply")
	s := a.serve(t, limits, emulator.Behaviour{HiddenList: "refused"})
	s.must(2, "plan", "--detailed-exitcode")
	s.must(0, "apply", "--auto-approve")
	s.must(0, "plan", "--detailed-exitcode")
	seen := s.look()["inventory"]
	for missing, less := range lessOne(limits) {
		t.Run(missing, func(t *testing.T) {
			s := a.serve(t, less, emulator.Behaviour{HiddenList: "refused"})
			code, out, problems := s.run("apply", "--auto-approve")
			if code == 0 && s.look()["inventory"] == seen {
				t.Errorf("nothing failed:\n%s%s", out, problems)
			}
			if code != 0 && !strings.Contains(out+problems, "Access to the requested resource was denied") {
				t.Errorf("failed for another reason: %s%s", out, problems)
			}
		})
	}
}

// TestApplyTokenFromNothing: it is enough too for an account that has members and nothing else, however
// the account reads what is not documented.
func TestApplyTokenFromNothing(t *testing.T) {
	a, limits := acmeAccount(t), tokenRole(t, "rolewright-apply")
	reader := limits.Clone()
	reader.BasePermissions = role.Reader
	for name, test := range map[string]struct {
		limits role.Role
		b      emulator.Behaviour
		want   int
	}{
		"as it is":                     {limits, emulator.Behaviour{}, 0},
		"hidden is refused":            {limits, emulator.Behaviour{HiddenList: "refused", HiddenRead: "403", PermissionStatus: "401"}, 0},
		"members by id":                {limits, emulator.Behaviour{MemberName: "id"}, 0},
		"members by address":           {limits, emulator.Behaviour{MemberName: "email"}, 0},
		"reading takes a right":        {limits, emulator.Behaviour{UnnamedReads: "reader", HiddenList: "refused"}, 1},
		"reading takes a right it has": {reader, emulator.Behaviour{UnnamedReads: "reader", HiddenList: "refused"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			empty := tokenAccount{dir: a.dir, ids: a.ids}
			for _, m := range a.members {
				empty.members = append(empty.members, emulator.Member{Email: m.Email})
			}
			s := empty.serve(t, test.limits, test.b)
			s.must(test.want, "apply", "--auto-approve")
			if test.want == 0 {
				s.must(0, "plan", "--detailed-exitcode")
			}
		})
	}
}

// TestTokensSayWhatTheyAre: each reads, through the client, the role that limits it.
func TestTokensSayWhatTheyAre(t *testing.T) {
	for _, key := range []string{"rolewright-plan", "rolewright-apply"} {
		s := tokenAccount{ids: "0123456789abcdef"}.serve(t, tokenRole(t, key), emulator.Behaviour{})
		c, err := launchdarkly.New(launchdarkly.Options{Host: s.addr, Token: "limited", ReadOnly: true})
		s.ok(err)
		defer c.Close()
		got, err := c.Caller(t.Context())
		s.ok(err)
		live, err := c.Role(t.Context(), key)
		s.ok(err)
		want := role.Caller{AccountID: s.emu.AccountID(), TokenID: got.TokenID, Service: true, Known: true, CustomRoles: []string{live.ID}}
		if diff := cmp.Diff(want, got); diff != "" || got.TokenID == "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}
