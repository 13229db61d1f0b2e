package layout

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rolewright/rolewright/reconcile/role"
)

func TestWrite(t *testing.T) {
	long := strings.TrimSpace(strings.Repeat("word ", 25))
	for name, c := range map[string]struct {
		role         role.Role
		schema, want string
	}{
		"least": {
			role.Role{Key: "k", Name: "n1", BasePermissions: role.NoAccess},
			"",
			"kind: Role\nkey: k\nname: n1\nbasePermissions: no_access\npolicy: []\n",
		},
		"everything": {
			role.Role{
				Key: "k", Name: "A: b", Description: "d", BasePermissions: role.Reader, ResourceCategory: "any",
				Policy: []role.Statement{
					{Effect: role.Deny, NotActions: []string{"b", "a*"}, NotResources: []string{"acct"}},
					{Effect: role.Allow, Actions: []string{}, Resources: nil},
				},
			},
			"x/y.json",
			"# yaml-language-server: $schema=x/y.json\nkind: Role\nkey: k\nname: \"A: b\"\ndescription: d\n" +
				"basePermissions: reader\nresourceCategory: any\npolicy:\n" +
				"  - effect: deny\n    notActions: [b, \"a*\"]\n    notResources: [\"acct\"]\n  - effect: allow\n",
		},
		"text of several lines": {
			role.Role{Key: "k", Name: "One\nTwo", Description: long},
			"",
			"kind: Role\nkey: k\nname: |-\n  One\n  Two\ndescription: >-\n  " +
				strings.TrimSpace(strings.Repeat("word ", 19)) + "\n  " + strings.TrimSpace(strings.Repeat("word ", 6)) + "\npolicy: []\n",
		},
		"not UTF-8": {
			role.Role{Key: "k\xff", Name: "\xfe"},
			"",
			"kind: Role\nkey: k\uFFFD\nname: \"\uFFFD\"\npolicy: []\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, string(Write(c.role, c.schema))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestWriteHolders(t *testing.T) {
	for name, c := range map[string]struct {
		got  []byte
		want string
	}{
		"least team": {
			WriteTeam(role.Team{Key: "a", Name: "A"}, ""),
			"kind: Team\nkey: a\nname: A\ncustomRoles: []\nroleAttributes: {}\n",
		},
		"whole team": {
			WriteTeam(role.Team{
				Key: "12", Name: "A: b", Description: "One\ntwo", CustomRoles: []string{"b", "a"},
				RoleAttributes: role.Attributes{"z": {"b", "a", "b"}, "no": {"2026-12-31"}, "empty": {}},
			}, "x/y.json"),
			"# yaml-language-server: $schema=x/y.json\nkind: Team\nkey: \"12\"\nname: \"A: b\"\ndescription: |-\n  One\n  two\n" +
				"customRoles: [b, a]\nroleAttributes:\n  \"no\": [\"2026-12-31\"]\n  z: [a, b]\n",
		},
		"least member": {
			WriteMember(role.Member{Email: "ana@example.com"}, ""),
			"kind: Member\nemail: ana@example.com\ncustomRoles: []\nroleAttributes: {}\n",
		},
		"whole member": {
			WriteMember(role.Member{Email: "#a@b.c", Role: "no_access", CustomRoles: []string{"a"}, RoleAttributes: role.Attributes{"x": {"b"}}}, "s"),
			"# yaml-language-server: $schema=s\nkind: Member\nemail: \"#a@b.c\"\nrole: no_access\ncustomRoles: [a]\nroleAttributes:\n  x: [b]\n",
		},
		"owner": {
			WriteMember(role.Member{Email: "a@b.c", Role: "owner"}, ""),
			"kind: Member\nemail: a@b.c\ncustomRoles: []\nroleAttributes: {}\n",
		},
	} {
		if diff := cmp.Diff(c.want, string(c.got)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
		if again, err := Format(c.got); err != nil || string(again) != string(c.got) {
			t.Errorf("%s is not in canonical layout: %v\n%s", name, err, again)
		}
	}
}

// The list breaks exactly where the line would pass Width.
func TestWriteBreaksAtWidth(t *testing.T) {
	for n, want := range map[int]bool{Width: true, Width + 1: false} {
		action := strings.Repeat("x", n-len("    actions: [ab, ]"))
		r := role.Role{Key: "k", Policy: []role.Statement{{Effect: role.Allow, Actions: []string{"ab", action}}}}
		if got := strings.Contains(string(Write(r, "")), "[ab, "+action+"]"); got != want {
			t.Errorf("list of %d columns: on one line is %v, want %v", n, got, want)
		}
	}
}

func ExampleWrite() {
	fmt.Printf("%s", Write(role.Role{
		Key: "flag-operator", Name: "Flag operator",
		Description:     "Turns flags on and off outside critical environments.",
		BasePermissions: role.NoAccess, ResourceCategory: "project",
		Policy: []role.Statement{
			{Effect: role.Allow, Actions: []string{"viewProject"}, Resources: []string{"proj/*"}},
			{Effect: role.Allow, Actions: []string{"updateOn", "updateTargets"}, Resources: []string{"proj/*:env/*;{critical:false}:flag/*"}},
		},
	}, "../.rolewright/role.schema.json"))
	// Output:
	// # yaml-language-server: $schema=../.rolewright/role.schema.json
	// kind: Role
	// key: flag-operator
	// name: Flag operator
	// description: Turns flags on and off outside critical environments.
	// basePermissions: no_access
	// resourceCategory: project
	// policy:
	//   - effect: allow
	//     actions: [viewProject]
	//     resources: ["proj/*"]
	//   - effect: allow
	//     actions: [updateOn, updateTargets]
	//     resources: ["proj/*:env/*;{critical:false}:flag/*"]
}

func ExampleFormat() {
	out, err := Format([]byte(`
name: 'Support'
kind: Role   # one of ours
key: support
policy: [{"actions": ["viewProject"], "effect": "allow", "resources": ["proj/*"]}] # pasted
`))
	fmt.Printf("%s%v\n", out, err)
	// Output:
	// kind: Role  # one of ours
	// key: support
	// name: Support
	// policy:  # pasted
	//   - effect: allow
	//     actions: [viewProject]
	//     resources: ["proj/*"]
	// <nil>
}

func ExampleFormat_refused() {
	_, err := Format([]byte("kind: Role\nkey: !!str 5\n"))
	fmt.Println(err)
	// Output:
	// layout: line 2, column 6: an explicit tag
}

func BenchmarkFormat(b *testing.B) {
	r := role.Role{Key: "release-manager", Name: "Release manager", Description: "Ships what others wrote.", BasePermissions: role.NoAccess}
	for i := range 5 {
		r.Policy = append(r.Policy, role.Statement{
			Effect: role.Allow, Actions: []string{"viewProject", "updateOn", "updateRules", "updateTargets"},
			Resources: []string{fmt.Sprintf("proj/web-%d:env/*;{critical:false}:flag/*", i)},
		})
	}
	src := Write(r, "../.rolewright/role.schema.json")
	careless := []byte(strings.ReplaceAll(string(src), "    actions:", "    # why\n    actions:  "))
	b.Run("canonical", func(b *testing.B) { format(b, src) })
	b.Run("careless", func(b *testing.B) { format(b, careless) })
}

func format(b *testing.B, src []byte) {
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Format(src); err != nil {
			b.Fatal(err)
		}
	}
}
