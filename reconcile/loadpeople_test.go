package reconcile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/manifest"
)

// TestLoadPeople: teams and members are loaded, and what is wrong with whom they give roles to is said.
func TestLoadPeople(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"rolewright.yaml": "version: 1\nmanage: {teams: {include: [\"*\"]}, members: {include: [\"*\"]}}\n",
		"people.yaml": "kind: Team\nkey: a\ncustomRoles: [qa]\nroleAttributes: {}\n---\nkind: Member\nemail: a@example.com\ncustomRoles: []\n---\n" +
			"kind: Member\nemail: b@example.com\ncustomRoles: []\n",
		"qa.yaml": "kind: Role\nkey: qa\nname: QA\nbasePermissions: no_access\npolicy: [{effect: allow, actions: [viewProject], resources: [\"proj/${roleAttribute/x}\"]}]\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ws, findings, err := reconcile.Load(root, manifest.Options{})
	if err != nil || len(ws.Teams) != 1 || len(ws.Members) != 2 || len(findings) > 0 {
		t.Fatalf("%d teams, %d members, %v, %v", len(ws.Teams), len(ws.Members), findings, err)
	}
	checked, err := reconcile.Check(root, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range checked.Findings {
		got = append(got, fmt.Sprint(f.Pos, " ", f.Code, " ", f.Severity))
	}
	want := []string{"people.yaml:3:15 LD116 warning"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
