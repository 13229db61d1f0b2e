package reconcile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/plan"
)

const opsRole = "kind: Role\nkey: ops\nname: Ops\nbasePermissions: no_access\npolicy: [{effect: allow, actions: [viewProject], resources: [\"proj/*\"]}]\n"

// peopleWorkspace is a workspace that manages everybody, with these documents.
func peopleWorkspace(t *testing.T, documents ...string) *manifest.Workspace {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"rolewright.yaml": "version: 1\nmanage: {teams: {include: [\"*\"]}, members: {include: [\"*\"]}}\n",
		"all.yaml":        strings.Join(append([]string{opsRole}, documents...), "---\n"),
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ws, _, err := reconcile.Load(root, manifest.Options{Today: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	return ws
}

// TestOfflinePeople compares teams and members with those of the base's files.
func TestOfflinePeople(t *testing.T) {
	team := "kind: Team\nkey: t\nname: T\ndescription: d\ncustomRoles: []\nroleAttributes: {p: [a]}\n"
	member := "kind: Member\nemail: a@example.com\nrole: reader\ncustomRoles: [ops]\nroleAttributes: {p: [a]}\n"
	base := &reconcile.Base{Commit: strings.Repeat("0", 40), Workspace: peopleWorkspace(t, team, member)}
	for _, tt := range []struct {
		documents []string
		want      []string
	}{
		{[]string{team, member}, nil},
		{[]string{strings.Replace(team, "[]", "[ops]", 1), member}, []string{"update/team/t"}},
		{[]string{team, strings.Replace(member, "{p: [a]}", "{p: [b, a]}", 1)}, []string{"update/member/a@example.com"}},
		{[]string{team, member, "kind: Member\nemail: b@example.com\ncustomRoles: [ops]\n"}, []string{"update/member/b@example.com"}},
		{[]string{team, member, "kind: Member\nemail: c@example.com\ncustomRoles: [{role: ops, expires: 2026-09-30}]\n"}, nil},
	} {
		p, err := reconcile.PlanOffline(peopleWorkspace(t, tt.documents...), base, options())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, c := range p.Changes {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q, want %q", got, tt.want)
		}
		if _, err := plan.Decode(plan.Encode(p)); err != nil {
			t.Error(err)
		}
		if expired := strings.Contains(fmt.Sprint(tt.documents), "expires"); expired != (len(p.Expired) == 1 && strings.Contains(p.Expired[0].Reason, `role "ops" is no longer asked for: its last day was 2026-09-30`)) {
			t.Errorf("expired %+v", p.Expired)
		}
	}
	if p, err := reconcile.PlanOffline(peopleWorkspace(t, team), &reconcile.Base{Commit: base.Commit}, options()); err != nil || len(p.Changes) != 2 {
		t.Errorf("without a base: %v", err)
	}
}
